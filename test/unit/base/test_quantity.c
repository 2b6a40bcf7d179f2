/* Goal: what people write is read exactly, and what we print reads back as the same. */
#include <string.h>

#include "lib/base/quantity.h"
#include "test/unit/unit.h"

static void sizes_are_read_with_and_without_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint64_t bytes;
    } ROWS[] = {
        {"0", true, 0},
        {"1536", true, 1536},
        {"32M", true, 32u << 20},
        {"32mb", true, 32u << 20},
        {"32MiB", true, 32u << 20},
        {"1k", true, 1024},
        {"5b", true, 5},
        {"2T", true, 2ull << 40},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", true, UINT64_MAX}, /* too large is for the caller to say */
        {"16777216T", true, UINT64_MAX},
        {"16777215T", true, 16777215ull << 40},
        {"", false, 0},
        {"M", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 M", false, 0},
        {"1.5M", false, 0},
        {"1X", false, 0},
        {"1MM", false, 0},
        {"0x10", false, 0},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        uint64_t bytes = 77;
        assert_int_equal(quantity_read_size(slice_of(ROWS[i].text), &bytes), ROWS[i].good);
        assert_true(bytes == (ROWS[i].good ? ROWS[i].bytes : 77));
    }
}

static void times_are_read_with_fractions_and_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint64_t ms;
    } ROWS[] = {
        {"60", true, 60000},
        {"0.1", true, 100},
        {"0.0019", true, 1},
        {"0.123456789", true, 123},
        {"0.1234567890", false, 0},
        {"1.5h", true, 5400000},
        {"250ms", true, 250},
        {"2D", true, 172800000},
        {"99999999999999999999", true, UINT64_MAX},
        {"1.", false, 0},
        {".5", false, 0},
        {"1.5.5", false, 0},
        {"1,5", false, 0},
        {"1min", false, 0},
        {"-1", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        uint64_t ms = 77;
        assert_int_equal(quantity_read_duration(slice_of(ROWS[i].text), &ms), ROWS[i].good);
        assert_true(ms == (ROWS[i].good ? ROWS[i].ms : 77));
    }
}

static void what_is_printed_reads_back_as_the_same(void **state)
{
    (void)state;
    static const uint64_t VALUES[] = {0,          1,        10,    100,   999,        1000,
                                      1001,       1024,     1500,  60000, 1048576,    1048577,
                                      86400000,   90000000, 86400, 12340, 1ull << 40, 1ull << 50,
                                      UINT64_MAX, 3600000,  5};
    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) {
        char memory[64];
        struct buf text;
        uint64_t back;
        buf_init(&text, memory, sizeof memory);
        quantity_print_size(&text, VALUES[i]);
        assert_true(quantity_read_size(buf_slice(&text), &back) && back == VALUES[i]);
        buf_clear(&text);
        quantity_print_duration(&text, VALUES[i]);
        assert_true(quantity_read_duration(buf_slice(&text), &back) && back == VALUES[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read_with_and_without_a_unit),
        cmocka_unit_test(times_are_read_with_fractions_and_units),
        cmocka_unit_test(what_is_printed_reads_back_as_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
