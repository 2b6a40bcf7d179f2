/* Goal: a device joins what it was told, tries a new network without losing the old one, and can be
 * set up when nothing else works. Method: one fake radio, time by hand. */
#include <stdio.h>
#include <string.h>

#include "idf/join.h"
#include "test/fakes/idf/fake_wifi.h"
#include "test/unit/unit.h"

enum { STEP_MS = 100 };

static struct join s_join;
static uint64_t s_ms;
static struct join_news s_news;

static const struct join_login HOME = {
    .ssids = {"home", "", ""}, .passwords = {"home-password", "", ""}, .address = {"", "", "", ""}};
static const struct join_login WORK = {.ssids = {"", "work", ""},
                                       .passwords = {"", "work-password", ""},
                                       .address = {"10.0.0.9", "255.0.0.0", "10.0.0.1", ""}};
static const struct join_login NOWHERE = {
    .ssids = {"", "", ""}, .passwords = {"", "", ""}, .address = {"", "", "", ""}};

static void start(const struct join_login *login)
{
    fake_wifi_reset();
    s_ms = 1000;
    memset(&s_join, 0, sizeof s_join);
    s_join.login = *login;
    s_join.portal_ssid = "box-setup";
    s_join.portal_password = "password1234";
    join_begin(&s_join, (struct mono){s_ms});
}

static void step(void)
{
    s_ms += STEP_MS;
    s_news = join_step(&s_join, (struct mono){s_ms}, 12345);
}

static void steps(uint64_t ms)
{
    for (uint64_t end = s_ms + ms; s_ms < end;)
        step();
}

/* A scan that finds this network, and its joining. */
static void scan_finds(const char *ssid)
{
    unsigned before = fake_wifi.scans;
    for (unsigned i = 0; i < 2000 && fake_wifi.scans == before; i++)
        step();
    assert_int_equal(fake_wifi.scans, before + 1);
    fake_wifi.air_count = 1;
    (void)snprintf(fake_wifi.air[0].ssid, sizeof fake_wifi.air[0].ssid, "%s", ssid);
    fake_wifi.air[0].rssi_dbm = -50;
    fake_wifi.events.scanned = true;
    step();
}

static void it_joins(void)
{
    for (unsigned i = 0; i < 100 && fake_wifi.joins == 0; i++)
        step();
    assert_true(fake_wifi.joins > 0);
    fake_wifi.events.joined = true;
    step();
}

static void a_known_network_is_joined_with_its_password(void **state)
{
    (void)state;
    start(&HOME);
    scan_finds("home");
    it_joins();
    assert_true(s_news.online);
    assert_true(s_join.online);
    assert_string_equal(fake_wifi.joined.ap.ssid, "home");
    assert_string_equal(fake_wifi.joined_password, "home-password");
    assert_string_equal(s_join.address, "192.168.1.7");
    assert_int_equal(s_join.seen_count, 1);
    fake_wifi.events.lost = true;
    fake_wifi.own_address = "";
    step();
    assert_true(s_news.offline);
    assert_false(s_join.online);
    assert_string_equal(s_join.address, "");
    unsigned joins = fake_wifi.joins;
    scan_finds("home");
    steps(1000);
    assert_int_equal(fake_wifi.joins, joins + 1);
}

static void a_device_that_knows_no_network_opens_its_portal_and_leaves_it_open(void **state)
{
    (void)state;
    start(&NOWHERE);
    step();
    assert_true(fake_wifi.portal_open);
    assert_string_equal(fake_wifi.portal_ssid, "box-setup");
    assert_string_equal(fake_wifi.portal_password, "password1234");
    steps(JOIN_PORTAL_MS + 1000);
    assert_true(fake_wifi.portal_open);
    assert_int_equal(fake_wifi.portals_opened, 1);
    assert_true(fake_wifi.names_served > 100);
}

static void a_portal_asked_for_closes_after_ten_minutes(void **state)
{
    (void)state;
    start(&HOME);
    steps(1000);
    assert_false(fake_wifi.portal_open);
    s_join.portal_asked = true;
    step();
    assert_true(fake_wifi.portal_open);
    s_join.wifi.ever_joined = true; /* or it would want one by itself by then */
    steps(JOIN_PORTAL_MS - STEP_MS);
    assert_true(fake_wifi.portal_open);
    steps((uint64_t)STEP_MS + STEP_MS);
    assert_false(fake_wifi.portal_open);
    assert_false(s_join.portal_asked);
}

static void safe_mode_always_wants_the_portal_but_not_beside_a_network(void **state)
{
    (void)state;
    start(&HOME);
    s_join.safe_mode = true;
    s_join.online = true;
    step();
    assert_false(fake_wifi.portal_open);
    s_join.online = false;
    step();
    assert_true(fake_wifi.portal_open);
}

static void a_portal_that_does_not_open_is_tried_again(void **state)
{
    (void)state;
    start(&NOWHERE);
    fake_wifi.fail_portal = true;
    step();
    fake_wifi.fail_portal = false;
    step();
    assert_true(fake_wifi.portal_open);
}

static void a_network_on_trial_is_told_good_once_joined(void **state)
{
    (void)state;
    start(&HOME);
    assert_string_equal(join_trial_name(&s_join), "none");
    join_try(&s_join, &WORK);
    assert_string_equal(join_trial_name(&s_join), "trying");
    step();
    assert_int_equal(fake_wifi.leaves, 1);
    assert_string_equal(fake_wifi.address, "10.0.0.9");
    scan_finds("work");
    it_joins();
    assert_string_equal(fake_wifi.joined_password, "work-password");
    assert_true(s_news.trial_good);
    join_trial_end(&s_join, true);
    assert_string_equal(join_trial_name(&s_join), "joined");
    step();
    assert_false(s_news.trial_good);
    join_trial_end(&s_join, false);
    assert_string_equal(join_trial_name(&s_join), "failed");
}

static void a_trial_that_fails_goes_back_to_the_old_network(void **state)
{
    (void)state;
    start(&HOME);
    join_try(&s_join, &WORK);
    step();
    steps((uint64_t)WIFIPLAN_JOIN_MS + WIFIPLAN_SCAN_MS - STEP_MS);
    assert_string_equal(join_trial_name(&s_join), "trying");
    steps((uint64_t)STEP_MS + STEP_MS);
    assert_string_equal(join_trial_name(&s_join), "failed");
    assert_string_equal(fake_wifi.address, "");
    fake_wifi.joins = 0;
    scan_finds("home");
    it_joins();
    assert_string_equal(fake_wifi.joined_password, "home-password");
    assert_false(s_news.trial_good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_network_is_joined_with_its_password),
        cmocka_unit_test(a_device_that_knows_no_network_opens_its_portal_and_leaves_it_open),
        cmocka_unit_test(a_portal_asked_for_closes_after_ten_minutes),
        cmocka_unit_test(safe_mode_always_wants_the_portal_but_not_beside_a_network),
        cmocka_unit_test(a_portal_that_does_not_open_is_tried_again),
        cmocka_unit_test(a_network_on_trial_is_told_good_once_joined),
        cmocka_unit_test(a_trial_that_fails_goes_back_to_the_old_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
