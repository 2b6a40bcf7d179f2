/* relay/logic/courier.h - which photo goes next to which destination.
 *
 * A pass goes over everything due at one destination with two lanes: one walks from the newest
 * photo down, one from the oldest up, until both find nothing more. Of several photos in flight at
 * least one comes from each lane, so a new photo passes a backlog of any length, and the oldest
 * does not wait for ever either. courier_tick() begins a pass, or, while one is going, sends the
 * upper lane back to the top. Photos above `seen` of the last tick wait for the next.
 *
 * Between courier_pick() and courier_release() a row is busy and is not picked again, so the caller
 * releases it only once its result is written where the view sees it.
 *
 * Due times are wall times and clocks jump: in the first pass, and in one after
 * courier_clock_went_back(), rows that wait longer than any wait we ever set are due.
 *
 * One thread. Reads through the view, decides nothing about destinations. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/port/clock.h"
#include "relay/logic/destination.h"
#include "relay/logic/ports/state_view.h"

enum {
    COURIER_LANE_ROWS = 32,  /* read at once */
    COURIER_BUSY_MAX = 1024, /* picked and not released; bounds what waits for the writer */
    COURIER_WAIT_MAX_MS = DESTINATION_BACKOFF_CAP_MS, /* no row is ever made to wait longer */
};

enum courier_lane_kind {
    COURIER_NEWEST,
    COURIER_OLDEST,
    COURIER_LANES,
};

struct courier_lane {
    struct outbox_row rows[COURIER_LANE_ROWS];
    size_t at, count;
    int64_t bound; /* the last photo read */
    bool exhausted;
};

struct courier_route {
    struct courier_lane lanes[COURIER_LANES];
    int64_t seen; /* of the last tick */
    unsigned flying[COURIER_LANES];
    unsigned turn;
    bool forgiving;      /* this pass takes rows whose due time cannot be true */
    bool forgiving_next; /* so does the next */
    bool hurried;        /* the lane from the oldest up takes rows that are not due yet */
};

struct courier_busy {
    int64_t photo;
    unsigned destination;
    enum courier_lane_kind lane;
    bool flying;
};

struct courier {
    const struct state_view *view; /* borrowed */
    struct courier_route routes[DESTINATIONS_MAX];
    struct courier_busy busy[COURIER_BUSY_MAX];
    size_t busy_count;
};

/* What may be picked at this moment. */
struct courier_ask {
    unsigned destination;
    struct wall now;
    unsigned parallel; /* slots of the destination, 1.. */
    bool on_trial;     /* one at a time: lanes take turns, and photos that never failed go first */
};

void courier_init(struct courier *c, const struct state_view *view);

/* Photos up to `seen` are looked at from now on. */
void courier_tick(struct courier *c, unsigned destination, int64_t seen);
void courier_clock_went_back(struct courier *c);
/* A person does not want to wait: every row is due once, from the oldest up. */
void courier_hurry(struct courier *c);

/* The next photo of this destination, busy from now on; `*out_found` is false when the pass is over
 * or the table of busy ones is full. Errors are the view's; nothing is lost by them. */
CHECKED enum err courier_pick(struct courier *c, const struct courier_ask *ask, bool *out_found,
                              struct outbox_row *out_row);
/* Its transfer ended; it stays busy until released. */
void courier_landed(struct courier *c, unsigned destination, int64_t photo);
/* Its result is written, or there is none. */
void courier_release(struct courier *c, unsigned destination, int64_t photo);

/* May courier_pick() find something before the next tick? */
bool courier_going(const struct courier *c, unsigned destination);
