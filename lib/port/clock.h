/* lib/port/clock.h - where a program reads its two times. */
#pragma once

#include "lib/base/instant.h"

struct clock {
    void *ctx;
    struct mono (*mono_now)(void *ctx);
    struct wall (*wall_now)(void *ctx);
};
