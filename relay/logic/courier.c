#include "relay/logic/courier.h"

#include <assert.h>
#include <string.h>

enum { OLDEST_SHARE = 4 }; /* one of so many goes to the oldest */

void courier_init(struct courier *c, const struct state_view *view)
{
    memset(c, 0, sizeof *c);
    c->view = view;
    for (unsigned i = 0; i < DESTINATIONS_MAX; i++) {
        c->routes[i].lanes[COURIER_NEWEST].exhausted = true;
        c->routes[i].lanes[COURIER_OLDEST].exhausted = true;
        c->routes[i].forgiving_next = true;
    }
}

static void rewind_lane(struct courier_lane *lane, enum courier_lane_kind kind)
{
    lane->at = 0;
    lane->count = 0;
    lane->bound = kind == COURIER_NEWEST ? INT64_MAX : 0;
    lane->exhausted = false;
}

bool courier_going(const struct courier *c, unsigned destination)
{
    const struct courier_route *r = &c->routes[destination];
    return !r->lanes[COURIER_NEWEST].exhausted || !r->lanes[COURIER_OLDEST].exhausted;
}

void courier_tick(struct courier *c, unsigned destination, int64_t seen)
{
    assert(destination < DESTINATIONS_MAX);
    struct courier_route *r = &c->routes[destination];
    if (!courier_going(c, destination)) {
        r->forgiving = r->forgiving_next;
        r->forgiving_next = false;
    }
    if (r->lanes[COURIER_OLDEST].exhausted) {
        r->hurried = false;
        rewind_lane(&r->lanes[COURIER_OLDEST], COURIER_OLDEST);
    }
    rewind_lane(&r->lanes[COURIER_NEWEST], COURIER_NEWEST);
    r->seen = seen;
}

void courier_clock_went_back(struct courier *c)
{
    for (unsigned i = 0; i < DESTINATIONS_MAX; i++)
        c->routes[i].forgiving_next = true;
}

void courier_hurry(struct courier *c)
{
    for (unsigned i = 0; i < DESTINATIONS_MAX; i++) {
        c->routes[i].hurried = true;
        rewind_lane(&c->routes[i].lanes[COURIER_OLDEST], COURIER_OLDEST);
    }
}

/* Only the lane that meets every row just once: the other may come back to one that failed again.
 */
static bool is_hurried(const struct courier_route *r, enum courier_lane_kind kind)
{
    return r->hurried && kind == COURIER_OLDEST;
}

static struct courier_busy *find_busy(struct courier *c, unsigned destination, int64_t photo)
{
    for (size_t i = 0; i < c->busy_count; i++) {
        if (c->busy[i].photo == photo && c->busy[i].destination == destination)
            return &c->busy[i];
    }
    return NULL;
}

static enum err read_lane(struct courier *c, const struct courier_ask *ask,
                          enum courier_lane_kind kind)
{
    struct courier_route *r = &c->routes[ask->destination];
    struct courier_lane *lane = &r->lanes[kind];
    bool any_time = r->forgiving || is_hurried(r, kind);
    struct wall now = any_time ? (struct wall){INT64_MAX} : ask->now;
    size_t count;
    enum err e =
        c->view->outbox_due(c->view->ctx, r->seen, ask->destination, now, kind == COURIER_NEWEST,
                            lane->bound, lane->rows, COURIER_LANE_ROWS, &count);
    if (e != ERR_OK)
        return e;
    lane->at = 0;
    lane->count = count;
    if (count == 0)
        lane->exhausted = true;
    else
        lane->bound = lane->rows[count - 1].photo.id;
    return ERR_OK;
}

static bool may_go(struct courier *c, const struct courier_ask *ask, enum courier_lane_kind kind,
                   const struct outbox_row *row)
{
    bool waits = row->due.ms > ask->now.ms && row->due.ms - ask->now.ms <= COURIER_WAIT_MAX_MS;
    waits = waits && !is_hurried(&c->routes[ask->destination], kind);
    return !waits && !row->dead && find_busy(c, ask->destination, row->photo.id) == NULL;
}

/* The next row that may go among what the lane has read; NULL at the end of that. */
static struct outbox_row *skip_to_next(struct courier *c, const struct courier_ask *ask,
                                       enum courier_lane_kind kind)
{
    struct courier_lane *lane = &c->routes[ask->destination].lanes[kind];
    while (lane->at < lane->count && !may_go(c, ask, kind, &lane->rows[lane->at]))
        lane->at++;
    return lane->at < lane->count ? &lane->rows[lane->at] : NULL;
}

