/* audio/logic/linear.h - straightens the curve of the ADC: a reading becomes 16 bits that are
 * proportional to the voltage.
 *
 * The chip's own calibration answers in whole millivolts and divides 64-bit numbers: too coarse and
 * too slow for each sample. It is asked once, at start, around 65 knots, and the average of many
 * answers is finer than one of them. */
#pragma once

#include <stdint.h>

enum {
    LINEAR_KNOTS = 65, /* every 64 readings */
    LINEAR_KNOT_STEP = 64,
};

struct linear {
    uint16_t knots[LINEAR_KNOTS]; /* 0..65520, in 1/16 of a reading of a straight ADC */
};

/* Without calibration: the reading times 16. */
void linear_init_plain(struct linear *l);

/* `to_mv` answers 0..3300 for a reading of 0..4095 and may be rounded and slightly uneven, but
 * rises from the first to the last. Else the table becomes the plain one. */
void linear_init(struct linear *l, int (*to_mv)(void *ctx, int reading), void *ctx);

/* `reading` 0..4095 to -32768..32767, 0 in the middle of the range. */
static inline int16_t linear_sample(const struct linear *l, uint16_t reading)
{
    const uint16_t *k = &l->knots[reading / LINEAR_KNOT_STEP];
    int32_t rise = (int32_t)k[1] - k[0];
    int32_t part = rise * (reading % LINEAR_KNOT_STEP) + LINEAR_KNOT_STEP / 2;
    return (int16_t)(k[0] + part / LINEAR_KNOT_STEP - 32768);
}
