/* camera/logic/ports/stream.h - one connection to a relay, plain or TLS, that never waits.
 *
 * One connection at a time per stream. Every call returns at once, except that `open` may take as
 * long as the system needs to look up a name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct stream_target {
    const char *host; /* name or address, without brackets */
    uint16_t port;
    bool tls;           /* checked against the name and the pinned CA, or the built-in bundle */
    const char *ca_pem; /* NULL or "": the built-in bundle */
};

struct stream {
    void *ctx; /* the port's own state, handed back to every call */
    /* Begins to connect. ERR_IO: refused at once. Whatever was open is closed first. */
    enum err (*open)(void *ctx, const struct stream_target *target);
    /* ERR_OK with `*out_ready` false: still connecting. ERR_IO: failed. */
    enum err (*ready)(void *ctx, bool *out_ready);
    /* Writes what the system takes now, perhaps 0 bytes. ERR_IO: the connection is gone; bytes that
     * had arrived before can still be read. */
    enum err (*write)(void *ctx, const void *data, size_t len, size_t *out_len);
    /* Reads what is there now, perhaps 0 bytes. `*out_end`: the peer closed in good order.
     * ERR_IO: the connection is gone. */
    enum err (*read)(void *ctx, void *out, size_t cap, size_t *out_len, bool *out_end);
    void (*close)(void *ctx); /* does nothing if nothing is open */
};
