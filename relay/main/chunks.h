/* relay/main/chunks.h - a bounded pool of buffers between the network and the disk. */
#pragma once

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct chunk {
    struct buf buf;
    bool restart; /* what was written of this upload before is void */
    struct chunk *next;
};

struct chunks;

CHECKED enum err chunks_create(size_t count, size_t bytes, struct chunks **out);
/* Taken: the caller gives it back. NULL if all are out. */
struct chunk *chunks_take(struct chunks *c);
void chunks_give(struct chunks *c, struct chunk *chunk);
size_t chunks_out(struct chunks *c);
/* All must have been given back. NULL does nothing. */
void chunks_destroy(struct chunks *c);
