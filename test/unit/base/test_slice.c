/* Goal: bytes from outside are compared, cut and counted without reading past their end. */

#include "lib/base/slice.h"
#include "test/unit/unit.h"

static void numbers_are_digits_only_and_never_overflow(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"+1", false, 0},
        {"-1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x10", false, 0},
        {"1_000", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t value = 77;
        assert_int_equal(slice_to_u64(slice_of(rows[i].text), &value), rows[i].ok);
        assert_true(value == (rows[i].ok ? rows[i].value : 77));
    }
}

static void a_cut_gives_both_sides(void **state)
{
    (void)state;
    struct slice rest;
    struct slice head = slice_cut(SLICE("a=b=c"), '=', &rest);
    assert_true(slice_eq(head, SLICE("a")));
    assert_true(slice_eq(rest, SLICE("b=c")));
    head = slice_cut(SLICE("abc"), '=', &rest);
    assert_true(slice_eq(head, SLICE("abc")));
    assert_int_equal(rest.len, 0);
}

static void blanks_go_at_both_ends_only(void **state)
{
    (void)state;
    assert_true(slice_eq(slice_trim(SLICE(" \t a b\t ")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE(" \t ")).len, 0);
    assert_int_equal(slice_trim((struct slice){0}).len, 0);
}

static void text_is_copied_whole_or_not_at_all(void **state)
{
    (void)state;
    char out[4];
    assert_true(slice_to_text(SLICE("abc"), out, sizeof out));
    assert_string_equal(out, "abc");
    assert_false(slice_to_text(SLICE("abcd"), out, sizeof out));
    assert_string_equal(out, "");
    assert_false(slice_to_text((struct slice){"a\0b", 3}, out, sizeof out));
}

static void letters_compare_without_case(void **state)
{
    (void)state;
    assert_true(slice_eq_nocase(SLICE("Content-TYPE"), SLICE("content-type")));
    assert_false(slice_eq_nocase(SLICE("content-type"), SLICE("content-typ")));
    assert_true(slice_starts_nocase(SLICE("IMAGE/jpeg"), SLICE("image/")));
    assert_false(slice_starts_nocase(SLICE("ima"), SLICE("image/")));
    assert_false(slice_eq(SLICE("A"), SLICE("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_digits_only_and_never_overflow),
        cmocka_unit_test(a_cut_gives_both_sides),
        cmocka_unit_test(blanks_go_at_both_ends_only),
        cmocka_unit_test(text_is_copied_whole_or_not_at_all),
        cmocka_unit_test(letters_compare_without_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
