/* camera/port/mdns_esp.h - mDNS: our own name, the relay's service, and names that end in .local.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

enum {
    MDNS_ESP_ADDRESS_MAX = 46,
    MDNS_ESP_WAIT_MS = 3000, /* longest wait of a call */
};

/* Answers to NAME.local, and announces the page. ERR_IO: there is no mDNS then. */
CHECKED enum err mdns_esp_start(const char *name);

/* Asks for _camrelay._tcp; waits. False: nobody answered. */
bool mdns_esp_find_relay(char out_host[MDNS_ESP_ADDRESS_MAX], uint16_t *out_port);

/* The IPv4 address of "pi.local" or "pi"; waits. False: nobody answered. */
bool mdns_esp_look_up(const char *name, char out_address[MDNS_ESP_ADDRESS_MAX]);
