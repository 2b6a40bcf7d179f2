/* Goal: a buffer never writes past its end and says so when something did not fit. */
#include <string.h>

#include "lib/base/buf.h"
#include "test/unit/unit.h"

static void what_fits_exactly_is_kept(void **state)
{
    (void)state;
    char memory[4];
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    buf_add_text(&b, "ab");
    buf_add_slice(&b, SLICE("cd"));
    assert_false(b.overflowed);
    assert_true(slice_eq(buf_slice(&b), SLICE("abcd")));
    assert_null(buf_text(&b));
}

static void what_does_not_fit_changes_nothing_but_the_flag(void **state)
{
    (void)state;
    char memory[4] = "zzz";
    struct buf b;
    buf_init(&b, memory, 3);
    buf_add_text(&b, "abcd");
    assert_true(b.overflowed);
    assert_int_equal(b.len, 0);
    buf_add_format(&b, "%d", 12);
    assert_string_equal(buf_text(&b), "12");
    buf_add_format(&b, "%d", 34);
    assert_string_equal(buf_text(&b), "12");
    buf_clear(&b);
    assert_false(b.overflowed);
    assert_int_equal(b.len, 0);
}

static void an_empty_buffer_takes_nothing(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, NULL, 0);
    buf_add_format(&b, "%s", "x");
    assert_true(b.overflowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_exactly_is_kept),
        cmocka_unit_test(what_does_not_fit_changes_nothing_but_the_flag),
        cmocka_unit_test(an_empty_buffer_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
