/* idf/join.h - a device on Wi-Fi: joins and joins again for ever, tries a network before it is
 * kept, and opens the set-up portal when nobody could tell it one.
 *
 * Decides with lib/pace/wifiplan.h and does it through wifi_esp.h. One task calls join_step, about
 * ten times a second; whoever looks at the fields from another task holds the program's lock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "idf/wifi_esp.h"
#include "lib/pace/wifiplan.h"

enum { JOIN_PORTAL_MS = 10 * 60 * 1000 }; /* open so long, or until a network is joined */

/* Everything borrowed; what the texts say may change, where they stand not. "": none. */
struct join_login {
    const char *ssids[WIFIPLAN_NETWORKS_MAX];
    const char *passwords[WIFIPLAN_NETWORKS_MAX];
    struct wifi_esp_address address;
};

enum join_trial {
    JOIN_TRIAL_NONE,
    JOIN_TRIAL_WANTED,
    JOIN_TRIAL_RUNNING,
    JOIN_TRIAL_JOINED,
    JOIN_TRIAL_FAILED,
};

struct join {
    struct wifiplan wifi;
    struct join_login login;     /* in force */
    struct join_login wanted;    /* on trial */
    const char *portal_ssid;     /* borrowed */
    const char *portal_password; /* borrowed */
    bool safe_mode;              /* the portal is always wanted */
    bool portal_asked;           /* by a person; may be set from outside */
    bool online;                 /* read */
    enum join_trial trial;       /* read */
    struct deadline trial_end, portal_end;
    char address[WIFI_ESP_ADDRESS_MAX];         /* read: own address, "" without one */
    struct wifiplan_ap seen[WIFIPLAN_SEEN_MAX]; /* read: the last scan */
    unsigned seen_count;
};

/* What happened in one step. */
struct join_news {
    bool online;     /* just joined */
    bool offline;    /* just lost */
    bool trial_good; /* the network on trial was joined: keep it and call join_trial_end */
};

/* The radio runs (wifi_esp_start). The other fields are set by the caller before. */
void join_begin(struct join *j, struct mono now);

/* `dice`: any 32 random bits. */
struct join_news join_step(struct join *j, struct mono now, uint32_t dice);

/* Tries `login` from the next step on; what it borrows stays until the trial ends. */
void join_try(struct join *j, const struct join_login *login);
/* After trial_good: whether it could be kept. */
void join_trial_end(struct join *j, bool kept);
/* "none", "trying", "joined", "failed". Static text. */
const char *join_trial_name(const struct join *j);
