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
 * delivered ones leave the outbox, so "sent" is: stored, and not (or no longer) in the outbox.
 * Only active destinations count. While one is inactive its undelivered rows rest, and it owes
 * what is stored meanwhile as soon as it is active again.
 *
 * Every call is one transaction: on any error nothing of it happened, and the next call may be
 * tried. ERR_FULL: no space; ERR_IO: the disk failed; ERR_CORRUPT: the database is damaged, the
 * next start finds that out and sets it aside. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/port/clock.h"
#include "relay/logic/ports/photo.h"

enum {
    STATE_CONTENT_MAX =
        65536,              /* photos back that content_find looks: ten minutes at 100 a second */
    STATE_STEP_MAX = 10000, /* rows of one bounded step: about a tenth of a second */
};

/* Where the last run ended. */
struct state_mark {
    int64_t last_photo;    /* highest receipt number ever given out; 0 = none */
    int64_t last_batch;    /* highest batch number ever committed */
    int64_t flushed;       /* highest batch number known to have been flushed */
    bool clean;            /* the last run ended with close(); nothing needs verification */
    bool rebuilt;          /* the database was new or had to be set aside: rebuild from the files;
                              stays true over restarts until `rebuild_done` */
    struct wall last_wall; /* newest wall time the last run wrote; 0 = none */
};

/* One transaction of the committer. Rows carry their batch number. */
struct state_batch {
    int64_t number;             /* of this batch */
    int64_t flushed;            /* the last batch whose flush returned */
    const struct photo *photos; /* ids, names and all set; every active destination gets a pending
                                   row unless photo.sent_already or imported as sent. Ids rise and
                                   are above every id before. A stored photo of the same name is
                                   forgotten (key kept): its file cannot be there any more. A key
                                   that belongs to a stored photo stays with that photo. */
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
    /* Where the last run ended; the same answer during the whole run, but for `rebuilt`. */
    CHECKED enum err (*mark)(void *ctx, struct state_mark *out_mark);
    CHECKED enum err (*rebuild_done)(void *ctx);
    /* Makes exactly these destinations active; their places here are the indexes used everywhere.
     * One that is new, or was inactive, owes every photo stored that it has not had: `backfill`
     * inserts those pending rows in steps, oldest first; until then they show as pending but are
     * not in the counts nor in the outbox. ERR_LIMIT: too many; ERR_INPUT: a name that is empty,
     * too long or there twice. The same set again changes nothing. */
    CHECKED enum err (*destinations_set)(void *ctx, const char *const *names, size_t count);
    /* At most `max` more rows; `*out_more` tells whether any are left. */
    CHECKED enum err (*backfill)(void *ctx, unsigned max, bool *out_more);

    CHECKED enum err (*commit)(void *ctx, const struct state_batch *batch);
    /* Finds a key also when its photo is deleted (then out_photo->id is 0 and name, size, sha256
     * are those of the first answer). */
    CHECKED enum err (*key_find)(void *ctx, const char *camera, const char *key, bool *out_found,
                                 struct photo *out_photo);
    /* The newest photo of this camera with this content received at or after `since`, looking at
     * the last STATE_CONTENT_MAX receipt numbers; for senders that give no key. */
    CHECKED enum err (*content_find)(void *ctx, const char *camera, const uint8_t sha256[32],
                                     struct wall since, bool *out_found, struct photo *out_photo);
    CHECKED enum err (*name_find)(void *ctx, const char *name, bool *out_found,
                                  struct photo *out_photo);
    /* Counter behind names that were taken: answers the last number used for `base` (1 = only the
     * bare name, 0 = none known) and remembers `used` when it is above that. Costs no transaction:
     * numbers from 2 on are kept with the next `commit`, for the newest STATE_STEP_MAX bases. */
    CHECKED enum err (*name_counter)(void *ctx, const char *base, uint32_t used,
                                     uint32_t *out_last);

    /* Calls `each` for every photo of a batch above `batch`, in order of receipt, until it answers
     * false. `each` may call photos_forget. */
    CHECKED enum err (*photos_above)(void *ctx, int64_t batch,
                                     bool (*each)(void *arg, const struct photo *p), void *arg);
    /* Forgets photos and what is owed of them; with `keep_key` their keys are remembered
     * (retention), else not (damage). Unknown ids are passed over. */
    CHECKED enum err (*photos_forget)(void *ctx, const int64_t *ids, size_t count, bool keep_key);
    /* Puts a key back that is known from the journal only (its photo is deleted): camera, key,
     * name, size, sha256 and received are used. Changes nothing if the key is there. */
    CHECKED enum err (*key_restore)(void *ctx, const struct photo *p);
    /* Of the keys without a photo, drops those that are both older than `before` and beyond the
     * newest `keep_count`, at most STATE_STEP_MAX per call. */
    CHECKED enum err (*keys_expire)(void *ctx, struct wall before, uint64_t keep_count);

    /* Results for deliveries that are not in the outbox (any more) are passed over. */
    CHECKED enum err (*deliveries_record)(void *ctx, const struct delivery_result *results,
                                          size_t count);
    /* Dead letters become pending again, with no tries: of all photos if `name` is NULL, then at
     * most STATE_STEP_MAX per call: call again until `*out_count` is 0. */
    CHECKED enum err (*deliveries_retry)(void *ctx, const char *name, uint64_t *out_count);
    /* Names that a sent_files.json says are delivered (to every destination active now); photos of
     * that name stored now or later are not sent there again and count as sent. */
    CHECKED enum err (*sent_import)(void *ctx, const char *const *names, size_t count);
    /* Is `name` imported, for whichever destination? */
    CHECKED enum err (*sent_known)(void *ctx, const char *name, bool *out_known);

    /* Notes that batch `flushed` was flushed, without a batch of its own. */
    CHECKED enum err (*note_flushed)(void *ctx, int64_t flushed, struct wall now);
    /* Bytes in the write-ahead log that a checkpoint would move; cheap. */
    uint64_t (*log_bytes)(void *ctx);
    CHECKED enum err (*checkpoint)(void *ctx);
    /* After a failed flush: a checkpoint of everything that leaves the log empty, so that nothing
     * is read from it again, whatever has become of it on the medium; and the next opening checks
     * the whole database, also after a clean end. ERR_IO while a reader keeps it for seconds. */
    CHECKED enum err (*empty_log)(void *ctx);
    /* Checkpoints, notes a clean end, and closes; `state` is unusable afterwards, whatever it says.
     */
    CHECKED enum err (*close)(void *ctx, int64_t flushed, struct wall now);
};
