/* audio/logic/retime.h - sound at a measured rate to 16,000 Hz, for an ADC that does not keep to
 * the rate it was asked for (the plain ESP32's: esp-idf#16768).
 *
 * Any ratio from 1/2 to 2. At least 70 dB of a sine up to 7/16 of the lower of both rates. Where
 * the rate that comes is the higher one, what it holds above 8 kHz folds back: ask for less. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/logic/upsample.h"

enum {
    RETIME_IN_MAX = 83, /* samples at once */
    RETIME_OUT_MAX = 2 * RETIME_IN_MAX + 1,
};

/* Zeroed at start. */
struct retime {
    int16_t past[UPSAMPLE_TAPS + 1];
    uint64_t step; /* samples that come for one that goes, Q32 */
    uint64_t at;   /* of the next output, behind the newest sample but 16, Q32 */
};

/* `in_mhz` thousandths of 1 Hz come, `out_hz` go. False: the ratio is beyond 1/2 to 2; as it was.
 */
bool retime_set(struct retime *r, uint32_t in_mhz, uint32_t out_hz);

/* `count` is at most RETIME_IN_MAX; answers how many samples `out` got. After retime_set. */
size_t retime_run(struct retime *r, const int16_t *in, size_t count, int16_t out[RETIME_OUT_MAX]);

/* Samples that were lost: answers how many they would have become. */
uint32_t retime_skip(struct retime *r, uint32_t count);
