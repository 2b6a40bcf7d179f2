#include "audio/logic/tape.h"

#include <assert.h>

/* How a reader knows that what it copied was not overwritten meanwhile: the writer raises `claimed`
 * before it stores a sample with release order; a reader that loaded such a new sample with acquire
 * order therefore also sees the raised `claimed`. */

void tape_init(struct tape *t, _Atomic int16_t *memory, uint32_t cap)
{
    assert(cap >= 4 && (cap & (cap - 1)) == 0);
    t->samples = memory;
    t->cap = cap;
    for (uint32_t i = 0; i < cap; i++)
        atomic_init(&memory[i], 0);
    atomic_init(&t->claimed, 0);
    atomic_init(&t->written, 0);
    atomic_init(&t->gaps, 0);
    atomic_init(&t->gap_end, 0);
    atomic_init(&t->clips, 0);
    atomic_init(&t->clip_at, 0);
}

uint32_t tape_end(const struct tape *t)
{
    return atomic_load_explicit(&t->written, memory_order_acquire);
}

void tape_write(struct tape *t, const int16_t *samples, size_t count)
{
    uint32_t at = atomic_load_explicit(&t->written, memory_order_relaxed);
    atomic_store_explicit(&t->claimed, at + (uint32_t)count, memory_order_relaxed);
    for (size_t i = 0; i < count; i++)
        atomic_store_explicit(&t->samples[(at + i) & (t->cap - 1)], samples[i],
                              memory_order_release);
    atomic_store_explicit(&t->written, at + (uint32_t)count, memory_order_release);
}

/* Only the writer counts, so a load and a store are enough (the chip has no atomic addition). */
static void count_up(_Atomic uint32_t *n)
{
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
                          memory_order_release);
}

void tape_skip(struct tape *t, uint32_t count)
{
    static const int16_t silence[64];
    uint32_t end = atomic_load_explicit(&t->written, memory_order_relaxed) + count;
    /* Before the samples: who can read behind the gap must find it counted. */
    atomic_store_explicit(&t->gap_end, end, memory_order_relaxed);
    count_up(&t->gaps);
    if (count > t->cap) { /* nobody can read further back than that */
        atomic_store_explicit(&t->claimed, end - t->cap, memory_order_relaxed);
        atomic_store_explicit(&t->written, end - t->cap, memory_order_release);
        count = t->cap;
    }
    while (count > 0) {
        uint32_t n = count < 64 ? count : 64;
        tape_write(t, silence, n);
        count -= n;
    }
}

void tape_clip(struct tape *t)
{
    uint32_t at = atomic_load_explicit(&t->written, memory_order_relaxed);
    atomic_store_explicit(&t->clip_at, at, memory_order_relaxed);
    count_up(&t->clips);
}

void tape_open(struct tape_reader *r, const struct tape *t, uint32_t back)
{
    uint32_t end = tape_end(t);
    uint32_t most = t->cap / 2; /* so that the first read is not overtaken */
    uint32_t since_gap = end - atomic_load_explicit(&t->gap_end, memory_order_relaxed);
    back = back < most ? back : most;
    back = back < since_gap ? back : since_gap;
    *r = (struct tape_reader){
        .at = end - back,
        .gaps_seen = atomic_load_explicit(&t->gaps, memory_order_acquire),
        .clips_seen = atomic_load_explicit(&t->clips, memory_order_acquire),
    };
}

static void overtake(struct tape_reader *r, const struct tape *t, size_t count)
{
    uint32_t to = tape_end(t) - (uint32_t)count;
    r->lost += to - r->at;
    r->at = to;
    r->overtaken = true;
}

/* Has `mark` (a place) been reached by the samples before `end`? */
static bool reached(uint32_t mark, uint32_t end)
{
    return (int32_t)(end - mark) >= 0;
}

static void tell_marks(struct tape_reader *r, const struct tape *t, uint32_t end,
                       struct tape_marks *m)
{
    uint32_t gaps = atomic_load_explicit(&t->gaps, memory_order_acquire);
    uint32_t gap_end = atomic_load_explicit(&t->gap_end, memory_order_relaxed);
    if (gaps != r->gaps_seen && reached(gap_end, end)) {
        m->gap = true;
        r->gaps_seen = gaps;
    }
    uint32_t clips = atomic_load_explicit(&t->clips, memory_order_acquire);
    uint32_t clip_at = atomic_load_explicit(&t->clip_at, memory_order_relaxed);
    if (clips != r->clips_seen && reached(clip_at + 1, end)) {
        m->clipped = true;
        r->clips_seen = clips;
    }
}

bool tape_read(struct tape_reader *r, const struct tape *t, int16_t *out, size_t count,
               struct tape_marks *out_marks)
{
    assert(count <= t->cap / 4);
    for (;;) {
        uint32_t ready = tape_end(t) - r->at;
        if (ready <= t->cap && ready < count)
            return false;
        for (size_t i = 0; ready <= t->cap && i < count; i++)
            out[i] =
                atomic_load_explicit(&t->samples[(r->at + i) & (t->cap - 1)], memory_order_acquire);
        uint32_t claimed = atomic_load_explicit(&t->claimed, memory_order_relaxed);
        if (ready <= t->cap && claimed - r->at <= t->cap)
            break;
        overtake(r, t, count);
    }
    *out_marks = (struct tape_marks){.index = r->at, .gap = r->overtaken};
    r->overtaken = false;
    r->at += (uint32_t)count;
    tell_marks(r, t, r->at, out_marks);
    return true;
}
