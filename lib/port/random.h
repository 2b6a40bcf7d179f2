/* lib/port/random.h - unpredictable bytes from the system. */
#pragma once

#include <stddef.h>

struct random {
    void *ctx;
    /* Fills `out` whole; never fails once the program runs. Safe from any thread. */
    void (*fill)(void *ctx, void *out, size_t len);
};
