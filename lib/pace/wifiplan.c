#include "lib/pace/wifiplan.h"

#include <string.h>

#include "lib/pace/backoff.h"

void wifiplan_init(struct wifiplan *p, const char *const ssids[WIFIPLAN_NETWORKS_MAX],
                   struct mono now)
{
    *p = (struct wifiplan){.start = now, .wake = deadline_in(now, 0)};
    for (unsigned i = 0; i < WIFIPLAN_NETWORKS_MAX; i++) {
        size_t len = strlen(ssids[i]);
        if (len > WIFIPLAN_SSID_MAX)
            continue; /* no such network can exist */
        memcpy(p->ssids[i], ssids[i], len + 1);
        p->count += len > 0 ? 1 : 0;
    }
}

static unsigned times_bad(const struct wifiplan *p, const uint8_t bssid[6])
{
    for (unsigned i = 0; i < WIFIPLAN_BAD_MAX; i++) {
        if (p->bad[i].times > 0 && memcmp(p->bad[i].bssid, bssid, 6) == 0)
            return p->bad[i].times;
    }
    return 0;
}

static void note_bad(struct wifiplan *p, const uint8_t bssid[6])
{
    for (unsigned i = 0; i < WIFIPLAN_BAD_MAX; i++) {
        if (p->bad[i].times > 0 && memcmp(p->bad[i].bssid, bssid, 6) == 0) {
            p->bad[i].times = (uint8_t)(p->bad[i].times < 9 ? p->bad[i].times + 1 : 9);
            return;
        }
    }
    memcpy(p->bad[p->bad_next].bssid, bssid, 6);
    p->bad[p->bad_next].times = 1;
    p->bad_next = (p->bad_next + 1) % WIFIPLAN_BAD_MAX;
}

static bool is_known(const struct wifiplan *p, const char *ssid, unsigned *out_network)
{
    for (unsigned i = 0; i < WIFIPLAN_NETWORKS_MAX; i++) {
        if (p->ssids[i][0] != '\0' && strcmp(p->ssids[i], ssid) == 0) {
            *out_network = i;
            return true;
        }
    }
    return false;
}

static bool choose_seen(struct wifiplan *p, const struct wifiplan_ap *seen, unsigned count)
{
    int best = INT16_MIN;
    for (unsigned i = 0; i < count; i++) {
        unsigned network = 0;
        if (!is_known(p, seen[i].ssid, &network))
            continue;
        int worth = seen[i].rssi_dbm - (int)times_bad(p, seen[i].bssid) * WIFIPLAN_BAD_DB;
        if (worth <= best)
            continue;
        best = worth;
        p->choice = (struct wifiplan_join){.network = network, .ap = seen[i]};
    }
    return best > INT16_MIN;
}

static void choose_hidden(struct wifiplan *p)
{
    do {
        p->next_hidden = (p->next_hidden + 1) % WIFIPLAN_NETWORKS_MAX;
    } while (p->ssids[p->next_hidden][0] == '\0');
    p->choice = (struct wifiplan_join){.network = p->next_hidden, .by_name = true};
    memcpy(p->choice.ap.ssid, p->ssids[p->next_hidden], sizeof p->choice.ap.ssid);
}

static void rest(struct wifiplan *p, struct mono now, uint32_t dice)
{
    static const struct backoff_config pace = {WIFIPLAN_WAIT_BASE_MS, WIFIPLAN_WAIT_CAP_MS};
    p->failures++;
    p->state = WIFIPLAN_RESTING;
    p->wake = deadline_in(now, backoff_wait_ms(&pace, p->failures, dice));
}

void wifiplan_scanned(struct wifiplan *p, const struct wifiplan_ap *seen, unsigned count,
                      struct mono now)
{
    if (p->state != WIFIPLAN_SCANNING)
        return;
    if (choose_seen(p, seen, count)) {
        p->empty_scans = 0;
    } else if (++p->empty_scans > WIFIPLAN_HIDDEN_AFTER) {
        choose_hidden(p);
    } else {
        rest(p, now, 0);
        return;
    }
    p->state = WIFIPLAN_CHOSEN;
    p->wake = deadline_in(now, 0);
}

void wifiplan_joined(struct wifiplan *p)
{
    p->state = WIFIPLAN_JOINED;
    p->ever_joined = true;
    p->failures = 0;
    p->empty_scans = 0;
    p->wake = deadline_never();
    memset(p->bad, 0, sizeof p->bad);
}

void wifiplan_lost(struct wifiplan *p, struct mono now, uint32_t dice)
{
    if (p->state == WIFIPLAN_JOINING && !p->choice.by_name)
        note_bad(p, p->choice.ap.bssid);
    rest(p, now, dice);
}

enum wifiplan_action wifiplan_step(struct wifiplan *p, struct mono now, uint32_t dice,
                                   struct wifiplan_join *out_join)
{
    if (p->count == 0 || !deadline_passed(p->wake, now))
        return WIFIPLAN_NOTHING;
    switch (p->state) {
    case WIFIPLAN_RESTING:
        p->state = WIFIPLAN_SCANNING;
        p->wake = deadline_in(now, WIFIPLAN_SCAN_MS);
        return WIFIPLAN_SCAN;
    case WIFIPLAN_CHOSEN:
        p->state = WIFIPLAN_JOINING;
        p->wake = deadline_in(now, WIFIPLAN_JOIN_MS);
        *out_join = p->choice;
        return WIFIPLAN_JOIN;
    case WIFIPLAN_SCANNING:
    case WIFIPLAN_JOINING: wifiplan_lost(p, now, dice); return WIFIPLAN_NOTHING;
    case WIFIPLAN_JOINED: return WIFIPLAN_NOTHING;
    }
    return WIFIPLAN_NOTHING;
}

struct deadline wifiplan_wake(const struct wifiplan *p)
{
    return p->count == 0 ? deadline_never() : p->wake;
}

bool wifiplan_wants_portal(const struct wifiplan *p, struct mono now)
{
    if (p->count == 0)
        return true;
    return !p->ever_joined && now.ms - p->start.ms >= WIFIPLAN_PORTAL_AFTER_MS;
}
