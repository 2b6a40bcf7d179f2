/* audio/logic/order.h - what a listener may ask for: {"op":"gain","db":6}.
 *
 * A flat JSON object (RFC 8259) with exactly these members, in any order; texts without escapes.
 * The same words come as a WebSocket message and as the body of POST /config. */
#pragma once

#include "lib/base/err.h"
#include "lib/base/slice.h"

struct order {
    int gain_db; /* LOUDNESS_DB_MIN..LOUDNESS_DB_MAX */
};

/* ERR_INPUT: not such an object; ERR_LIMIT: a number out of its range. */
CHECKED enum err order_read(struct slice text, struct order *out);
