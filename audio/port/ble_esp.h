/* audio/port/ble_esp.h - struct radio over NimBLE: our GATT service, Device Information, and an
 * L2CAP channel for clients that can open one. Only in builds with CONFIG_BT_NIMBLE_ENABLED;
 * elsewhere ble_esp_start answers ERR_INPUT.
 *
 * NimBLE tells of a notification as "sent" from within the call that hands it over, long before the
 * air: what still waits is therefore counted in its buffers (os_msys), against their number when
 * nothing was sent. */
#pragma once

#include <stdbool.h>

#include "audio/logic/ports/radio.h"

struct ble_esp_config {
    const char *name;    /* up to 29 bytes */
    const char *version; /* of the firmware */
    bool pairing;        /* offer bonding (LE Secure Connections, no keys to compare) */
};

/* Can be asked before the start: advertising then begins with it. */
const struct radio *ble_esp_radio(void);
/* Of the L2CAP channel; 0: this build has none. */
uint16_t ble_esp_psm(void);

/* NVS is open. `config`'s texts and `ears` outlive the program. Needs about 50 KB of heap. */
CHECKED enum err ble_esp_start(const struct ble_esp_config *config, const struct radio_ears *ears);
