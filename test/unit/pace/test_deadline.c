/* Goal: late is late from the very millisecond on, and nothing overflows. */
#include "lib/pace/deadline.h"
#include "test/unit/unit.h"

static const struct mono start = {1000};

static void it_passes_at_its_millisecond(void **state)
{
    (void)state;
    struct deadline d = deadline_in(start, 500);
    assert_false(deadline_passed(d, (struct mono){1499}));
    assert_int_equal(deadline_left_ms(d, (struct mono){1499}), 1);
    assert_true(deadline_passed(d, (struct mono){1500}));
    assert_int_equal(deadline_left_ms(d, (struct mono){1500}), 0);
    assert_int_equal(deadline_left_ms(d, (struct mono){9999}), 0);
    assert_true(deadline_passed(deadline_in(start, 0), start));
}

static void never_never_comes(void **state)
{
    (void)state;
    struct deadline zero = {0};
    assert_false(deadline_passed(deadline_never(), (struct mono){UINT64_MAX}));
    assert_false(deadline_passed(zero, (struct mono){UINT64_MAX}));
    assert_int_equal(deadline_left_ms(zero, start), UINT32_MAX);
}

static void far_away_is_the_largest_number(void **state)
{
    (void)state;
    assert_int_equal(deadline_left_ms(deadline_in(start, UINT64_MAX), start), UINT32_MAX);
    assert_false(deadline_passed(deadline_in(start, UINT64_MAX), (struct mono){UINT64_MAX - 1}));
    assert_int_equal(deadline_left_ms(deadline_in(start, UINT32_MAX), start), UINT32_MAX);
    assert_int_equal(deadline_left_ms(deadline_in(start, UINT32_MAX - 1), start), UINT32_MAX - 1);
}

static void the_earlier_one_wins(void **state)
{
    (void)state;
    struct deadline soon = deadline_in(start, 1);
    struct deadline late = deadline_in(start, 2);
    assert_int_equal(deadline_earlier(soon, late).at.ms, soon.at.ms);
    assert_int_equal(deadline_earlier(late, soon).at.ms, soon.at.ms);
    assert_int_equal(deadline_earlier(deadline_never(), late).at.ms, late.at.ms);
    assert_int_equal(deadline_earlier(late, deadline_never()).at.ms, late.at.ms);
    assert_false(deadline_earlier(deadline_never(), deadline_never()).set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_passes_at_its_millisecond),
        cmocka_unit_test(never_never_comes),
        cmocka_unit_test(far_away_is_the_largest_number),
        cmocka_unit_test(the_earlier_one_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
