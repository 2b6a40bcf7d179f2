/* relay/logic/ports/state.h - what the relay remembers about photos, keys and deliveries.
 *
 * `struct state` is the one writer: all its calls come from one thread (the committer). `struct
 * state_view` reads; each thread that reads opens its own. Nothing here flushes to the medium but
 * `checkpoint` and `close`: a row is durable once the committer's own flush returned after it.
 *
 * Receipt numbers (photo.id) rise by one per photo and are never used twice. Views take `seen`, the
 * highest receipt number whose flush returned; what lies above is not shown to anybody.
 *
 * A delivery is pending from the moment its photo is stored until it is delivered or given up;
 * delivered ones leave the outbox, so "sent" is: stored, and not (or no longer) in the outbox. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/port/clock.h"
#include "relay/logic/ports/photo.h"

/* Where the last run ended. */
struct state_mark {
    int64_t last_photo;    /* highest receipt number ever given out; 0 = none */
    int64_t last_batch;    /* highest batch number of any row or delivery */
    int64_t flushed;       /* highest batch number known to have been flushed */
    bool clean;            /* the last run ended with close(); nothing needs verification */
    bool rebuilt;          /* the database was new or had to be set aside: rebuild from the files */
    struct wall last_wall; /* newest wall time the last run wrote; 0 = none */
};

/* One transaction of the committer. Rows carry their batch number. */
struct state_batch {
    int64_t number;             /* of this batch */
    int64_t flushed;            /* the last batch whose flush returned */
    const struct photo *photos; /* ids, names and all set; every active destination gets a pending
                                   row unless photo.sent_already */
    size_t count;
};

enum delivery_outcome {
    DELIVERY_SENT,    /* leaves the outbox, counts as sent */
    DELIVERY_WAITING, /* stays, with tries, due time and error noted */
    DELIVERY_DEAD,    /* stays as a dead letter until a person retries it */
};

struct delivery_result {
    int64_t photo;
    unsigned destination; /* index as given to destinations_set */
    enum delivery_outcome outcome;
    unsigned tries;                 /* failed tries that concern this photo */
    struct wall due;                /* WAITING: not before; 0 = now */
    bool ambiguous;                 /* WAITING: the receiver may have it although no answer came */
    char error[DELIVERY_ERROR_MAX]; /* "" = none; for people */
};

struct state {
    void *ctx;
    CHECKED enum err (*mark)(void *ctx, struct state_mark *out_mark);
    /* Makes exactly these destinations active. One that is new, or was inactive, owes every photo
     * stored that it has not had: `backfill` inserts those pending rows in steps. */
    CHECKED enum err (*destinations_set)(void *ctx, const char *const *names, size_t count);
    /* At most `max` more rows; `*out_more` tells whether any are left. */
    CHECKED enum err (*backfill)(void *ctx, unsigned max, bool *out_more);

    CHECKED enum err (*commit)(void *ctx, const struct state_batch *batch);
    /* Finds a key also when its photo is deleted (then out_photo->id is 0 and name, size, sha256
     * are those of the first answer). */
    CHECKED enum err (*key_find)(void *ctx, const char *camera, const char *key, bool *out_found,
                                 struct photo *out_photo);
    /* The newest photo of this camera with this content received at or after `since`; for senders
     * that give no key. */
    CHECKED enum err (*content_find)(void *ctx, const char *camera, const uint8_t sha256[32],
                                     struct wall since, bool *out_found, struct photo *out_photo);
    CHECKED enum err (*name_find)(void *ctx, const char *name, bool *out_found,
                                  struct photo *out_photo);
    /* Counter behind names that were taken: answers the last number used for `base` (1 = only the
     * bare name) and remembers `used` when it is not 0. */
    CHECKED enum err (*name_counter)(void *ctx, const char *base, uint32_t used,
                                     uint32_t *out_last);

    /* Calls `each` for every photo of a batch above `batch`, in order of receipt. */
    CHECKED enum err (*photos_above)(void *ctx, int64_t batch,
                                     bool (*each)(void *arg, const struct photo *p), void *arg);
    /* Forgets photos; with `keep_key` their keys are remembered (retention), else not (damage). One
     * transaction. */
    CHECKED enum err (*photos_forget)(void *ctx, const int64_t *ids, size_t count, bool keep_key);
    /* Puts a key back that is known from the journal only (its photo is deleted). */
    CHECKED enum err (*key_restore)(void *ctx, const struct photo *p);
    /* Drops keys without a photo beyond `keep_count`, and older than `before` beyond that count. */
    CHECKED enum err (*keys_expire)(void *ctx, struct wall before, uint64_t keep_count);

    CHECKED enum err (*deliveries_record)(void *ctx, const struct delivery_result *results,
                                          size_t count);
    /* Dead letters become pending again: all of them if `name` is NULL. */
    CHECKED enum err (*deliveries_retry)(void *ctx, const char *name, uint64_t *out_count);
    /* Names that a sent_files.json says are delivered (to every destination configured when it is
     * imported); photos of that name stored now or later are not sent again. One transaction. */
    CHECKED enum err (*sent_import)(void *ctx, const char *const *names, size_t count);
    /* Is `name` among the imported ones? */
    CHECKED enum err (*sent_known)(void *ctx, const char *name, bool *out_known);

    /* Notes that batch `flushed` was flushed, without a batch of its own. */
    CHECKED enum err (*note_flushed)(void *ctx, int64_t flushed, struct wall now);
    /* Bytes in the write-ahead log that a checkpoint would move; cheap. */
    uint64_t (*log_bytes)(void *ctx);
    CHECKED enum err (*checkpoint)(void *ctx);
    /* Checkpoints, notes a clean end, and closes; `state` is unusable afterwards, whatever it says.
     */
    CHECKED enum err (*close)(void *ctx, int64_t flushed, struct wall now);
};
