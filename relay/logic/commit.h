/* relay/logic/commit.h - makes a batch of spooled uploads durable with one flush.
 *
 * The order is the promise: complete bytes lie in a folder for them -> rename to the final name ->
 * one transaction with rows, keys and batch number -> one flush of everything. Only then does an
 * item say COMMIT_STORED or COMMIT_DUPLICATE, and only then may anybody be told. After a power cut
 * every row above the last batch known to be flushed is checked against its file (recovery.h).
 *
 * Where one flush cannot cover all (GROUND_PER_FILE) the bytes were flushed by the spool, then
 * names, then the transaction flushes itself. With GROUND_NONE nothing is flushed and /health
 * says so.
 *
 * A flush that failed acknowledges nothing, ever: the whole batch fails and every later one is
 * refused until commit_recover() has found the ground sound again. One thread only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/port/clock.h"
#include "lib/port/fs.h"
#include "relay/logic/ground.h"
#include "relay/logic/journal.h"
#include "relay/logic/limits.h"
#include "relay/logic/medium.h"
#include "relay/logic/names.h"
#include "relay/logic/ports/hash.h"
#include "relay/logic/ports/state.h"
#include "relay/logic/spool.h"

enum commit_outcome {
    COMMIT_WAITING,
    COMMIT_STORED,
    COMMIT_DUPLICATE,  /* photo.name is the first answer's */
    COMMIT_KEY_REUSED, /* same key, other bytes: nothing stored */
    COMMIT_KNOWN,      /* in place, and taken in by somebody else, or removed, meanwhile */
    COMMIT_FAILED,     /* nothing acknowledged; see `error` */
};

/* One photo on its way. The committer's thread owns it from commit_batch() until that returns. */
struct commit_item {
    struct photo photo;        /* in: all but id, name and batch; out: these too */
    char path[SPOOL_PATH_MAX]; /* the spooled file; unused if `in_place` */
    enum medium medium;        /* gives the extension of its name; unused if `in_place` */
    bool in_place;             /* adopted: lies in the folder already under photo.name */
    bool kept;                 /* the only copy there is: unless it is stored, it stays at `path` */
    bool tagged;               /* its record lies with the file; else it goes to the journal */
    enum commit_outcome outcome;
    enum err error;
    struct commit_item *twin; /* an earlier one of this batch with the same key */
};

struct commit_deps {
    const struct fs *fs;
    const struct state *state;
    const struct clock *clock;
    const struct hash *hash;
    /* Local time as "YYYYmmdd_HHMMSS". */
    void (*stamp)(void *ctx, struct wall t, char out[NAMES_STAMP_MAX]);
    /* A file just got this name: what the folder's watch says of it is our own doing. */
    void (*named)(void *ctx, const char *name);
    void *ctx; /* of the two above */
    enum ground_promise promise;
    uint32_t dedupe_window_s; /* same camera, same bytes, no key: a repeat within this; 0 = off */
};

struct commit {
    struct commit_deps deps;
    struct journal journal;
    int64_t next_photo;
    int64_t next_batch;
    int64_t flushed; /* last batch whose flush returned */
    int64_t seen;    /* highest receipt number that may be shown */
    bool failing;
    uint32_t last_flush_ms;
    char last_base[NAMES_BASE_MAX]; /* names of a burst follow each other: no probing */
    uint32_t last_number;
    struct photo photos[BATCH_PHOTOS_MAX]; /* the rows of the batch at hand */
};

/* `mark` as state->mark gave it, after recovery. */
void commit_init(struct commit *c, const struct commit_deps *deps, const struct state_mark *mark);

/* Commits up to BATCH_PHOTOS_MAX items together and sets the outcome of each. Spooled files of
 * items that were not stored are removed. */
void commit_batch(struct commit *c, struct commit_item *const *items, size_t count);

/* After a failed flush: verifies everything since the last good one, forgets and sets aside what is
 * not whole, and flushes again. ERR_OK: sound, batches are taken again. */
CHECKED enum err commit_recover(struct commit *c);

/* Makes what was written to the state outside a batch durable. ERR_IO: nothing is acknowledged
 * until commit_recover(). */
CHECKED enum err commit_flush(struct commit *c);

/* A record that must outlive its photo (its key, when retention deletes it). Durable with the next
 * flush. */
CHECKED enum err commit_journal(struct commit *c, const struct photo *p);

void commit_close(struct commit *c);
