/* relay/logic/ports/soundstream.h - reads endless streams over HTTP, several at a time.
 *
 * The port connects and hands over what comes; what it means and when to try again is decided in
 * relay/logic. One thread makes all calls but `wake`. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum {
    SOUNDSTREAM_MAX = 8,
    SOUNDSTREAM_ERROR_MAX = 96,
};

/* What happened while waiting. Neither may open or close a stream. */
struct soundstream_sink {
    void *ctx;
    /* Bytes of the body of a 200 answer. */
    void (*bytes)(void *ctx, unsigned source, const void *data, size_t len);
    /* The stream ended or never began; `why` is for people and without secrets. */
    void (*ended)(void *ctx, unsigned source, const char *why);
};

struct soundstream {
    void *ctx;
    /* Begins to read `url`; `source` (below SOUNDSTREAM_MAX) must not be open. ERR_INPUT: not a
     * URL that can be read. */
    CHECKED enum err (*open)(void *ctx, unsigned source, const char *url);
    void (*close)(void *ctx, unsigned source); /* harmless if it is not open */
    /* Waits at most so long for something to happen, and tells of all that did. */
    void (*wait)(void *ctx, uint32_t timeout_ms, const struct soundstream_sink *sink);
    void (*wake)(void *ctx); /* ends a wait; from any thread */
};
