/* Goal: the counters are exact after a power cut at any byte, but for the one step under way. */
#include <string.h>

#include "camera/logic/tally.h"
#include "test/fakes/camera/fake_flash.h"
#include "test/unit/unit.h"

static struct fake_flash s_flash;

static void counts_survive_mounts_and_many_rounds(void **state)
{
    (void)state;
    struct tally t;
    fake_flash_init(&s_flash, 3);
    assert_int_equal(tally_mount(&t, &s_flash.flash), ERR_OK);
    for (uint32_t i = 1; i <= 500; i++) {
        tally_count(&t, TALLY_TAKEN, 7);
        tally_count(&t, i % 5 == 0 ? TALLY_DROPPED : TALLY_SENT, 7);
        if (i % 7 == 0)
            assert_int_equal(tally_mount(&t, &s_flash.flash), ERR_OK);
    }
    assert_int_equal(t.now.captured, 500);
    assert_int_equal(t.now.sent, 400);
    assert_int_equal(t.now.dropped, 100);
    assert_true(s_flash.erased[0] > 10 && s_flash.erased[0] - s_flash.erased[2] <= 1);
}

static void without_a_flash_they_live_in_ram(void **state)
{
    (void)state;
    struct tally t;
    assert_int_equal(tally_mount(&t, NULL), ERR_OK);
    tally_count(&t, TALLY_TAKEN, 7);
    assert_int_equal(t.now.captured, 1);
}

static void too_small_a_flash_is_refused(void **state)
{
    (void)state;
    struct tally t;
    fake_flash_init(&s_flash, TALLY_SECTORS_MIN - 1);
    assert_int_equal(tally_mount(&t, &s_flash.flash), ERR_INPUT);
}

static void a_flash_that_cannot_be_written_leaves_them_in_ram(void **state)
{
    (void)state;
    struct tally t;
    fake_flash_init(&s_flash, 3);
    s_flash.fail_writes_from = 0;
    s_flash.fail_writes_to = 3;
    assert_int_equal(tally_mount(&t, &s_flash.flash), ERR_OK);
    tally_count(&t, TALLY_TAKEN, 7);
    tally_count(&t, TALLY_TAKEN, 7);
    assert_true(t.failed);
    assert_int_equal(t.now.captured, 2);
}

/* 60 steps, so that the ring wraps. False: it came to its end. */
static bool cut_at(uint64_t power, enum fake_flash_tear tear, volatile uint32_t *steps)
{
    static struct tally t;
    fake_flash_init(&s_flash, 3);
    s_flash.tear = tear;
    memset(s_flash.bytes, 0, sizeof s_flash.bytes); /* leftovers of something else */
    *steps = 0;
    assert_int_equal(tally_mount(&t, &s_flash.flash), ERR_OK);
    s_flash.power = power;
    if (setjmp(s_flash.on_cut) != 0)
        return true;
    for (uint32_t i = 0; i < 60; i++) {
        tally_count(&t, TALLY_TAKEN, 7);
        *steps = i + 1;
    }
    return false;
}

static void a_power_cut_costs_at_most_the_step_under_way(void **state)
{
    (void)state;
    for (int tear = FAKE_FLASH_TEAR_NOTHING; tear <= FAKE_FLASH_TEAR_BACK; tear++) {
        volatile uint32_t steps;
        bool cut = true;
        for (uint64_t power = 0; cut; power++) {
            cut = cut_at(power, (enum fake_flash_tear)tear, &steps);
            fake_flash_reboot(&s_flash);
            struct tally t;
            assert_int_equal(tally_mount(&t, &s_flash.flash), ERR_OK);
            assert_true(t.now.captured == steps || t.now.captured == steps + 1);
            uint32_t before = t.now.captured;
            tally_count(&t, TALLY_DROPPED, 7); /* another note than the torn one */
            assert_int_equal(tally_mount(&t, &s_flash.flash), ERR_OK);
            assert_true(t.now.captured == before && t.now.dropped == 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_survive_mounts_and_many_rounds),
        cmocka_unit_test(without_a_flash_they_live_in_ram),
        cmocka_unit_test(too_small_a_flash_is_refused),
        cmocka_unit_test(a_flash_that_cannot_be_written_leaves_them_in_ram),
        cmocka_unit_test(a_power_cut_costs_at_most_the_step_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
