/* audio/logic/dcblock.h - a high-pass at 20 Hz (16 kHz sampling): takes away the bias of the
 * microphone.
 *
 * It begins with 20 ms of silence in which it learns the bias, and fades in over 8 ms: no thump. A
 * later step of the bias is gone within 50 ms. No input makes it overflow. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    DCBLOCK_LEARN_SAMPLES = 320,
    DCBLOCK_FADE_SAMPLES = 128,
};

/* Zeroed at start. */
struct dcblock {
    int32_t level; /* the output, in 1/8192 */
    int32_t last;  /* the input before */
    int32_t sum;   /* of the inputs while it learns */
    uint32_t seen; /* samples, up to LEARN + FADE */
};

void dcblock_run(struct dcblock *d, int16_t *samples, size_t count);
