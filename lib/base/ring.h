/* lib/base/ring.h - a ring of bytes in the caller's memory between one writer and one reader.
 *
 * One thread (or interrupt) calls the writer's functions, one calls the reader's; neither ever
 * waits. ring_used and ring_room may be called by either and are then a lower bound for the
 * caller's own side: what the other side does meanwhile only makes it more. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

/* Touch no field. */
struct ring {
    uint8_t *bytes;         /* borrowed */
    size_t cap;             /* a power of two */
    _Atomic size_t written; /* bytes ever written, wraps around; only the writer stores */
    _Atomic size_t read;    /* bytes ever read, wraps around; only the reader stores */
};

/* `cap` must be a power of two; all of it can be filled. Before any other thread knows the ring. */
void ring_init(struct ring *r, void *memory, size_t cap);

size_t ring_used(const struct ring *r);
size_t ring_room(const struct ring *r);

/* Writer: copies as much as there is room for and answers how much that was. */
size_t ring_write(struct ring *r, const void *data, size_t len);

/* Reader: copies at most `cap` bytes out and answers how many. */
size_t ring_read(struct ring *r, void *out, size_t cap);
/* Reader: the oldest bytes that lie in one piece (all there is may be two pieces); empty only if
 * the ring is. They stay until ring_skip. */
struct slice ring_peek(const struct ring *r);
/* Reader: drops the oldest `len` bytes; at most ring_used. */
void ring_skip(struct ring *r, size_t len);
