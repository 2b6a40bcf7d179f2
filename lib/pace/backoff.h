/* lib/pace/backoff.h - how long to wait after a failure.
 *
 * The ceiling doubles with every failure up to a cap, and the wait is drawn evenly between the base
 * and the ceiling ("full jitter" over a floor), so that many cameras that failed together do not
 * come back together. */
#pragma once

#include <stdint.h>

struct backoff_config {
    uint32_t base_ms; /* shortest wait */
    uint32_t cap_ms;  /* longest wait; at least base_ms */
};

/* Wait before the next try after `failures` failures in a row; 0 failures: no wait. After one it
 * lies in base..2*base, after n in base..min(cap, base * 2^n). `dice` is any 32 random bits: 0
 * gives the shortest, UINT32_MAX the longest. */
uint32_t backoff_wait_ms(const struct backoff_config *config, unsigned failures, uint32_t dice);
