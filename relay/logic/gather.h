/* relay/logic/gather.h - how long a batch waits for more photos before its flush.
 *
 * What arrives a moment after a flush began waits for all of it and then for its own, so a moment
 * of waiting before the flush is well spent while photos are known to come, and while those who
 * were just answered come back with their next ones: else half of a busy crowd always shares the
 * one flush, and half the other. Bounded by the time of a flush; a lone camera never waits.
 *
 * Pure: time is an argument. Not for two threads. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/instant.h"

enum {
    GATHER_COMING_PART = 5, /* of a flush: at most a fifth for uploads that are on their way */
    GATHER_RETURN_PART = 2, /* at most half of it for those who were just answered ... */
    GATHER_PAUSE_PART = 5,  /* ... as long as another one came within the last fifth */
};

struct gather {
    uint32_t flush_ms;  /* what the last flush took */
    size_t expected;    /* photos: those who were just answered, and those who waited behind them */
    struct mono ended;  /* the last batch */
    struct mono began;  /* this one */
    struct mono newest; /* photo of this one */
    size_t queued;
};

/* A batch of `count` photos is about to be answered, and `waiting` others are queued behind it. */
void gather_answered(struct gather *g, size_t count, size_t waiting, uint32_t flush_ms);

/* ... and was answered. */
void gather_ended(struct gather *g, struct mono now);

/* A batch begins: `queued` photos are there, the oldest came at `first`. */
void gather_begin(struct gather *g, size_t queued, struct mono first, struct mono now);

/* How long to wait for the next photo: 0 = flush now. `queued` are there, `coming` uploads have
 * begun. To be asked again when one came, and when the time is over. */
uint32_t gather_wait_ms(struct gather *g, size_t queued, size_t coming, struct mono now);
