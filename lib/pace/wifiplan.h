/* lib/pace/wifiplan.h - which Wi-Fi to join and when, without ever giving up. Time is an argument.
 *
 * Scan, join the strongest access point of a known network, and after a loss do it again after a
 * jittered wait of 1 s to 60 s. An access point that failed counts as 10 dB weaker each time until
 * one was joined. A network that no scan shows (hidden) is tried by name after two empty scans.
 * Not being connected is never a reason to reboot. Not for use from two threads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/pace/deadline.h"

enum {
    WIFIPLAN_NETWORKS_MAX = 3,
    WIFIPLAN_SSID_MAX = 32,
    WIFIPLAN_SEEN_MAX = 20, /* access points of one scan that are looked at */
    WIFIPLAN_BAD_MAX = 6,   /* access points whose failures are remembered */
    WIFIPLAN_BAD_DB = 10,
    WIFIPLAN_JOIN_MS = 20 * 1000, /* no answer to a join for so long: lost */
    WIFIPLAN_SCAN_MS = 15 * 1000,
    WIFIPLAN_WAIT_BASE_MS = 1000,
    WIFIPLAN_WAIT_CAP_MS = 60 * 1000,
    WIFIPLAN_HIDDEN_AFTER = 2,             /* empty scans */
    WIFIPLAN_PORTAL_AFTER_MS = 180 * 1000, /* never joined since start: open the portal as well */
};

struct wifiplan_ap {
    char ssid[WIFIPLAN_SSID_MAX + 1];
    uint8_t bssid[6];
    int8_t rssi_dbm;
    uint8_t channel;
};

enum wifiplan_action {
    WIFIPLAN_NOTHING,
    WIFIPLAN_SCAN, /* then tell wifiplan_scanned */
    WIFIPLAN_JOIN, /* then tell wifiplan_joined or wifiplan_lost */
};

struct wifiplan_join {
    unsigned network; /* index of the password */
    bool by_name;     /* hidden: bssid and channel are not known */
    struct wifiplan_ap ap;
};

enum wifiplan_state {
    WIFIPLAN_RESTING,
    WIFIPLAN_SCANNING,
    WIFIPLAN_CHOSEN,
    WIFIPLAN_JOINING,
    WIFIPLAN_JOINED,
};

/* The caller owns the memory and reads only `state`. */
struct wifiplan {
    enum wifiplan_state state;
    char ssids[WIFIPLAN_NETWORKS_MAX][WIFIPLAN_SSID_MAX + 1];
    unsigned count;
    unsigned failures;
    unsigned empty_scans;
    unsigned next_hidden;
    bool ever_joined;
    struct mono start;
    struct deadline wake;
    struct wifiplan_join choice;
    struct {
        uint8_t bssid[6];
        uint8_t times;
    } bad[WIFIPLAN_BAD_MAX];
    unsigned bad_next;
};

/* Empty names are left out; `network` of a join is the index in `ssids` as given here. */
void wifiplan_init(struct wifiplan *p, const char *const ssids[WIFIPLAN_NETWORKS_MAX],
                   struct mono now);

/* What to do now. `dice`: any 32 random bits. */
enum wifiplan_action wifiplan_step(struct wifiplan *p, struct mono now, uint32_t dice,
                                   struct wifiplan_join *out_join);

void wifiplan_scanned(struct wifiplan *p, const struct wifiplan_ap *seen, unsigned count,
                      struct mono now);
void wifiplan_joined(struct wifiplan *p);
void wifiplan_lost(struct wifiplan *p, struct mono now, uint32_t dice);

/* When to step again at the latest. */
struct deadline wifiplan_wake(const struct wifiplan *p);

/* Nobody could set this up yet, or nothing was joined for a long time since start. */
bool wifiplan_wants_portal(const struct wifiplan *p, struct mono now);
