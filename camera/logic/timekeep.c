#include "camera/logic/timekeep.h"

static const int64_t EARLIEST_MS = INT64_C(1704067200000); /* 2024-01-01 */
static const int64_t LATEST_MS = INT64_C(4102444800000);   /* 2100-01-01 */

bool timekeep_hear(struct timekeep *t, enum timekeep_source source, struct wall wall,
                   struct mono now)
{
    if (wall.ms < EARLIEST_MS || wall.ms >= LATEST_MS || source == TIMEKEEP_NONE)
        return false;
    if (source < t->source && now.ms - t->at.ms < TIMEKEEP_TRUST_MS)
        return false;
    *t = (struct timekeep){.source = source, .wall = wall, .at = now};
    return true;
}

struct wall timekeep_now(const struct timekeep *t, struct mono now)
{
    if (t->source == TIMEKEEP_NONE)
        return (struct wall){0};
    return (struct wall){t->wall.ms + (int64_t)(now.ms - t->at.ms)};
}

bool timekeep_is_sure(const struct timekeep *t)
{
    return t->source >= TIMEKEEP_BROWSER;
}

const char *timekeep_source_name(enum timekeep_source s)
{
    switch (s) {
    case TIMEKEEP_NONE: return "none";
    case TIMEKEEP_SAVED: return "saved";
    case TIMEKEEP_BROWSER: return "browser";
    case TIMEKEEP_RELAY: return "relay";
    case TIMEKEEP_SNTP: return "sntp";
    }
    return "unknown";
}
