#include "relay/logic/soundlevel.h"

#include <assert.h>

enum { DOWN_DB_Q32_SHIFT = 32 };

/* Mean square of a level so many dB below full scale (32768 squared). */
static uint64_t power_of(unsigned below)
{
    const uint64_t down_db = 3411613798; /* 10^(-1/10) * 2^32 */
    uint64_t power = (uint64_t)1 << 50;  /* full scale, with 20 bits to spare */
    for (; below > 0; below--)
        power = (power >> 18) * down_db >> (DOWN_DB_Q32_SHIFT - 18);
    return power >> 20;
}

/* Rounded: down to half a decibel less than that level. */
static unsigned below_of(uint64_t power)
{
    unsigned below = 0;
    while (below < SOUNDLEVEL_SILENT && power * 1000 < power_of(below) * 891)
        below++;
    return below;
}

void soundlevel_init(struct soundlevel *l, uint32_t rate_hz, unsigned threshold_db)
{
    assert(rate_hz >= 10 && threshold_db <= SOUNDLEVEL_THRESHOLD_MAX);
    *l = (struct soundlevel){.below = SOUNDLEVEL_SILENT, .tenth = rate_hz / 10};
    l->threshold = threshold_db > 0 ? power_of(threshold_db) : UINT64_MAX;
}

static void note_loud(struct soundlevel *l)
{
    if (!l->loud)
        l->event = (struct soundlevel_event){.at = l->at - l->tenth, .below = l->below};
    l->loud = true;
    l->quiet = 0;
    l->event.length = l->at - l->event.at;
    if (l->below < l->event.below)
        l->event.below = l->below;
}

static void end_tenth(struct soundlevel *l,
                      void (*ended)(void *ctx, const struct soundlevel_event *event), void *ctx)
{
    uint64_t power = l->squares / l->tenth;
    l->below = below_of(power);
    l->squares = 0;
    l->gathered = 0;
    if (power >= l->threshold)
        note_loud(l);
    else if (l->loud && ++l->quiet == SOUNDLEVEL_HOLD_TENTHS)
        soundlevel_end(l, ended, ctx);
}

void soundlevel_feed(struct soundlevel *l, const int16_t *samples, size_t count,
                     void (*ended)(void *ctx, const struct soundlevel_event *event), void *ctx)
{
    for (size_t i = 0; i < count; i++) {
        int32_t s = samples[i];
        l->squares += (uint64_t)(s * s);
        l->at++;
        if (++l->gathered == l->tenth)
            end_tenth(l, ended, ctx);
    }
}

void soundlevel_end(struct soundlevel *l,
                    void (*ended)(void *ctx, const struct soundlevel_event *event), void *ctx)
{
    if (!l->loud)
        return;
    l->loud = false;
    l->quiet = 0;
    ended(ctx, &l->event);
}
