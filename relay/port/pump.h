/* relay/port/pump.h - reads the bodies of answers (front_source) on threads of its own.
 *
 * A flow is one such body. Its consumer, a network thread, takes what is there and never waits; a
 * worker reads ahead into a buffer and wakes the consumer. A source that stalls blocks a worker,
 * never the network. */
#pragma once

#include <stddef.h>

#include "lib/base/err.h"
#include "relay/logic/ports/front.h"

enum {
    PUMP_BUFFER_BYTES = 64 * 1024,
    PUMP_SMALL_BYTES = 4 * 1024, /* a flow for which none of the large ones is left */
    PUMP_STOP_MS = 3000,
};

struct pump;
struct pump_flow;

enum pump_got {
    PUMP_BYTES, /* `*out_len` bytes were copied, at least 1 */
    PUMP_LATER, /* nothing now: `wake` will be called */
    PUMP_END,
    PUMP_FAILED,
};

/* `buffers` large ones are shared by all flows. */
CHECKED enum err pump_open(unsigned threads, unsigned buffers, struct pump **out);
/* Every flow was closed. Sources are closed before this returns, unless a worker does not come back
 * within PUMP_STOP_MS: then it is left behind with all it holds (logged). NULL does nothing. */
void pump_close(struct pump *p);

/* Takes over the source. `wake` is called from a worker, with no lock of the consumer's held, and
 * never after pump_flow_close(). ERR_FULL: no memory; the source is then closed already. */
CHECKED enum err pump_flow_open(struct pump *p, const struct front_source *source,
                                void (*wake)(void *arg), void *arg, struct pump_flow **out);
enum pump_got pump_flow_take(struct pump_flow *f, void *out, size_t cap, size_t *out_len);
/* A source that said "later" (ERR_FULL) is asked again. */
void pump_flow_again(struct pump_flow *f);
/* The consumer is done with it. The source is closed by a worker, soon. */
void pump_flow_close(struct pump_flow *f);
