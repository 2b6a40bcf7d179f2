/* audio/logic/ports/cast.h - where packets go that nobody acknowledges: one UDP destination. */
#pragma once

#include <stddef.h>

#include "lib/base/err.h"

struct cast {
    void *ctx;
    /* Whole or not at all, without waiting; ERR_FULL: not now, drop it. */
    enum err (*send)(void *ctx, const void *data, size_t len);
};
