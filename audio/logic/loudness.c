#include "audio/logic/loudness.h"

enum {
    ONE = 4096,
    UP_DB = 73533,   /* 10^(1/20) * 65536 */
    DOWN_DB = 58409, /* 10^(-1/20) * 65536 */
    CEILING = 30935, /* -0.5 dB */
    RELEASE_SHIFT = 11,
};

void loudness_set(struct loudness *l, int db)
{
    db = db < LOUDNESS_DB_MIN ? LOUDNESS_DB_MIN : db > LOUDNESS_DB_MAX ? LOUDNESS_DB_MAX : db;
    uint64_t factor = (uint64_t)ONE << 16;
    for (; db > 0; db--)
        factor = factor * UP_DB >> 16;
    for (; db < 0; db++)
        factor = factor * DOWN_DB >> 16;
    l->factor = (int32_t)((factor + 0x8000) >> 16);
}

void loudness_init(struct loudness *l, int db)
{
    *l = (struct loudness){0};
    loudness_set(l, db);
}

void loudness_run(struct loudness *l, int16_t *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int32_t loud = (int32_t)(((int64_t)samples[i] * l->factor + ONE / 2) >> 12);
        int32_t size = loud < 0 ? -loud : loud;
        l->envelope -= l->envelope >> RELEASE_SHIFT;
        if (size > l->envelope)
            l->envelope = size;
        if (l->envelope > CEILING)
            loud = (int32_t)((int64_t)loud * ((CEILING << 15) / l->envelope) >> 15);
        samples[i] = (int16_t)loud;
    }
}
