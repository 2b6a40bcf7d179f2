/* Goal: a crash loop ends in safe mode, anything else does not, and safe mode ends by itself. */
#include "lib/pace/bootguard.h"
#include "test/unit/unit.h"

static void only_crashes_in_a_row_count(void **state)
{
    (void)state;
    uint32_t n = 0;
    for (uint32_t i = 1; i < BOOTGUARD_CRASHES_MAX; i++) {
        n = bootguard_count(n, true);
        assert_int_equal(n, i);
        assert_false(bootguard_is_safe_mode(n));
    }
    assert_true(bootguard_is_safe_mode(bootguard_count(n, true)));
    assert_int_equal(bootguard_count(n, false), 0); /* power on, update, deep sleep */
    assert_int_equal(bootguard_count(UINT32_MAX, true), UINT32_MAX);
}

static void times_count_from_their_very_millisecond(void **state)
{
    (void)state;
    assert_false(bootguard_is_healthy((struct mono){BOOTGUARD_HEALTHY_MS - 1}));
    assert_true(bootguard_is_healthy((struct mono){BOOTGUARD_HEALTHY_MS}));
    assert_false(bootguard_safe_mode_ends((struct mono){BOOTGUARD_SAFE_MS - 1}));
    assert_true(bootguard_safe_mode_ends((struct mono){BOOTGUARD_SAFE_MS}));
}

static void what_crashes_in_safe_mode_starts_ever_more_slowly(void **state)
{
    (void)state;
    for (uint32_t n = 0; n <= BOOTGUARD_CRASHES_MAX; n++)
        assert_int_equal(bootguard_pause_ms(n), 0);
    uint32_t before = 0;
    for (uint32_t n = BOOTGUARD_CRASHES_MAX + 1; n <= 255; n++) {
        uint32_t ms = bootguard_pause_ms(n);
        uint32_t want = before == 0 ? BOOTGUARD_PAUSE_MIN_MS : 2 * before;
        assert_int_equal(ms, want < BOOTGUARD_PAUSE_MAX_MS ? want : BOOTGUARD_PAUSE_MAX_MS);
        before = ms;
    }
    assert_int_equal(before, BOOTGUARD_PAUSE_MAX_MS);
    assert_int_equal(bootguard_pause_ms(UINT32_MAX), BOOTGUARD_PAUSE_MAX_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_crashes_in_a_row_count),
        cmocka_unit_test(what_crashes_in_safe_mode_starts_ever_more_slowly),
        cmocka_unit_test(times_count_from_their_very_millisecond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
