/* Goal: the CRC is the one everybody else computes, in any number of pieces. */
#include "lib/base/crc32.h"
#include "test/unit/unit.h"

static void known_texts_have_their_known_crc(void **state)
{
    (void)state;
    assert_int_equal(crc32_add(0, "", 0), 0);
    assert_int_equal(crc32_add(0, NULL, 0), 0);
    assert_int_equal(crc32_add(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(crc32_add(0, "\0", 1), 0xD202EF8D);
    assert_int_equal(crc32_add(0, "The quick brown fox jumps over the lazy dog", 43), 0x414FA339);
}

static void pieces_give_the_same_as_the_whole(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= 9; cut++)
        assert_int_equal(crc32_add(crc32_add(0, "123456789", cut), "123456789" + cut, 9 - cut),
                         0xCBF43926);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_their_known_crc),
        cmocka_unit_test(pieces_give_the_same_as_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
