/* test/fakes/idf/fake_wifi.h - idf/wifi_esp.h without a radio: remembers what was asked of it, and
 * happens what the test says. One radio, as on a chip. */
#pragma once

#include "idf/wifi_esp.h"

struct fake_wifi {
    struct wifi_esp_events events;             /* lever: handed over once */
    struct wifiplan_ap air[WIFIPLAN_SEEN_MAX]; /* lever: what a scan finds */
    unsigned air_count;
    const char *own_address; /* lever: once joined */
    unsigned scans, joins, leaves, portals_opened, portals_closed, names_served;
    bool portal_open;
    bool fail_portal; /* lever */
    struct wifiplan_join joined;
    char joined_password[64];
    char address[WIFI_ESP_ADDRESS_MAX]; /* the last one given, "" for DHCP */
    char portal_ssid[33], portal_password[65];
};

extern struct fake_wifi fake_wifi;

/* Everything as after power-on. */
void fake_wifi_reset(void);
