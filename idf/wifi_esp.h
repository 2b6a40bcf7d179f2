/* idf/wifi_esp.h - Wi-Fi as events: does what a wifiplan says and tells it what happened.
 *
 * Also the access point of the set-up portal, with DHCP option 114 and a DNS that answers every
 * name with the portal's address. Calls are made from one task; events are gathered and handed over
 * by wifi_esp_take_events. */
#pragma once

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/pace/wifiplan.h"

enum { WIFI_ESP_ADDRESS_MAX = 16 };

struct wifi_esp_address {
    const char *address; /* "": DHCP */
    const char *netmask;
    const char *gateway;
    const char *dns; /* "": the gateway */
};

struct wifi_esp_events {
    bool scanned;
    bool joined; /* and has an address */
    bool lost;
};

/* Starts the radio as a station. `host_name` is told to the DHCP server. ERR_IO: no radio. */
CHECKED enum err wifi_esp_start(const char *host_name);

void wifi_esp_use_address(const struct wifi_esp_address *a);
void wifi_esp_scan(void);
unsigned wifi_esp_take_scan(struct wifiplan_ap *out, unsigned cap);
void wifi_esp_join(const struct wifiplan_join *join, const char *password);
void wifi_esp_leave(void);
struct wifi_esp_events wifi_esp_take_events(void);

/* Of the network joined. False: none. */
bool wifi_esp_rssi(int *out_dbm);
/* Own address as text, "" without one. */
void wifi_esp_own_address(char out[WIFI_ESP_ADDRESS_MAX]);

/* Power saving between uploads, full power during them. */
void wifi_esp_save_power(bool on);

/* The portal's access point, 192.168.4.1, WPA2 with this password of at least 8 characters. */
CHECKED enum err wifi_esp_open_portal(const char *ssid, const char *password);
void wifi_esp_close_portal(void);
bool wifi_esp_portal_is_open(void);
/* Is somebody in it just now? */
bool wifi_esp_portal_is_visited(void);
/* Answers what the portal's DNS was asked; from time to time. */
void wifi_esp_serve_names(void);
