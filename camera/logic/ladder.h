/* camera/logic/ladder.h - what to do when the sensor gives no photo, one rung after the other.
 *
 *   try again -> start the sensor anew -> cut its power for a second, up to three times
 *   -> slower clock and smaller picture -> leave it alone for a while, everything else running
 *   -> after hours of that a reboot, with growing gaps, counted
 *
 * A soft reset does not power-cycle a sensor; its power pin does, where it is wired. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/pace/deadline.h"

enum {
    LADDER_RETRIES = 2,
    LADDER_RESTARTS = 1,
    LADDER_POWER_CYCLES = 3,
    LADDER_POWER_OFF_MS = 1100,
    LADDER_REST_MIN_MS = 30 * 1000,
    LADDER_REST_MAX_MS = 15 * 60 * 1000,
    LADDER_REBOOT_AFTER_RESTS = 8,
    LADDER_REBOOTS_MAX = 6, /* without a photo in between; then no more */
};

enum ladder_action {
    LADDER_RETRY,
    LADDER_RESTART,
    LADDER_POWER_CYCLE,
    LADDER_MODEST, /* start with a slower clock and a smaller picture */
    LADDER_REST,   /* do nothing with the sensor before `rest_until` */
    LADDER_REBOOT,
};

/* The caller owns the memory; a zeroed ladder stands on the ground. */
struct ladder {
    uint8_t rung;
    bool modest;   /* read: started with the modest set-up */
    bool degraded; /* read: the sensor is given a rest */
    uint32_t rests;
    uint32_t reboots;           /* kept over reboots by the owner */
    struct deadline rest_until; /* read */
};

/* A photo was not taken: what now? */
enum ladder_action ladder_failed(struct ladder *l, struct mono now);

/* A photo was taken. */
void ladder_worked(struct ladder *l);

/* May the sensor be tried now? */
bool ladder_may_try(const struct ladder *l, struct mono now);

const char *ladder_action_name(enum ladder_action a);
