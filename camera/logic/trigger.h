/* camera/logic/trigger.h - when to take a photo. Time is an argument.
 *
 * The interval does not drift: it counts from the first photo, and what was missed (asleep, sensor
 * resting) is skipped, not made up for. Windows restrict the interval to parts of the week. GPIO
 * and requests always count, but a GPIO only once per gap. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/shot.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/pace/deadline.h"

enum {
    TRIGGER_WINDOWS_MAX = 6,
    TRIGGER_WINDOWS_TEXT_MAX = 160, /* bytes of their text with its NUL */
    TRIGGER_REQUESTS_MAX = 10,      /* asked for and not yet taken */
    TRIGGER_DAY_MINUTES = 24 * 60,
};

/* Part of the week, local time. to <= from: past midnight, counted to the day it began. */
struct trigger_window {
    uint8_t days;  /* bit 0: Sunday ... bit 6: Saturday */
    uint16_t from; /* minute of the day, 0..1439 */
    uint16_t to;   /* 0..1440 */
};

struct trigger_config {
    uint32_t interval_ms; /* 0: none */
    uint32_t gpio_gap_ms; /* one photo per that time */
    struct trigger_window windows[TRIGGER_WINDOWS_MAX];
    uint8_t windows_count; /* 0: always */
};

/* Local time of the week, from the port; `known` false before the clock is set. */
struct trigger_local {
    bool known;
    uint8_t weekday; /* 0: Sunday */
    uint16_t minute; /* 0..1439 */
};

/* The caller owns the memory; a zeroed trigger has never fired. */
struct trigger {
    struct trigger_config config;
    struct deadline next;       /* of the interval */
    struct deadline gpio_again; /* not before */
    uint32_t requests;
    bool gpio;
};

void trigger_init(struct trigger *t, const struct trigger_config *config, struct mono now);

/* Something happened; from any context that holds the lock. */
void trigger_gpio(struct trigger *t, struct mono now);
bool trigger_request(struct trigger *t); /* false: too many are waiting */

/* Would trigger_due have something to decide now? */
bool trigger_is_due(const struct trigger *t, struct mono now);

/* Is a photo due? At most one answer per photo. While the time of the week is not known, windows do
 * not hold the interval back: better a photo too many. */
bool trigger_due(struct trigger *t, struct mono now, struct trigger_local local,
                 enum shot_trigger *out_why);

/* When to ask again at the latest. */
struct deadline trigger_wake(const struct trigger *t, struct mono now);

/* Milliseconds until the interval next asks for a photo inside a window; UINT32_MAX: never, or in
 * more than a week. For sleeping through the time in between. */
uint32_t trigger_photo_in_ms(const struct trigger *t, struct mono now, struct trigger_local local);

bool trigger_in_window(const struct trigger_config *c, struct trigger_local local);

/* "mon-fri 07:30-18:00; sat,sun 10:00-16:00" or "" for always. ERR_INPUT: not of that form;
 * ERR_LIMIT: too many. */
CHECKED enum err trigger_read_windows(struct slice text, struct trigger_config *c);
