/* test/fakes/lib/fake_clock.h - two times that stand still until the test moves them. One thread.
 */
#pragma once

#include "lib/port/clock.h"

struct fake_clock {
    struct clock clock; /* hand this to the module under test */
    struct mono mono;
    struct wall wall;
};

/* Starts at mono 1,000 ms and wall 2026-01-14T08:15:02Z. */
void fake_clock_init(struct fake_clock *c);
void fake_clock_advance(struct fake_clock *c, uint64_t ms);
/* The wall clock alone is set, as by a time server. */
void fake_clock_jump(struct fake_clock *c, int64_t ms);
