#include "idf/join.h"

#include "lib/port/log.h"

static void plan_anew(struct join *j, const struct join_login *login, struct mono now)
{
    wifiplan_init(&j->wifi, login->ssids, now);
    wifi_esp_use_address(&login->address);
}

void join_begin(struct join *j, struct mono now)
{
    plan_anew(j, &j->login, now);
}

void join_try(struct join *j, const struct join_login *login)
{
    j->wanted = *login;
    j->trial = JOIN_TRIAL_WANTED;
}

void join_trial_end(struct join *j, bool kept)
{
    j->trial = kept ? JOIN_TRIAL_JOINED : JOIN_TRIAL_FAILED;
}

const char *join_trial_name(const struct join *j)
{
    switch (j->trial) {
    case JOIN_TRIAL_NONE: return "none";
    case JOIN_TRIAL_WANTED:
    case JOIN_TRIAL_RUNNING: return "trying";
    case JOIN_TRIAL_JOINED: return "joined";
    case JOIN_TRIAL_FAILED: return "failed";
    }
    return "";
}

static bool step_trial(struct join *j, bool joined, struct mono now)
{
    if (j->trial == JOIN_TRIAL_WANTED) {
        j->trial = JOIN_TRIAL_RUNNING;
        j->trial_end = deadline_in(now, WIFIPLAN_JOIN_MS + WIFIPLAN_SCAN_MS);
        wifi_esp_leave();
        plan_anew(j, &j->wanted, now);
    } else if (j->trial == JOIN_TRIAL_RUNNING && joined) {
        return true;
    } else if (j->trial == JOIN_TRIAL_RUNNING && deadline_passed(j->trial_end, now)) {
        j->trial = JOIN_TRIAL_FAILED;
        wifi_esp_leave();
        plan_anew(j, &j->login, now);
    }
    return false;
}

static void set_online(struct join *j, bool online)
{
    j->online = online;
    wifi_esp_own_address(j->address);
    if (online)
        log_line(LOG_LEVEL_INFO, "wifi joined ssid=%s address=%s", j->wifi.choice.ap.ssid,
                 j->address);
}

static struct join_news step_wifi(struct join *j, struct mono now, uint32_t dice)
{
    struct wifi_esp_events e = wifi_esp_take_events();
    struct join_news news = {.online = e.joined, .offline = e.lost};
    if (e.scanned) {
        j->seen_count = wifi_esp_take_scan(j->seen, WIFIPLAN_SEEN_MAX);
        wifiplan_scanned(&j->wifi, j->seen, j->seen_count, now);
    }
    if (e.lost) {
        wifiplan_lost(&j->wifi, now, dice);
        set_online(j, false);
    }
    if (e.joined) {
        wifiplan_joined(&j->wifi);
        set_online(j, true);
    }
    news.trial_good = step_trial(j, e.joined, now);
    /* The networks on trial are in force until they are kept or given up. */
    const struct join_login *l = j->trial == JOIN_TRIAL_RUNNING ? &j->wanted : &j->login;
    struct wifiplan_join choice;
    switch (wifiplan_step(&j->wifi, now, dice, &choice)) {
    case WIFIPLAN_NOTHING: break;
    case WIFIPLAN_SCAN: wifi_esp_scan(); break;
    case WIFIPLAN_JOIN: wifi_esp_join(&choice, l->passwords[choice.network]); break;
    }
    return news;
}

static void step_portal(struct join *j, struct mono now)
{
    bool wanted = j->portal_asked || j->safe_mode || wifiplan_wants_portal(&j->wifi, now);
    if (wanted && !wifi_esp_portal_is_open() && !j->online) {
        if (wifi_esp_open_portal(j->portal_ssid, j->portal_password) == ERR_OK)
            log_line(LOG_LEVEL_INFO, "portal open ssid=%s address=192.168.4.1", j->portal_ssid);
        j->portal_end = deadline_in(now, JOIN_PORTAL_MS);
    }
    bool trying = j->trial == JOIN_TRIAL_RUNNING || j->trial == JOIN_TRIAL_WANTED;
    bool nobody_knows_a_network = j->wifi.count == 0;
    if (wifi_esp_portal_is_open() && !trying && !nobody_knows_a_network &&
        deadline_passed(j->portal_end, now)) {
        j->portal_asked = false;
        wifi_esp_close_portal();
    }
    wifi_esp_serve_names();
}

struct join_news join_step(struct join *j, struct mono now, uint32_t dice)
{
    struct join_news news = step_wifi(j, now, dice);
    step_portal(j, now);
    return news;
}
