/* Goal: waits grow, stay between base and cap, and are spread out. */
#include "lib/pace/backoff.h"
#include "test/unit/unit.h"

static const struct backoff_config config = {.base_ms = 5000, .cap_ms = 900000};

static void no_failure_no_wait(void **state)
{
    (void)state;
    assert_int_equal(backoff_wait_ms(&config, 0, UINT32_MAX), 0);
}

static void the_ceiling_doubles_up_to_the_cap(void **state)
{
    (void)state;
    static const uint32_t ceilings[] = {10000, 20000, 40000, 80000, 160000, 320000, 640000, 900000};
    for (unsigned i = 0; i < sizeof ceilings / sizeof ceilings[0]; i++) {
        assert_int_equal(backoff_wait_ms(&config, i + 1, 0), config.base_ms);
        assert_int_equal(backoff_wait_ms(&config, i + 1, UINT32_MAX), ceilings[i]);
    }
    assert_int_equal(backoff_wait_ms(&config, 31, UINT32_MAX), 900000);
    assert_int_equal(backoff_wait_ms(&config, 32, UINT32_MAX), 900000);
    assert_int_equal(backoff_wait_ms(&config, UINT32_MAX, UINT32_MAX), 900000);
}

static void the_dice_spread_evenly(void **state)
{
    (void)state;
    assert_int_equal(backoff_wait_ms(&config, 1, 0x80000000), 7500);
    assert_int_equal(backoff_wait_ms(&config, 1, 0x40000000), 6250);
}

static void the_largest_numbers_do_not_overflow(void **state)
{
    (void)state;
    const struct backoff_config huge = {.base_ms = UINT32_MAX, .cap_ms = UINT32_MAX};
    const struct backoff_config wide = {.base_ms = 0, .cap_ms = UINT32_MAX};
    const struct backoff_config one = {.base_ms = 1, .cap_ms = UINT32_MAX};
    assert_int_equal(backoff_wait_ms(&huge, 31, UINT32_MAX), UINT32_MAX);
    assert_int_equal(backoff_wait_ms(&wide, 40, UINT32_MAX), UINT32_MAX);
    assert_int_equal(backoff_wait_ms(&wide, 3, UINT32_MAX), 0);
    assert_int_equal(backoff_wait_ms(&one, 31, UINT32_MAX), UINT32_C(1) << 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_failure_no_wait),
        cmocka_unit_test(the_ceiling_doubles_up_to_the_cap),
        cmocka_unit_test(the_dice_spread_evenly),
        cmocka_unit_test(the_largest_numbers_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
