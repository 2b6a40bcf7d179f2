/* audio/port/host_adc.h - a model of the ESP32-C3's ADC in continuous mode: what it gets wrong, as
 * far as that is known.
 *
 * Modelled: 12 bits; the curve of the 12 dB range (the error polynomial of ESP-IDF's curve fitting
 * for this chip); noise; the spikes of a transmitting radio; a crystal that is off. The
 * whole-number divider is audio/logic/adcword.h. Not modelled: differences between chips, supply
 * noise, drift. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/port/host_sound.h"

struct host_adc_config {
    double rate_hz;    /* what the divider really gives */
    double ppm;        /* how much faster the crystal is */
    double bias_mv;    /* of the microphone */
    double swing_mv;   /* of a sound of 1 */
    double noise_lsb;  /* root mean square */
    bool curved;       /* false: an ideal ADC of 0..2500 mV */
    uint32_t burst_ms; /* a radio's spike every so often; 0: none */
    uint32_t channel;
    uint32_t seed;
};

struct host_adc {
    struct host_adc_config config;
    const struct host_sound *sound; /* borrowed */
    double reading_mv[4096];        /* the voltage each reading stands for */
    uint64_t index;                 /* of the next conversion */
    uint32_t dice;
};

void host_adc_init(struct host_adc *a, const struct host_adc_config *config,
                   const struct host_sound *sound);

/* The next `count` conversions, as the DMA writes them. */
void host_adc_fill(struct host_adc *a, uint32_t *words, size_t count);
/* That many happen and nobody sees them. */
void host_adc_skip(struct host_adc *a, uint64_t count);

/* What the chip's calibration answers: whole millivolts. `ctx` is the host_adc. */
int host_adc_calibrated_mv(void *ctx, int reading);
