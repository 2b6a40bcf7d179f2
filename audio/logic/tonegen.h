/* audio/logic/tonegen.h - the words an ADC would deliver for a tone, without floating point: for
 * boards without a microphone and emulators without an ADC. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tonegen {
    int32_t sine, cosine; /* of the phase, in 1/2^30 */
    int32_t step_sine, step_cosine;
    unsigned channel;
};

/* A tone of 1000 Hz at 50,000 readings a second, half of the range. */
void tonegen_init(struct tonegen *t, unsigned channel);
void tonegen_fill(struct tonegen *t, uint32_t *words, size_t count);
