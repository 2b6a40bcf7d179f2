/* Goal: the orientation is read in both byte orders, and nothing beyond the segment is, whatever it
 * says. Method: exactly sized heap copies, cut at every byte and spoilt at every byte. */
#include "lib/wire/exif.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

static const char LITTLE[] = "Exif\0\0II*\0\x08\0\0\0\x02\0"
                             "\x0F\x01\x02\0\x04\0\0\0cam\0"
                             "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
                             "\0\0\0\0";
static const char BIG[] = "Exif\0\0MM\0*\0\0\0\x08\0\x01"
                          "\x01\x12\0\x03\0\0\0\x01\0\x08\0\0"
                          "\0\0\0\0";

/* From memory that ends where the segment does. */
static unsigned read_exactly(const char *bytes, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    unsigned o = exif_orientation((struct slice){copy, len});
    free(copy);
    return o;
}

static unsigned with_byte(size_t at, char byte)
{
    char copy[sizeof LITTLE];
    memcpy(copy, LITTLE, sizeof copy);
    copy[at] = byte;
    return read_exactly(copy, sizeof LITTLE - 1);
}

static void both_byte_orders_are_read(void **state)
{
    (void)state;
    assert_int_equal(read_exactly(LITTLE, sizeof LITTLE - 1), 6);
    assert_int_equal(read_exactly(BIG, sizeof BIG - 1), 8);
}

static void every_truncation_is_upright_or_was_long_enough(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof LITTLE; len++) {
        unsigned o = read_exactly(LITTLE, len);
        assert_int_equal(o, len >= 38 ? 6 : EXIF_UPRIGHT);
    }
}

static void every_spoilt_byte_gives_an_orientation(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof LITTLE - 1; at++) {
        for (int byte = 0; byte < 256; byte++) {
            unsigned o = with_byte(at, (char)byte);
            assert_true(o >= 1 && o <= 8);
        }
    }
}

static void what_makes_no_sense_is_upright(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        char byte;
    } rows[] = {
        {0, 'e'},     /* another APP1 */
        {6, 'M'},     /* two byte orders */
        {8, '+'},     /* not 42 */
        {10, '\xF0'}, /* the folder lies outside */
        {13, '\x7F'}, /* far outside */
        {14, 0},      /* empty */
        {28, 0x13},   /* another tag */
        {30, 4},      /* another type */
        {32, 2},      /* two of them */
        {36, 0},      /* below the first */
        {36, 9},      /* above the last */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(with_byte(rows[i].at, rows[i].byte), EXIF_UPRIGHT);
    assert_int_equal(with_byte(15, '\xFF'), 6); /* more entries than there is room for */
    for (char o = 1; o <= 8; o++)
        assert_int_equal(with_byte(36, o), o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_byte_orders_are_read),
        cmocka_unit_test(every_truncation_is_upright_or_was_long_enough),
        cmocka_unit_test(every_spoilt_byte_gives_an_orientation),
        cmocka_unit_test(what_makes_no_sense_is_upright),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
