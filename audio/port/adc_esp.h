/* audio/port/adc_esp.h - the chip's own ADC in continuous mode, one channel of ADC1.
 *
 * Start Wi-Fi first: on some versions of ESP-IDF it stops an ADC that already runs (esp-idf#12749).
 * The words handed out have the layout of the ESP32-C3 (adcword.h) on every chip. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct adc_esp_config {
    int gpio;
    int attenuation; /* 0, 1, 2, 3: 0, 2.5, 6, 12 dB */
    uint32_t rate_hz;
};

/* ERR_INPUT: that pin is not of ADC1, or the rate is impossible; ERR_IO: the driver refused. */
CHECKED enum err adc_esp_open(const struct adc_esp_config *config, unsigned *out_channel);

/* False: this chip's rate is not the one asked for (the plain ESP32's, by up to a fifth:
 * esp-idf#16768), and must be measured. */
bool adc_esp_keeps_its_rate(void);

/* Waits for at least one frame, at most 50 ms. `*out_lost`: readings the driver had no room for. */
CHECKED enum err adc_esp_read(uint32_t *words, size_t cap, size_t *out_count, uint32_t *out_lost);

/* Stops and starts: what is heard meanwhile is lost. */
CHECKED enum err adc_esp_restart(void);

/* Whole millivolts of a reading by the chip's calibration; -1: this chip has none. ctx is not used.
 */
int adc_esp_calibrated_mv(void *ctx, int reading);
