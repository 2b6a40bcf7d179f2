#include "lib/pace/deadline.h"

struct deadline deadline_in(struct mono now, uint64_t ms)
{
    uint64_t at = ms > UINT64_MAX - now.ms ? UINT64_MAX : now.ms + ms;
    return (struct deadline){.at = {at}, .set = true};
}

struct deadline deadline_never(void)
{
    return (struct deadline){.set = false};
}

bool deadline_passed(struct deadline d, struct mono now)
{
    return d.set && now.ms >= d.at.ms;
}

uint32_t deadline_left_ms(struct deadline d, struct mono now)
{
    if (!d.set)
        return UINT32_MAX;
    if (deadline_passed(d, now))
        return 0;
    uint64_t left = d.at.ms - now.ms;
    return left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}

struct deadline deadline_earlier(struct deadline a, struct deadline b)
{
    if (!a.set)
        return b;
    return b.set && b.at.ms < a.at.ms ? b : a;
}
