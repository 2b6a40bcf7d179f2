/* relay/port/reply.h - answers (front_reply) that outlive the call that gave them. */
#pragma once

#include "lib/base/buf.h"
#include "relay/logic/ports/front.h"

/* One piece of heap with header values and body in it; the source stays the caller's. NULL: no
 * memory. free() it. */
struct front_reply *reply_copy(const struct front_reply *reply);

/* A refusal in the relay's JSON: `code` and `error` hold nothing that needs escaping. */
struct front_reply *reply_refusal(unsigned status, const char *code, const char *error);

/* Status line and header block of an answer that ends its connection. `body` is no part of it. */
void reply_head(const struct front_reply *reply, const char *reason, struct buf *out);
