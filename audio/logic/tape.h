/* audio/logic/tape.h - the last half second of sound, written by one and read by many.
 *
 * The writer never waits and knows no reader. A reader that was slow for longer than the tape is
 * put behind the newest samples and told so; no reader notices another. One thread writes; each
 * reader belongs to one thread of its own choice. Places on the tape are counted in samples modulo
 * 2^32 (74.6 h at 16 kHz). */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Touch no field. */
struct tape {
    _Atomic int16_t *samples; /* borrowed */
    uint32_t cap;             /* a power of two */
    _Atomic uint32_t claimed; /* what lies more than cap before it may be overwritten just now */
    _Atomic uint32_t written; /* samples ever written */
    _Atomic uint32_t gaps;    /* how often samples were lost before they came here */
    _Atomic uint32_t gap_end; /* the first sample behind the last gap */
    _Atomic uint32_t clips;   /* how often the input was at an end of its range */
    _Atomic uint32_t clip_at; /* the last such place */
};

/* `cap` is a power of two. Before any other thread knows the tape. */
void tape_init(struct tape *t, _Atomic int16_t *memory, uint32_t cap);

/* Writer. */
void tape_write(struct tape *t, const int16_t *samples, size_t count);
/* Writer: `count` samples are missing here. Time goes on; their place is silent. */
void tape_skip(struct tape *t, uint32_t count);
/* Writer: what is written next was clipped. */
void tape_clip(struct tape *t);

/* The place of the next sample. Any thread. */
uint32_t tape_end(const struct tape *t);

struct tape_reader {
    uint32_t at; /* read: place of the next sample */
    uint32_t gaps_seen;
    uint32_t clips_seen;
    uint32_t lost;  /* read: samples this reader was too slow for */
    bool overtaken; /* and has not told yet */
};

struct tape_marks {
    uint32_t index; /* place of the first sample */
    bool gap;       /* samples are missing in or before these */
    bool clipped;
};

/* Begins `back` samples before the end (at most half the tape), but not before the last gap. */
void tape_open(struct tape_reader *r, const struct tape *t, uint32_t back);

/* Hands out the next `count` (at most a quarter of the tape). False: they are not there yet. */
bool tape_read(struct tape_reader *r, const struct tape *t, int16_t *out, size_t count,
               struct tape_marks *out_marks);
