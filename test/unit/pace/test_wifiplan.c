/* Goal: the strongest known access point is joined, failures are remembered, waits grow, and
 * nothing ever gives up. */
#include <string.h>

#include "lib/pace/bootguard.h"
#include "lib/pace/wifiplan.h"
#include "test/unit/unit.h"

static const char *const SSIDS[WIFIPLAN_NETWORKS_MAX] = {"home", "", "barn"};
static struct wifiplan s_plan;
static struct wifiplan_join s_join;

static struct wifiplan_ap ap(const char *ssid, uint8_t id, int8_t rssi)
{
    struct wifiplan_ap a = {.bssid = {2, 0, 0, 0, 0, id}, .rssi_dbm = rssi, .channel = 6};
    strcpy(a.ssid, ssid);
    return a;
}

static int setup(void **state)
{
    (void)state;
    wifiplan_init(&s_plan, SSIDS, (struct mono){1000});
    return 0;
}

static enum wifiplan_action step(uint64_t now)
{
    return wifiplan_step(&s_plan, (struct mono){now}, 0, &s_join);
}

static void the_strongest_known_one_is_joined(void **state)
{
    (void)state;
    const struct wifiplan_ap seen[] = {ap("other", 1, -30), ap("home", 2, -70), ap("barn", 3, -60),
                                       ap("home", 4, -65)};
    assert_int_equal(step(1000), WIFIPLAN_SCAN);
    wifiplan_scanned(&s_plan, seen, 4, (struct mono){1500});
    assert_int_equal(step(1500), WIFIPLAN_JOIN);
    assert_int_equal(s_join.network, 2);
    assert_int_equal(s_join.ap.bssid[5], 3);
    assert_false(s_join.by_name);
    wifiplan_joined(&s_plan);
    assert_int_equal(step(999999), WIFIPLAN_NOTHING);
    assert_false(wifiplan_wake(&s_plan).set);
}

static void one_that_fails_gives_way_to_a_weaker_one(void **state)
{
    (void)state;
    const struct wifiplan_ap seen[] = {ap("home", 2, -60), ap("barn", 3, -65)};
    uint64_t now = 1000;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(step(now), WIFIPLAN_SCAN);
        wifiplan_scanned(&s_plan, seen, 2, (struct mono){now});
        assert_int_equal(step(now), WIFIPLAN_JOIN);
        assert_int_equal(s_join.ap.bssid[5], 2 + i);
        wifiplan_lost(&s_plan, (struct mono){now}, 0);
        now = wifiplan_wake(&s_plan).at.ms;
    }
}

static void a_join_or_scan_without_an_answer_is_lost(void **state)
{
    (void)state;
    const struct wifiplan_ap seen[] = {ap("home", 2, -60)};
    assert_int_equal(step(1000), WIFIPLAN_SCAN);
    assert_int_equal(step(1000 + WIFIPLAN_SCAN_MS - 1), WIFIPLAN_NOTHING);
    assert_int_equal(s_plan.state, WIFIPLAN_SCANNING);
    assert_int_equal(step(1000 + WIFIPLAN_SCAN_MS), WIFIPLAN_NOTHING);
    assert_int_equal(s_plan.state, WIFIPLAN_RESTING);
    uint64_t now = wifiplan_wake(&s_plan).at.ms;
    assert_int_equal(step(now), WIFIPLAN_SCAN);
    wifiplan_scanned(&s_plan, seen, 1, (struct mono){now});
    assert_int_equal(step(now), WIFIPLAN_JOIN);
    assert_int_equal(step(now + WIFIPLAN_JOIN_MS), WIFIPLAN_NOTHING);
    assert_int_equal(s_plan.state, WIFIPLAN_RESTING);
}

static void hidden_networks_are_tried_by_name_in_turn(void **state)
{
    (void)state;
    uint64_t now = 1000;
    unsigned tried[WIFIPLAN_NETWORKS_MAX] = {0};
    for (int i = 0; i < 12; i++) {
        if (step(now) == WIFIPLAN_SCAN)
            wifiplan_scanned(&s_plan, NULL, 0, (struct mono){now});
        if (s_plan.state == WIFIPLAN_CHOSEN) {
            assert_int_equal(step(now), WIFIPLAN_JOIN);
            assert_true(s_join.by_name);
            tried[s_join.network]++;
            wifiplan_lost(&s_plan, (struct mono){now}, 0);
        }
        now = wifiplan_wake(&s_plan).at.ms;
    }
    assert_true(tried[0] >= 4 && tried[1] == 0 && tried[2] >= 4);
}

static void waits_grow_to_a_minute_and_no_further(void **state)
{
    (void)state;
    uint64_t now = 1000, longest = 0;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(step(now), WIFIPLAN_SCAN);
        wifiplan_lost(&s_plan, (struct mono){now}, UINT32_MAX);
        uint64_t next = wifiplan_wake(&s_plan).at.ms;
        assert_true(next > now && next - now <= WIFIPLAN_WAIT_CAP_MS);
        longest = next - now > longest ? next - now : longest;
        now = next;
    }
    assert_int_equal(longest, WIFIPLAN_WAIT_CAP_MS);
}

static void the_portal_opens_when_nothing_is_known_or_nothing_was_ever_joined(void **state)
{
    (void)state;
    assert_false(
        wifiplan_wants_portal(&s_plan, (struct mono){1000 + WIFIPLAN_PORTAL_AFTER_MS - 1}));
    assert_true(wifiplan_wants_portal(&s_plan, (struct mono){1000 + WIFIPLAN_PORTAL_AFTER_MS}));
    wifiplan_joined(&s_plan);
    assert_false(wifiplan_wants_portal(&s_plan, (struct mono){1 << 30}));
    static const char *const none[WIFIPLAN_NETWORKS_MAX] = {"", "", ""};
    wifiplan_init(&s_plan, none, (struct mono){0});
    assert_true(wifiplan_wants_portal(&s_plan, (struct mono){0}));
    assert_int_equal(step(5000), WIFIPLAN_NOTHING);
}

static void four_crashes_in_a_row_are_safe_mode(void **state)
{
    (void)state;
    uint32_t crashes = 0;
    for (unsigned i = 1; i <= BOOTGUARD_CRASHES_MAX; i++) {
        assert_false(bootguard_is_safe_mode(crashes));
        crashes = bootguard_count(crashes, true);
    }
    assert_true(bootguard_is_safe_mode(crashes));
    assert_int_equal(bootguard_count(crashes, false), 0);
    assert_int_equal(bootguard_count(UINT32_MAX, true), UINT32_MAX);
    assert_false(bootguard_is_healthy((struct mono){BOOTGUARD_HEALTHY_MS - 1}));
    assert_true(bootguard_is_healthy((struct mono){BOOTGUARD_HEALTHY_MS}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_strongest_known_one_is_joined, setup),
        cmocka_unit_test_setup(one_that_fails_gives_way_to_a_weaker_one, setup),
        cmocka_unit_test_setup(a_join_or_scan_without_an_answer_is_lost, setup),
        cmocka_unit_test_setup(hidden_networks_are_tried_by_name_in_turn, setup),
        cmocka_unit_test_setup(waits_grow_to_a_minute_and_no_further, setup),
        cmocka_unit_test_setup(the_portal_opens_when_nothing_is_known_or_nothing_was_ever_joined,
                               setup),
        cmocka_unit_test(four_crashes_in_a_row_are_safe_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
