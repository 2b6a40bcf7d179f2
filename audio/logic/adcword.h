/* audio/logic/adcword.h - the words the chip's ADC writes by DMA, and the rate it really runs at.
 *
 * ESP32-C3 type 2 (TRM 34.3.6; adc_digi_output_data_t): bits 0-11 the reading, 13-15 the channel,
 * bit 16 the unit (0: ADC1); the rest is undefined. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum {
    ADCWORD_READING_MAX = 4095,
    ADCWORD_CHANNEL_MAX = 4, /* of ADC1 */
};

/* Takes the readings of one channel out of `count` words; what belongs to another channel or unit
 * is left out. Answers how many readings `out` holds; it has room for `count`. */
size_t adcword_readings(const uint32_t *words, size_t count, unsigned channel, uint16_t *out);

/* The clock of the ADC is 80 MHz / 16, halved, and divided by a whole number of 30..4095, so what
 * is asked for is rounded up: 16000 becomes 16025.641. ERR_INPUT: outside of what divides. The rate
 * is *out_hz_num / *out_hz_den exactly. */
CHECKED enum err adcword_actual_rate(uint32_t asked_hz, uint32_t *out_hz_num, uint32_t *out_hz_den);
