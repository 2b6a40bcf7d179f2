#include "camera/logic/ladder.h"

enum {
    RUNG_RESTART = LADDER_RETRIES,
    RUNG_POWER = RUNG_RESTART + LADDER_RESTARTS,
    RUNG_MODEST = RUNG_POWER + LADDER_POWER_CYCLES,
    RUNG_REST = RUNG_MODEST + 1,
};

/* Each reboot without a photo in between doubles the rests that come before the next. */
static uint32_t rests_before_reboot(const struct ladder *l)
{
    return (uint32_t)LADDER_REBOOT_AFTER_RESTS << l->reboots;
}

static enum ladder_action rest(struct ladder *l, struct mono now)
{
    l->degraded = true;
    if (l->reboots < LADDER_REBOOTS_MAX && l->rests >= rests_before_reboot(l)) {
        l->reboots++;
        return LADDER_REBOOT;
    }
    uint64_t ms = LADDER_REST_MIN_MS;
    for (uint32_t i = 0; i < l->rests && ms < LADDER_REST_MAX_MS; i++)
        ms *= 2;
    ms = ms < LADDER_REST_MAX_MS ? ms : LADDER_REST_MAX_MS;
    l->rests++;
    l->rung = RUNG_POWER; /* after the rest: power first */
    l->rest_until = deadline_in(now, ms);
    return LADDER_REST;
}

enum ladder_action ladder_failed(struct ladder *l, struct mono now)
{
    uint8_t rung = l->rung;
    if (rung >= RUNG_REST)
        return rest(l, now);
    l->rung++;
    if (rung < RUNG_RESTART)
        return LADDER_RETRY;
    if (rung < RUNG_POWER)
        return LADDER_RESTART;
    if (rung < RUNG_MODEST)
        return LADDER_POWER_CYCLE;
    l->modest = true;
    return LADDER_MODEST;
}

void ladder_worked(struct ladder *l)
{
    bool modest = l->modest; /* what works stays, until a restart for another reason */
    *l = (struct ladder){.modest = modest};
}

bool ladder_may_try(const struct ladder *l, struct mono now)
{
    return !l->rest_until.set || deadline_passed(l->rest_until, now);
}

const char *ladder_action_name(enum ladder_action a)
{
    switch (a) {
    case LADDER_RETRY: return "try again";
    case LADDER_RESTART: return "start the sensor anew";
    case LADDER_POWER_CYCLE: return "cut the sensor's power";
    case LADDER_MODEST: return "slower clock, smaller picture";
    case LADDER_REST: return "leave the sensor alone for a while";
    case LADDER_REBOOT: return "reboot";
    }
    return "unknown";
}
