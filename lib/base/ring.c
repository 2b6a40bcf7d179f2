#include "lib/base/ring.h"

#include <assert.h>
#include <string.h>

/* The counters run on and wrap around; since cap is a power of two, so do the places they mean.
 * Each side stores its own counter with release, after the bytes, and loads the other's with
 * acquire. */

void ring_init(struct ring *r, void *memory, size_t cap)
{
    assert(memory != NULL && cap > 0 && (cap & (cap - 1)) == 0);
    r->bytes = memory;
    r->cap = cap;
    atomic_init(&r->written, 0);
    atomic_init(&r->read, 0);
}

size_t ring_used(const struct ring *r)
{
    size_t read = atomic_load_explicit(&r->read, memory_order_acquire);
    return atomic_load_explicit(&r->written, memory_order_acquire) - read;
}

size_t ring_room(const struct ring *r)
{
    return r->cap - ring_used(r);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t ring_write(struct ring *r, const void *data, size_t len)
{
    size_t n = smaller(len, ring_room(r));
    size_t written = atomic_load_explicit(&r->written, memory_order_relaxed);
    size_t place = written & (r->cap - 1);
    size_t first = smaller(n, r->cap - place);
    if (n > 0) {
        memcpy(r->bytes + place, data, first);
        memcpy(r->bytes, (const uint8_t *)data + first, n - first);
    }
    atomic_store_explicit(&r->written, written + n, memory_order_release);
    return n;
}

struct slice ring_peek(const struct ring *r)
{
    size_t read = atomic_load_explicit(&r->read, memory_order_relaxed);
    size_t place = read & (r->cap - 1);
    return (struct slice){(const char *)r->bytes + place, smaller(ring_used(r), r->cap - place)};
}

void ring_skip(struct ring *r, size_t len)
{
    assert(len <= ring_used(r));
    size_t read = atomic_load_explicit(&r->read, memory_order_relaxed);
    atomic_store_explicit(&r->read, read + len, memory_order_release);
}

size_t ring_read(struct ring *r, void *out, size_t cap)
{
    size_t done = 0;
    while (done < cap) {
        struct slice piece = ring_peek(r);
        size_t n = smaller(piece.len, cap - done);
        if (n == 0)
            break;
        memcpy((uint8_t *)out + done, piece.ptr, n);
        ring_skip(r, n);
        done += n;
    }
    return done;
}
