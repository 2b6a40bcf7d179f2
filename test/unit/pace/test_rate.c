/* Goal: a burst is let through, then exactly so many per second, at any step of the clock. */
#include "lib/pace/rate.h"
#include "test/unit/unit.h"

static struct mono at(uint64_t ms)
{
    return (struct mono){ms};
}

static void a_burst_and_no_more(void **state)
{
    (void)state;
    struct rate r;
    rate_init(&r, 2, 5, at(100));
    assert_false(rate_take(&r, 6, at(100)));
    assert_true(rate_take(&r, 5, at(100)));
    assert_false(rate_take(&r, 1, at(100)));
    assert_true(rate_take(&r, 0, at(100)));
    assert_int_equal(rate_wait_ms(&r, 1, at(100)), 500);
    assert_false(rate_take(&r, 1, at(599)));
    assert_true(rate_take(&r, 1, at(600)));
    assert_false(rate_take(&r, 1, at(600)));
}

static void small_steps_lose_nothing(void **state)
{
    (void)state;
    struct rate r;
    unsigned taken = 0;
    rate_init(&r, 3, 1, at(0));
    assert_true(rate_take(&r, 1, at(0)));
    for (uint64_t ms = 1; ms <= 10000; ms++)
        taken += rate_take(&r, 1, at(ms));
    assert_in_range(taken, 29, 30);
}

static void it_never_holds_more_than_the_burst(void **state)
{
    (void)state;
    struct rate r;
    rate_init(&r, 1000, 3, at(0));
    assert_true(rate_take(&r, 3, at(0)));
    assert_true(rate_take(&r, 3, at(UINT64_MAX)));
    assert_false(rate_take(&r, 1, at(UINT64_MAX)));
    for (uint64_t ms = 1; ms < 8; ms++) {
        rate_init(&r, 1000, 3, at(0));
        assert_true(rate_take(&r, 3, at(0)));
        assert_int_equal(rate_take(&r, 3, at(ms)), ms >= 3);
        assert_int_equal(rate_take(&r, 1, at(ms)), ms < 3);
    }
    rate_init(&r, UINT32_MAX, UINT32_MAX, at(0));
    assert_true(rate_take(&r, UINT32_MAX, at(0)));
    assert_true(rate_take(&r, UINT32_MAX, at(UINT64_MAX)));
}

static void a_clock_that_stands_still_gives_nothing(void **state)
{
    (void)state;
    struct rate r;
    rate_init(&r, 1000, 1, at(50));
    assert_true(rate_take(&r, 1, at(50)));
    assert_false(rate_take(&r, 1, at(50)));
    assert_false(rate_take(&r, 1, at(49)));
    assert_true(rate_take(&r, 1, at(51)));
}

static void what_can_never_be_is_said_so(void **state)
{
    (void)state;
    struct rate r;
    rate_init(&r, 10, 5, at(0));
    assert_int_equal(rate_wait_ms(&r, 6, at(0)), UINT32_MAX);
    assert_int_equal(rate_wait_ms(&r, 5, at(0)), 0);
    rate_init(&r, 0, 1, at(0));
    assert_true(rate_take(&r, 1, at(0)));
    assert_int_equal(rate_wait_ms(&r, 1, at(0)), UINT32_MAX);
    assert_false(rate_take(&r, 1, at(UINT64_MAX)));
}

static void the_wait_it_names_is_long_enough_and_not_longer(void **state)
{
    (void)state;
    for (uint32_t per_s = 1; per_s < 50; per_s++) {
        struct rate r;
        rate_init(&r, per_s, 7, at(0));
        assert_true(rate_take(&r, 7, at(0)));
        uint32_t wait_ms = rate_wait_ms(&r, 5, at(0));
        assert_false(rate_take(&r, 5, at(wait_ms - 1)));
        assert_true(rate_take(&r, 5, at(wait_ms)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_and_no_more),
        cmocka_unit_test(small_steps_lose_nothing),
        cmocka_unit_test(it_never_holds_more_than_the_burst),
        cmocka_unit_test(a_clock_that_stands_still_gives_nothing),
        cmocka_unit_test(what_can_never_be_is_said_so),
        cmocka_unit_test(the_wait_it_names_is_long_enough_and_not_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
