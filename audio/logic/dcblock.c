#include "audio/logic/dcblock.h"

enum {
    FRACTION = 8192,
    POLE_SHIFT = 7, /* 1 - 1/128: 16000 / (2 pi 128) = 19.9 Hz */
};

static int16_t filter(struct dcblock *d, int32_t x)
{
    /* The fraction is kept, so that a small level does not stay for ever. Both terms are below
     * 2^29: |x - last| < 2^16, and the filter's gain for any input is below 2. */
    d->level += (x - d->last) * FRACTION - (d->level >> POLE_SHIFT);
    d->last = x;
    int32_t y = d->level / FRACTION;
    return (int16_t)(y > INT16_MAX ? INT16_MAX : y < INT16_MIN ? INT16_MIN : y);
}

static int16_t begin(struct dcblock *d, int16_t x)
{
    d->seen++;
    if (d->seen <= DCBLOCK_LEARN_SAMPLES) {
        d->sum += x;
        if (d->seen == DCBLOCK_LEARN_SAMPLES)
            d->last = d->sum / DCBLOCK_LEARN_SAMPLES;
        return 0;
    }
    return (int16_t)(filter(d, x) * (int32_t)(d->seen - DCBLOCK_LEARN_SAMPLES) /
                     DCBLOCK_FADE_SAMPLES);
}

void dcblock_run(struct dcblock *d, int16_t *samples, size_t count)
{
    size_t i = 0;
    for (; i < count && d->seen < DCBLOCK_LEARN_SAMPLES + DCBLOCK_FADE_SAMPLES; i++)
        samples[i] = begin(d, samples[i]);
    for (; i < count; i++)
        samples[i] = filter(d, samples[i]);
}
