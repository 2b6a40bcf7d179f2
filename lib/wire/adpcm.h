/* lib/wire/adpcm.h - IMA ADPCM as in DVI4 of RFC 3551 4.5.1: 4 bits a sample.
 *
 * A block carries the state *before* its first sample, so each can be decoded alone, and the first
 * sample stands in the high half of a byte. WAV files of format 0x11 order both the other way. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum {
    ADPCM_HEAD_BYTES = 4,
    ADPCM_INDEX_MAX = 88,
};
/* Bytes of a block of `samples`, which is even. */
#define ADPCM_BLOCK_BYTES(samples) (ADPCM_HEAD_BYTES + (samples) / 2)

/* Zeroed at the start of a stream. */
struct adpcm {
    int16_t predictor;
    uint8_t index; /* 0..ADPCM_INDEX_MAX */
};

/* Head and `count` (even) samples; the state runs on to the next block. Writes
 * ADPCM_BLOCK_BYTES(count). Little-endian predictor. */
void adpcm_write_block(struct adpcm *a, const int16_t *samples, size_t count, uint8_t *out);

/* `out` takes 2 * (len - ADPCM_HEAD_BYTES) samples. ERR_INPUT: too short or an impossible index. */
CHECKED enum err adpcm_read_block(const uint8_t *block, size_t len, int16_t *out);
