/* relay/logic/ports/hash.h - SHA-256 (FIPS 180-4) of bytes that arrive in pieces.
 *
 * A stream belongs to one thread at a time; different streams may run in different threads. Every
 * stream that was begun is ended by exactly one `finish` or `discard`. Beginning one costs less
 * than hashing a kilobyte. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { HASH_BYTES = 32 };

struct hash_stream; /* the port's */

struct hash {
    void *ctx;
    /* ERR_BUSY: no memory. */
    CHECKED enum err (*begin)(void *ctx, struct hash_stream **out_stream);
    void (*update)(void *ctx, struct hash_stream *s, const void *data, size_t len);
    void (*finish)(void *ctx, struct hash_stream *s, uint8_t out_sha256[HASH_BYTES]);
    void (*discard)(void *ctx, struct hash_stream *s); /* NULL is harmless */
};
