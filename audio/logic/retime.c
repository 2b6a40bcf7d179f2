#include "audio/logic/retime.h"

#include <assert.h>
#include <string.h>

static const uint64_t ONE = 1ULL << 32;

bool retime_set(struct retime *r, uint32_t in_mhz, uint32_t out_hz)
{
    uint64_t out_mhz = (uint64_t)out_hz * 1000;
    if ((uint64_t)in_mhz * 2 < out_mhz || in_mhz > out_mhz * 2)
        return false;
    r->step = ((uint64_t)in_mhz << 32) / out_mhz;
    return true;
}

size_t retime_run(struct retime *r, const int16_t *in, size_t count, int16_t out[RETIME_OUT_MAX])
{
    size_t done = 0;
    assert(r->step > 0 && count <= RETIME_IN_MAX);
    for (size_t i = 0; i < count; i++) {
        memmove(r->past, r->past + 1, UPSAMPLE_TAPS * sizeof r->past[0]);
        r->past[UPSAMPLE_TAPS] = in[i];
        for (; r->at < ONE; r->at += r->step)
            out[done++] = upsample_between(r->past, (uint32_t)r->at);
        r->at -= ONE;
    }
    return done;
}

uint32_t retime_skip(struct retime *r, uint32_t count)
{
    uint64_t way = (uint64_t)count << 32;
    if (way <= r->at) {
        r->at -= way;
        return 0;
    }
    uint64_t outputs = (way - r->at + r->step - 1) / r->step;
    r->at += outputs * r->step - way;
    return (uint32_t)outputs;
}
