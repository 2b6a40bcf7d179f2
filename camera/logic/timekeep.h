/* camera/logic/timekeep.h - what time it is, and how sure that is.
 *
 * Sources in order of trust: SNTP, the relay's Date, a browser's clock, what was saved before a
 * sleep. A source replaces one of its own or a lower rank at once, and a higher one that has not
 * spoken for a day. Times before 2024 or after 2099 are not believed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/instant.h"

enum { TIMEKEEP_TRUST_MS = 24 * 60 * 60 * 1000 };

enum timekeep_source {
    TIMEKEEP_NONE,
    TIMEKEEP_SAVED, /* from before a sleep or reset: not sure */
    TIMEKEEP_BROWSER,
    TIMEKEEP_RELAY,
    TIMEKEEP_SNTP,
};

/* A zeroed one knows nothing. */
struct timekeep {
    enum timekeep_source source; /* read */
    struct wall wall;            /* at `at` */
    struct mono at;
};

/* True: it was believed and is used from now on. */
bool timekeep_hear(struct timekeep *t, enum timekeep_source source, struct wall wall,
                   struct mono now);

/* ms 0: not known. */
struct wall timekeep_now(const struct timekeep *t, struct mono now);
bool timekeep_is_sure(const struct timekeep *t);
const char *timekeep_source_name(enum timekeep_source s);
