/* relay/logic/retention.h - which photos go when the disk fills, and when uploads are refused.
 *
 * Only photos that reached every active destination are deleted, oldest first. What is still owed
 * to one, dead letters included, is deleted only with `overwrite_unsent`, for want of space alone,
 * when nothing sent is left; each of those is counted as lost.
 *
 * Works in bounded steps: retention_plan() looks, from the thread that owns `view`;
 * retention_carry_out() deletes, on the writer's thread, and looks again at each photo first,
 * because destinations may have changed in between. */
#pragma once

#include "lib/port/fs.h"
#include "relay/logic/ports/state_view.h"

enum {
    RETENTION_STEP_MAX = 32,     /* photos deleted in one step: one short transaction */
    RETENTION_CAMERAS_MAX = 256, /* cameras whose quota is watched, by name */
    RETENTION_PAGES_MAX = 16, /* steps looked through behind photos whose time is still to come */
    RETENTION_SLACK_BYTES = 16 << 20, /* least room made beyond the floor, so that it lasts */
    RETENTION_SLACK_PARTS = 8,        /* and at least this part of the floor */
};

struct retention_rules {
    uint64_t floor_bytes;   /* free space to keep: the larger of this ... */
    unsigned floor_percent; /* ... and this share of the disk */
    bool make_room;         /* delete sent photos to keep the floor; else only refuse uploads */
    bool overwrite_unsent;  /* if that is not enough, delete unsent ones too */
    uint64_t max_age_ms;    /* 0 = any age */
    uint64_t max_bytes;     /* of all photos; 0 = no limit */
    uint64_t camera_bytes;  /* of one camera's; 0 = no limit */
};

/* Zeroed = nothing looked at yet. */
struct retention {
    bool making_room; /* the floor came near; until there is twice the slack */
    int64_t after;    /* the search for the oldest sent goes on above this */
    bool met_sent;    /* it met one since it last began at the start */
    bool exhausted;   /* it went all the way and met none */
    struct camera_row cameras[RETENTION_CAMERAS_MAX];
};

enum retention_reason { /* in this order; a camera's quota looks at its STATE_LOOK_MAX oldest */
                        RETENTION_NONE,
                        RETENTION_FLOOR,
                        RETENTION_TOTAL,
                        RETENTION_QUOTA,
                        RETENTION_AGE,
};

struct retention_plan {
    enum retention_reason reason;
    struct photo photos[RETENTION_STEP_MAX];
    size_t count;
    bool unsent; /* these have not reached every destination */
    bool more;   /* plan again soon: there is more to delete, or more to look at */
};

/* What a look needs; borrowed for the call. */
struct retention_look {
    const struct state_view *view;
    int64_t seen;
    struct wall now;       /* 0 = not known: nothing is too old */
    struct fs_space space; /* total 0 = not known: no floor */
};

struct retention_tools {
    const struct state *state;
    const struct state_view *view; /* the planner's; it waits meanwhile */
    int64_t seen;
    const struct fs *fs;
    /* Makes the key outlive its photo, also without the database. */
    enum err (*remember)(void *ctx, const struct photo *p);
    void *ctx;
};

struct retention_done {
    uint64_t deleted;
    uint64_t bytes;
    uint64_t lost; /* of the deleted: owed to some destination */
};

/* Free bytes below which uploads are refused; 0 if the size of the disk is not known. */
uint64_t retention_floor(const struct retention_rules *rules, struct fs_space space);

/* Is there room for an upload of `bytes`? Once refused (`*io_refusing`), only when there is some
 * slack above the floor again, so that the answer does not flutter. */
bool retention_has_room(const struct retention_rules *rules, struct fs_space space, uint64_t bytes,
                        bool *io_refusing);

/* Finds the next photos to delete; an empty plan without `more` = nothing to do now. */
CHECKED enum err retention_plan(struct retention *r, const struct retention_rules *rules,
                                const struct retention_look *look, struct retention_plan *out_plan);

/* Deletes what is planned: remembers the keys, forgets the rows, removes the files, in this order.
 * On an error before the rows are forgotten nothing happened. A file that cannot be removed is an
 * error, and counts as deleted: its row is gone. */
CHECKED enum err retention_carry_out(const struct retention_plan *plan,
                                     const struct retention_tools *tools,
                                     struct retention_done *out_done);
