/* Goal: bytes and hexadecimal text turn into each other, and nothing else is taken. */
#include "lib/base/hex.h"

#include <string.h>

#include "test/unit/unit.h"

static void every_byte_survives_the_round_trip(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t back[256];
    char text[513];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    hex_encode(bytes, sizeof bytes, text);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text + 2 * 0xAB, "abacad", 6);
    assert_true(hex_decode(slice_of(text), back, sizeof back));
    assert_memory_equal(back, bytes, sizeof bytes);
}

static void digits_of_either_case_are_taken(void **state)
{
    (void)state;
    uint8_t bytes[2];
    assert_true(hex_decode(SLICE("aFA0"), bytes, 2));
    assert_int_equal(bytes[0], 0xAF);
    assert_int_equal(bytes[1], 0xA0);
    assert_true(hex_decode(SLICE(""), bytes, 0));
}

static void anything_else_is_refused_and_nothing_written(void **state)
{
    (void)state;
    static const struct slice rows[] = {SLICE_INIT("a"),
                                        SLICE_INIT("abc"),
                                        SLICE_INIT("abcde"),
                                        SLICE_INIT("ab"),
                                        SLICE_INIT("0x12"),
                                        SLICE_INIT("12g4"),
                                        SLICE_INIT("12 4"),
                                        SLICE_INIT("12\0"
                                                   "4"),
                                        SLICE_INIT("12345678")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[2] = {7, 7};
        assert_false(hex_decode(rows[i], bytes, 2));
        assert_int_equal(bytes[0], 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_survives_the_round_trip),
        cmocka_unit_test(digits_of_either_case_are_taken),
        cmocka_unit_test(anything_else_is_refused_and_nothing_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
