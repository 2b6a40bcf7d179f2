/* audio/logic/upsample.h - 16,000 Hz to 44,100 Hz exactly (441/160), for Bluetooth's A2DP.
 *
 * 32 taps a phase, 14 KB of table; at least 70 dB of a sine of 200 to 7000 Hz. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { UPSAMPLE_TAPS = 32 };

/* Zeroed at start. */
struct upsample {
    int16_t past[UPSAMPLE_TAPS];
    uint32_t phase;
};

/* How many samples the next `out_count` will take. */
size_t upsample_needs(const struct upsample *u, size_t out_count);
/* Takes upsample_needs() samples from `in`. */
void upsample_run(struct upsample *u, const int16_t *in, size_t out_count, int16_t *out);

/* The value between past[15] and past[16], `where` / 2^32 of the way: for retime.h. */
int16_t upsample_between(const int16_t past[UPSAMPLE_TAPS + 1], uint32_t where);
