/* audio/logic/decimate.h - 50,000 Hz to 16,000 Hz exactly: up by 8, down by 25, in one FIR.
 *
 * 864 taps in 8 phases of 108: flat within 0.05 dB to 7 kHz, 65 dB down from 9 kHz on. A constant
 * stays that constant. What a sample costs is 108 multiplications. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    DECIMATE_TAPS = 108, /* of one phase */
    DECIMATE_UP = 8,
    DECIMATE_DOWN = 25,
    DECIMATE_IN_MAX = 256, /* samples at once */
    DECIMATE_OUT_MAX = 83, /* what they become at most */
};

/* Zeroed at start. */
struct decimate {
    int16_t past[DECIMATE_TAPS - 1 + DECIMATE_IN_MAX];
    uint32_t due; /* of the next output, in 1/8 of an input from the next input on */
};

/* `count` is at most DECIMATE_IN_MAX; answers how many samples `out` got. */
size_t decimate_feed(struct decimate *d, const int16_t *in, size_t count, int16_t *out);

/* Inputs that were lost: answers how many outputs they would have become. */
uint32_t decimate_skip(struct decimate *d, uint32_t count);
