/* audio/port/a2dp_esp.h - an A2DP source: only on chips with Bluetooth Classic (ESP32), in builds
 * with CONFIG_BT_A2DP_ENABLE. Elsewhere a2dp_esp_start answers ERR_INPUT.
 *
 * Looks for a speaker (class of device: rendering), connects to the first, and looks again when it
 * goes. The stack asks for sound in a thread of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct a2dp_esp_sound {
    void *ctx;
    /* Fills pairs of samples at 44.1 kHz, always all of them. */
    void (*pull)(void *ctx, int16_t *out, size_t frames);
    /* Sound is wanted from now on, or no longer. */
    void (*wanted)(void *ctx, bool on);
};

/* NVS is open. `name` and `sound` outlive the program. */
CHECKED enum err a2dp_esp_start(const char *name, const struct a2dp_esp_sound *sound);
