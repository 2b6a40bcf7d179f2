/* audio/logic/visitor_reply.h - the head of the answer to what a visitor asked, and all of a short
 * one. */
#pragma once

#include "audio/logic/visitor.h"

/* Writes into `out` (the visitor's memory, empty) and sets file, left and skip of the visitor.
 * `*out_plays`: sound follows. */
void visitor_reply(struct visitor *v, struct buf *out, bool *out_plays);
