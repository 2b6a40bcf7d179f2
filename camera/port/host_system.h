/* camera/port/host_system.h - clock, random bytes and the time of the week on a Linux host. */
#pragma once

#include "lib/port/clock.h"
#include "lib/port/random.h"

struct clock host_system_clock(void);   /* no state, any thread */
struct random host_system_random(void); /* no state, any thread */

/* Local time by the zone in TZ or /etc/localtime. `*out_weekday`: 0 is Sunday. */
void host_system_local_time(struct wall w, unsigned *out_weekday, unsigned *out_minute);
