/* Goal: it sleeps only when nothing is lost by it and somebody can still wake or reach it. */
#include "camera/logic/nap.h"
#include "test/unit/unit.h"

static const struct nap_facts GOOD = {
    .wanted = true, .woke = true, .looked = true, .idle = true, .now = {8000}, .photo_ms = 60000};

static void a_wake_with_everything_sent_goes_back_to_sleep(void **state)
{
    (void)state;
    assert_int_equal(nap_wanted_ms(&GOOD), 60000);
}

static void each_reason_to_stay_awake_is_one(void **state)
{
    (void)state;
    struct nap_facts f[6] = {GOOD, GOOD, GOOD, GOOD, GOOD, GOOD};
    f[0].wanted = false;
    f[1].held = true;
    f[2].looked = false;
    f[3].only_in_ram = true;
    f[4].photo_ms = NAP_LEAST_MS - 1;
    f[5].idle = false;
    for (int i = 0; i < 6; i++)
        assert_int_equal(nap_wanted_ms(&f[i]), 0);
    f[4].photo_ms = NAP_LEAST_MS;
    assert_int_equal(nap_wanted_ms(&f[4]), NAP_LEAST_MS);
}

static void photos_in_flash_may_wait_but_not_keep_it_awake(void **state)
{
    (void)state;
    struct nap_facts f = GOOD;
    f.idle = false;
    f.now.ms = NAP_AWAKE_MAX_MS - 1;
    assert_int_equal(nap_wanted_ms(&f), 0);
    f.now.ms = NAP_AWAKE_MAX_MS;
    assert_int_equal(nap_wanted_ms(&f), 60000);
    f.sending = true;
    assert_int_equal(nap_wanted_ms(&f), 0);
    f.now.ms = NAP_SENDING_MAX_MS;
    assert_int_equal(nap_wanted_ms(&f), 60000);
    f.only_in_ram = true; /* however long it lasts */
    f.now.ms = (uint64_t)24 * 3600 * 1000;
    assert_int_equal(nap_wanted_ms(&f), 0);
}

static void after_power_on_its_page_can_be_reached(void **state)
{
    (void)state;
    struct nap_facts f = GOOD;
    f.woke = false;
    f.now.ms = NAP_POWER_ON_MS - 1;
    assert_int_equal(nap_wanted_ms(&f), 0);
    f.now.ms = NAP_POWER_ON_MS;
    assert_int_equal(nap_wanted_ms(&f), 60000);
}

static void without_a_next_photo_only_a_pin_can_wake_it(void **state)
{
    (void)state;
    struct nap_facts f = GOOD;
    f.photo_ms = UINT32_MAX;
    assert_int_equal(nap_wanted_ms(&f), 0);
    f.has_pin = true;
    assert_true(nap_wanted_ms(&f) == NAP_FOREVER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wake_with_everything_sent_goes_back_to_sleep),
        cmocka_unit_test(each_reason_to_stay_awake_is_one),
        cmocka_unit_test(photos_in_flash_may_wait_but_not_keep_it_awake),
        cmocka_unit_test(after_power_on_its_page_can_be_reached),
        cmocka_unit_test(without_a_next_photo_only_a_pin_can_wake_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
