/* relay/logic/ports/state_view.h - reading what is stored: pages, the outbox, counters.
 *
 * One view per reading thread. A view sees every committed row at once, but shows no photo above
 * `seen` (see state.h). Cost of each call depends on what it returns, not on how much is stored. */
#pragma once

#include "relay/logic/ports/state.h"

enum delivery_state {
    DELIVERY_STATE_NONE, /* no such destination when the photo came */
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
    uint64_t sent[DESTINATIONS_MAX];              /* ever, also of photos deleted since */
    struct wall oldest_pending[DESTINATIONS_MAX]; /* received; 0 = none pending */
};

struct camera_row {
    char camera[PHOTO_CAMERA_MAX];
    uint64_t photos; /* stored ever */
    uint64_t bytes;  /* stored now */
    uint64_t gaps;   /* numbers never seen, summed over its boots */
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
    CHECKED enum err (*cameras)(void *ctx, struct camera_row *out_rows, size_t cap,
                                size_t *out_count);
    /* Waiting rows of one destination that are due, by receipt number: the newest below `bound`, or
     * the oldest above it. Dead ones are not among them. */
    CHECKED enum err (*outbox_due)(void *ctx, int64_t seen, unsigned destination, struct wall now,
                                   bool newest_first, int64_t bound, struct outbox_row *out_rows,
                                   size_t cap, size_t *out_count);
    /* Everything undelivered for people, oldest first above `after`; dead letters only if asked. */
    CHECKED enum err (*outbox_list)(void *ctx, int64_t seen, bool dead_only, int64_t after,
                                    struct outbox_row *out_rows, size_t cap, size_t *out_count);
    /* The oldest photos no destination is owed any more, id above `after`; for retention. */
    CHECKED enum err (*oldest_sent)(void *ctx, int64_t seen, int64_t after, const char *camera,
                                    struct photo *out_rows, size_t cap, size_t *out_count);
    /* Calls `each` with every name delivered to all destinations, imported ones included. */
    CHECKED enum err (*sent_names)(void *ctx, int64_t seen,
                                   bool (*each)(void *arg, const char *name), void *arg);
    void (*close)(void *ctx);
};
