/* relay/port/random_linux.h - struct random over getrandom(2). */
#pragma once

#include "lib/port/random.h"

/* The first use after boot may wait until the kernel has gathered enough. */
struct random random_linux(void);
