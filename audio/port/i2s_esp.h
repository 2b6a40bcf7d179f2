/* audio/port/i2s_esp.h - a digital microphone on I2S (INMP441, ICS-43434 and their like): 24 bits
 * in 32-bit slots, 16 kHz, the chip gives the clock. The upper 16 bits are handed out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct i2s_esp_config {
    int bclk, ws, data; /* pins */
    bool right;         /* the side the microphone speaks on */
    uint32_t rate_hz;
};

/* ERR_INPUT: such pins or such a rate are impossible; ERR_IO: the driver refused. */
CHECKED enum err i2s_esp_open(const struct i2s_esp_config *config);

/* Waits for `cap` samples, at most 50 ms. `*out_lost`: samples the driver had no room for. */
CHECKED enum err i2s_esp_read(int16_t *out, size_t cap, size_t *out_count, uint32_t *out_lost);

/* Stops and starts: what is heard meanwhile is lost. */
CHECKED enum err i2s_esp_restart(void);
