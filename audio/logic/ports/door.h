/* audio/logic/ports/door.h - where listeners come in: a listening TCP socket and its connections.
 *
 * Nothing here waits. A connection is a number the port chose, 0 or more. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/* What a connection had to say. */
struct door_heard {
    size_t len; /* 0: nothing yet */
    bool end;   /* the peer has closed its side */
};

struct door {
    void *ctx; /* the port's own state, handed back to every call */
    /* `*out_id` is -1 if nobody waits. */
    enum err (*accept)(void *ctx, int *out_id);
    /* At most `cap` bytes into `out`. */
    enum err (*read)(void *ctx, int id, void *out, size_t cap, struct door_heard *out_heard);
    /* Takes as much as goes without waiting. */
    enum err (*write)(void *ctx, int id, const void *data, size_t len, size_t *out_len);
    void (*end)(void *ctx, int id);   /* no more will be written; reading goes on */
    void (*close)(void *ctx, int id); /* the number is free again */
};
