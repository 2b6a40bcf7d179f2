/* lib/pace/rate.h - at most so many per second, with a stated burst (token bucket). Time is an
 * argument. Not for use from two threads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/instant.h"

struct rate {
    uint32_t per_s; /* tokens that come back each second; 0: none ever */
    uint32_t burst; /* most tokens there can be */
    uint64_t milli; /* tokens now, in thousandths */
    struct mono at; /* when `milli` was true */
};

/* Starts full. */
void rate_init(struct rate *r, uint32_t per_s, uint32_t burst, struct mono now);

/* Takes `count` tokens, or none (false) if there are not that many. */
bool rate_take(struct rate *r, uint32_t count, struct mono now);

/* How long until rate_take of `count` would succeed; 0 = now; UINT32_MAX = never (more than the
 * burst, or nothing comes back). */
uint32_t rate_wait_ms(struct rate *r, uint32_t count, struct mono now);
