/* relay/port/clock_posix.h - struct clock over clock_gettime(2). */
#pragma once

#include "lib/port/clock.h"

struct clock clock_posix(void);
