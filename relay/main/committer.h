/* relay/main/committer.h - the one thread that writes the database and makes photos durable.
 *
 * Everything that changes what is stored goes through here: uploads, adopted files, results of
 * forwarding, and calls of others. A batch is everything that arrived while the last flush ran,
 * and what comes within a moment (gather.h); a lone camera never waits. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "relay/logic/commit.h"
#include "relay/logic/metrics.h"

struct committer;

/* A photo to commit. The caller owns the memory and leaves it alone until `done` was called, on the
 * committer's thread, once the outcome is settled. `done` must not wait. */
struct committer_photo {
    struct commit_item item;
    void (*done)(struct committer_photo *p);
    struct mono submitted; /* set by committer_submit */
    struct committer_photo *next;
};

/* All borrowed, and alive until committer_destroy(). */
struct committer_deps {
    struct commit_deps commit;
    struct state_mark mark;
    struct metrics *metrics;
    atomic_uint *uploads_coming; /* begun and not yet submitted: worth waiting for */
    /* Photos up to `seen` became durable. */
    void (*seen)(void *ctx, int64_t seen);
    /* These delivery results are written, or never will be. */
    void (*written)(void *ctx, const struct delivery_result *results, size_t count);
    /* Called at least every second while all is well: feeds the watchdog. */
    void (*beat)(void *ctx);
    void *ctx; /* of the three above */
};

/* What others may know of it without waiting for a disk. */
struct committer_status {
    bool failing;          /* a flush failed; nothing is acknowledged */
    bool database_failing; /* the last transaction failed */
    uint32_t busy_ms;      /* how long the present round of work has lasted; 0 = idle */
    uint32_t last_flush_ms;
    int64_t seen;
    uint64_t batches;
    uint64_t received_session;
};

CHECKED enum err committer_start(const struct committer_deps *deps, struct committer **out);

/* From any thread. */
void committer_submit(struct committer *c, struct committer_photo *p);
void committer_post_results(struct committer *c, const struct delivery_result *results,
                            size_t count);
/* Has `run` called on the committer's thread between two batches and waits for it. False: stopping.
 */
bool committer_call(struct committer *c, void (*run)(void *arg, struct commit *commit), void *arg);
/* A new setting (commit_deps.dedupe_window_s); from the next batch on. */
void committer_set_dedupe(struct committer *c, uint32_t window_s);
void committer_status(struct committer *c, struct committer_status *out);
int64_t committer_seen(const struct committer *c);

/* Commits what was submitted, then ends the thread. */
void committer_stop(struct committer *c);
/* After committer_stop(): the last batch that is known to be flushed. */
int64_t committer_flushed(const struct committer *c);
void committer_destroy(struct committer *c);
