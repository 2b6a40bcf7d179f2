/* relay/logic/ports/state_view.h - reading what is stored: pages, the outbox, counters.
 *
 * One view per reading thread. A view sees every committed row at once, but shows no photo above
 * `seen` (see state.h). Cost of each call depends on what it returns, not on how much is stored,
 * but for sent_names, and for oldest_sent, which looks at a stated number of rows.
 *
 * No call keeps a read transaction open while it calls back or after it returned. */
#pragma once

#include "relay/logic/ports/state.h"

enum {
    STATE_LOOK_MAX = 10000, /* photos one oldest_sent call looks at */
};

enum delivery_state {
    DELIVERY_STATE_NONE, /* no such destination is active */
    DELIVERY_STATE_PENDING,
    DELIVERY_STATE_SENT,
    DELIVERY_STATE_DEAD,
};

struct listed_photo {
    struct photo photo;
    enum delivery_state deliveries[DESTINATIONS_MAX]; /* by destination index */
};

/* A delivery that is due, or a dead one, or one that waits. */
struct outbox_row {
    struct photo photo;
    unsigned destination;
    unsigned tries;
    struct wall due;
    bool ambiguous;
    bool dead;
    char error[DELIVERY_ERROR_MAX];
};

struct state_counts {
    uint64_t stored; /* photos */
    uint64_t bytes;  /* of all photos */
    uint64_t pending[DESTINATIONS_MAX];
    uint64_t dead[DESTINATIONS_MAX];
    uint64_t sent[DESTINATIONS_MAX];              /* ever, imported and deleted ones included */
    struct wall oldest_pending[DESTINATIONS_MAX]; /* received; 0 = none pending */
};

struct camera_row {
    char camera[PHOTO_CAMERA_MAX];
    uint64_t photos; /* stored ever */
    uint64_t bytes;  /* stored now */
    uint64_t gaps;   /* numbers missing between the lowest and highest seen, over its boots */
    struct wall last_received;
    int64_t last_photo;
};

struct state_view {
    void *ctx;
    /* Photos with id < `before` (INT64_MAX: newest first page), newest first; `camera` NULL = all.
     */
    CHECKED enum err (*list)(void *ctx, int64_t seen, int64_t before, const char *camera,
                             struct listed_photo *out_rows, size_t cap, size_t *out_count);
    CHECKED enum err (*by_name)(void *ctx, int64_t seen, const char *name, bool *out_found,
                                struct listed_photo *out_row);
    CHECKED enum err (*counts)(void *ctx, int64_t seen, struct state_counts *out_counts);
    /* By name; "" is the camera that told no name. */
    CHECKED enum err (*cameras)(void *ctx, struct camera_row *out_rows, size_t cap,
                                size_t *out_count);
    /* Waiting rows of one destination that are due, by receipt number: the newest below `bound`, or
     * the oldest above it. Dead ones are not among them. */
    CHECKED enum err (*outbox_due)(void *ctx, int64_t seen, unsigned destination, struct wall now,
                                   bool newest_first, int64_t bound, struct outbox_row *out_rows,
                                   size_t cap, size_t *out_count);
    /* Everything undelivered for people (dead letters only if asked), oldest first above photo
     * `after`, then by destination. The rows of one photo are never torn apart, so `cap` is at
     * least DESTINATIONS_MAX and the answer may be a few rows short of it. */
    CHECKED enum err (*outbox_list)(void *ctx, int64_t seen, bool dead_only, int64_t after,
                                    struct outbox_row *out_rows, size_t cap, size_t *out_count);
    /* The oldest photos that no active destination is owed, id above `*io_after`; `camera` NULL =
     * all. Stops after `cap` rows or after looking at STATE_LOOK_MAX photos, and sets `*io_after`
     * to where to go on, INT64_MAX when there is nothing more; for retention. */
    CHECKED enum err (*oldest_sent)(void *ctx, int64_t seen, int64_t *io_after, const char *camera,
                                    struct photo *out_rows, size_t cap, size_t *out_count);
    /* Calls `each` once with every name delivered to all active destinations, until it answers
     * false: the imported ones, then photos in order of receipt. With no destination active nothing
     * counts as delivered but what was imported. */
    CHECKED enum err (*sent_names)(void *ctx, int64_t seen,
                                   bool (*each)(void *arg, const char *name), void *arg);
    void (*close)(void *ctx);
};
