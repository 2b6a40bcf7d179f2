#include "lib/wire/adpcm.h"

#include <assert.h>

/* RFC 3551 4.5.1 takes both tables from the IMA recommendation of 1992. */
static const int16_t step_sizes[ADPCM_INDEX_MAX + 1] = {
    7,     8,     9,     10,    11,    12,    13,    14,    16,    17,    19,    21,    23,
    25,    28,    31,    34,    37,    41,    45,    50,    55,    60,    66,    73,    80,
    88,    97,    107,   118,   130,   143,   157,   173,   190,   209,   230,   253,   279,
    307,   337,   371,   408,   449,   494,   544,   598,   658,   724,   796,   876,   963,
    1060,  1166,  1282,  1411,  1552,  1707,  1878,  2066,  2272,  2499,  2749,  3024,  3327,
    3660,  4026,  4428,  4871,  5358,  5894,  6484,  7132,  7845,  8630,  9493,  10442, 11487,
    12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
};
static const int8_t index_moves[8] = {-1, -1, -1, -1, 2, 4, 6, 8};

/* What both sides do with a code: the predictor and the step move on. */
static void follow(struct adpcm *a, unsigned code)
{
    int32_t step = step_sizes[a->index];
    int32_t delta = step >> 3;
    if (code & 4)
        delta += step;
    if (code & 2)
        delta += step >> 1;
    if (code & 1)
        delta += step >> 2;
    int32_t next = a->predictor + (code & 8 ? -delta : delta);
    if (next > INT16_MAX)
        next = INT16_MAX;
    if (next < INT16_MIN)
        next = INT16_MIN;
    a->predictor = (int16_t)next;

    int index = a->index + index_moves[code & 7];
    a->index = (uint8_t)(index < 0 ? 0 : index > ADPCM_INDEX_MAX ? ADPCM_INDEX_MAX : index);
}

static unsigned choose(struct adpcm *a, int16_t sample)
{
    int32_t step = step_sizes[a->index];
    int32_t diff = sample - a->predictor;
    unsigned code = 0;
    if (diff < 0) {
        code = 8;
        diff = -diff;
    }
    for (unsigned bit = 4; bit != 0; bit >>= 1, step >>= 1) {
        if (diff >= step) {
            code |= bit;
            diff -= step;
        }
    }
    follow(a, code);
    return code;
}

void adpcm_write_block(struct adpcm *a, const int16_t *samples, size_t count, uint8_t *out)
{
    assert(count % 2 == 0);
    out[0] = (uint8_t)((uint16_t)a->predictor & 0xFF);
    out[1] = (uint8_t)((uint16_t)a->predictor >> 8);
    out[2] = a->index;
    out[3] = 0;
    for (size_t i = 0; i < count / 2; i++) {
        unsigned high = choose(a, samples[2 * i]);
        out[ADPCM_HEAD_BYTES + i] = (uint8_t)(high << 4 | choose(a, samples[2 * i + 1]));
    }
}

enum err adpcm_read_block(const uint8_t *block, size_t len, int16_t *out)
{
    if (len < ADPCM_HEAD_BYTES || block[2] > ADPCM_INDEX_MAX)
        return ERR_INPUT;
    struct adpcm a = {.predictor = (int16_t)(uint16_t)(block[0] | block[1] << 8),
                      .index = block[2]};
    for (size_t i = ADPCM_HEAD_BYTES; i < len; i++) {
        follow(&a, block[i] >> 4);
        *out++ = a.predictor;
        follow(&a, block[i] & 15);
        *out++ = a.predictor;
    }
    return ERR_OK;
}
