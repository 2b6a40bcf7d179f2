/* audio/logic/loudness.h - gain in whole decibels, and a limiter that keeps what becomes too loud
 * under -0.5 dB of full scale: it turns down at once and comes back with a time constant of 0.13 s.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    LOUDNESS_DB_MIN = -20,
    LOUDNESS_DB_MAX = 40,
};

struct loudness {
    int32_t factor;   /* in 1/4096 */
    int32_t envelope; /* of what stands behind the gain */
};

/* `db` outside of the limits becomes the limit. */
void loudness_init(struct loudness *l, int db);
/* Changes the gain while it runs. */
void loudness_set(struct loudness *l, int db);
void loudness_run(struct loudness *l, int16_t *samples, size_t count);
