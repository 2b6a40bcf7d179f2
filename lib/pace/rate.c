#include "lib/pace/rate.h"

static uint64_t full(const struct rate *r)
{
    return (uint64_t)r->burst * 1000;
}

/* One token per second is one thousandth per millisecond, so nothing is ever rounded away. */
static void refill(struct rate *r, struct mono now)
{
    if (now.ms <= r->at.ms)
        return;
    uint64_t passed_ms = now.ms - r->at.ms;
    uint64_t missing = full(r) - r->milli;
    r->at = now;
    if (r->per_s > 0 && passed_ms >= missing / r->per_s + 1)
        r->milli = full(r);
    else
        r->milli += passed_ms * r->per_s;
}

void rate_init(struct rate *r, uint32_t per_s, uint32_t burst, struct mono now)
{
    *r = (struct rate){.per_s = per_s, .burst = burst, .at = now};
    r->milli = full(r);
}

bool rate_take(struct rate *r, uint32_t count, struct mono now)
{
    refill(r, now);
    uint64_t want = (uint64_t)count * 1000;
    if (r->milli < want)
        return false;
    r->milli -= want;
    return true;
}

uint32_t rate_wait_ms(struct rate *r, uint32_t count, struct mono now)
{
    refill(r, now);
    uint64_t want = (uint64_t)count * 1000;
    if (r->milli >= want)
        return 0;
    if (count > r->burst || r->per_s == 0)
        return UINT32_MAX;
    uint64_t ms = (want - r->milli + r->per_s - 1) / r->per_s;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}
