/* audio/port/handsfree_esp.h - a hands-free unit (HFP HF), experimental: a phone or computer pairs
 * with it by name and uses it as its microphone. Only on chips with Bluetooth Classic, in builds
 * with CONFIG_BT_HFP_CLIENT_ENABLE and its data over HCI; elsewhere it answers ERR_INPUT.
 *
 * Sound flows only while the other side has its audio connection open (a call, or an application
 * that opened the microphone). mSBC where it can (16 kHz), CVSD else (8 kHz). The stack asks for
 * sound in a thread of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct handsfree_esp_sound {
    void *ctx;
    /* Fills `count` samples at 16 kHz (`narrow`: at 8 kHz), always all of them. */
    void (*pull)(void *ctx, int16_t *out, size_t count, bool narrow);
    /* Sound is wanted from now on, or no longer. */
    void (*wanted)(void *ctx, bool on);
};

/* NVS is open. `name` and `sound` outlive the program. */
CHECKED enum err handsfree_esp_start(const char *name, const struct handsfree_esp_sound *sound);