/* The same, reading on if need be; NULL when the lane is at its end. */
static enum err peek(struct courier *c, const struct courier_ask *ask, enum courier_lane_kind kind,
                     struct outbox_row **out_row)
{
    struct courier_lane *lane = &c->routes[ask->destination].lanes[kind];
    *out_row = skip_to_next(c, ask, kind);
    while (*out_row == NULL && !lane->exhausted) {
        enum err e = read_lane(c, ask, kind);
        if (e != ERR_OK)
            return e;
        *out_row = skip_to_next(c, ask, kind);
    }
    return ERR_OK;
}

/* Among what the lane has read: while a destination is tried out, a photo that keeps failing must
 * not stand in the way of one that may succeed. */
static struct outbox_row *least_tried(struct courier *c, const struct courier_ask *ask,
                                      enum courier_lane_kind kind)
{
    struct courier_lane *lane = &c->routes[ask->destination].lanes[kind];
    struct outbox_row *best = &lane->rows[lane->at];
    for (size_t i = lane->at + 1; i < lane->count; i++) {
        if (lane->rows[i].tries < best->tries && may_go(c, ask, kind, &lane->rows[i]))
            best = &lane->rows[i];
    }
    return best;
}

static enum courier_lane_kind choose_lane(struct courier_route *r, const struct courier_ask *ask)
{
    if (ask->on_trial)
        return r->turn++ % 2 == 0 ? COURIER_NEWEST : COURIER_OLDEST;
    if (ask->parallel == 1)
        return r->turn++ % OLDEST_SHARE == OLDEST_SHARE - 1 ? COURIER_OLDEST : COURIER_NEWEST;
    unsigned share = ask->parallel < OLDEST_SHARE ? 1 : ask->parallel / OLDEST_SHARE;
    bool newest_flies = r->flying[COURIER_NEWEST] > 0;
    return newest_flies && r->flying[COURIER_OLDEST] < share ? COURIER_OLDEST : COURIER_NEWEST;
}

static void take(struct courier *c, const struct courier_ask *ask, enum courier_lane_kind kind,
                 struct outbox_row *row, struct outbox_row *out_row)
{
    *out_row = *row;
    c->busy[c->busy_count++] =
        (struct courier_busy){row->photo.id, ask->destination, kind, .flying = true};
    c->routes[ask->destination].flying[kind]++;
}

enum err courier_pick(struct courier *c, const struct courier_ask *ask, bool *out_found,
                      struct outbox_row *out_row)
{
    assert(ask->destination < DESTINATIONS_MAX && ask->parallel >= 1);
    *out_found = false;
    if (c->busy_count == COURIER_BUSY_MAX || !courier_going(c, ask->destination))
        return ERR_OK;

    enum courier_lane_kind kind = choose_lane(&c->routes[ask->destination], ask);
    struct outbox_row *row;
    enum err e = peek(c, ask, kind, &row);
    if (e == ERR_OK && row == NULL) {
        kind = kind == COURIER_NEWEST ? COURIER_OLDEST : COURIER_NEWEST;
        e = peek(c, ask, kind, &row);
    }
    if (e != ERR_OK || row == NULL)
        return e;
    if (ask->on_trial)
        row = least_tried(c, ask, kind);
    take(c, ask, kind, row, out_row);
    *out_found = true;
    return ERR_OK;
}

void courier_landed(struct courier *c, unsigned destination, int64_t photo)
{
    struct courier_busy *b = find_busy(c, destination, photo);
    if (b == NULL || !b->flying)
        return;
    b->flying = false;
    c->routes[destination].flying[b->lane]--;
}

/* What a lane read before the result was written is no longer true of that row. */
static void forget_row(struct courier_lane *lane, int64_t photo)
{
    for (size_t i = lane->at; i < lane->count; i++) {
        if (lane->rows[i].photo.id != photo)
            continue;
        memmove(&lane->rows[i], &lane->rows[i + 1], (lane->count - i - 1) * sizeof lane->rows[0]);
        lane->count--;
        return;
    }
}

void courier_release(struct courier *c, unsigned destination, int64_t photo)
{
    struct courier_busy *b = find_busy(c, destination, photo);
    if (b == NULL)
        return;
    courier_landed(c, destination, photo);
    *b = c->busy[--c->busy_count];
    for (int kind = 0; kind < COURIER_LANES; kind++)
        forget_row(&c->routes[destination].lanes[kind], photo);
}
