#include "relay/logic/retention.h"

#include <assert.h>
#include <string.h>

static uint64_t slack_above(uint64_t floor)
{
    uint64_t slack = floor / RETENTION_SLACK_PARTS;
    return slack > RETENTION_SLACK_BYTES ? slack : RETENTION_SLACK_BYTES;
}

uint64_t retention_floor(const struct retention_rules *rules, struct fs_space space)
{
    if (space.total_bytes == 0)
        return 0;
    uint64_t share = space.total_bytes / 100 * rules->floor_percent;
    return share > rules->floor_bytes ? share : rules->floor_bytes;
}

/* Without overflow, whatever a sender says it will send. */
static bool is_free(struct fs_space space, uint64_t kept, uint64_t wanted)
{
    return space.free_bytes >= kept && space.free_bytes - kept >= wanted;
}

bool retention_has_room(const struct retention_rules *rules, struct fs_space space, uint64_t bytes,
                        bool *io_refusing)
{
    if (space.total_bytes == 0)
        return true; /* the disk itself will say */
    uint64_t floor = retention_floor(rules, space);
    uint64_t kept = *io_refusing ? floor + slack_above(floor) : floor;
    bool room = is_free(space, kept, bytes);
    /* One large upload that does not fit says nothing about the next small one. */
    if (room || !is_free(space, floor, 0))
        *io_refusing = !room;
    return room;
}

/* How many bytes have to go to keep the floor; 0 = none. Begins before uploads are refused, and
 * once begun goes on until it lasts for a while. */
static uint64_t floor_excess(struct retention *r, const struct retention_rules *rules,
                             struct fs_space space)
{
    uint64_t floor = retention_floor(rules, space);
    uint64_t slack = slack_above(floor);
    uint64_t enough = floor + (r->making_room ? 2 * slack : slack);
    r->making_room = rules->make_room && space.total_bytes != 0 && space.free_bytes < enough;
    return r->making_room ? floor + 2 * slack - space.free_bytes : 0;
}

static uint64_t excess(uint64_t bytes, uint64_t limit)
{
    return limit != 0 && bytes > limit ? bytes - limit : 0;
}

/* Adds photos until `bytes` are reached. */
static void take(struct retention_plan *plan, const struct photo *found, size_t count,
                 uint64_t bytes)
{
    uint64_t taken = 0;
    for (size_t i = 0; i < count && taken < bytes; i++) {
        plan->photos[plan->count++] = found[i];
        taken += found[i].size_bytes;
    }
    plan->more = taken < bytes;
}

static enum err oldest(const struct retention_look *look, const char *camera, int64_t *io_after,
                       struct photo out[RETENTION_STEP_MAX], size_t *out_count)
{
    const struct state_view *v = look->view;
    return v->oldest_sent(v->ctx, look->seen, io_after, camera, out, RETENTION_STEP_MAX, out_count);
}

/* The oldest sent photos of all cameras. The search is bounded: if it met none it goes on where it
 * stopped, and begins anew at the end. If it met some it looks there again: they will be gone. */
static enum err plan_oldest(struct retention *r, const struct retention_look *look, uint64_t bytes,
                            struct retention_plan *plan)
{
    struct photo found[RETENTION_STEP_MAX];
    size_t count = 0;
    int64_t after = r->after;
    enum err e = oldest(look, NULL, &after, found, &count);
    if (e != ERR_OK)
        return e;
    take(plan, found, count, bytes);
    r->exhausted = false;
    if (count > 0) {
        r->met_sent = true;
    } else if (after != INT64_MAX) {
        r->after = after;
    } else {
        r->exhausted = !r->met_sent;
        r->met_sent = false;
        r->after = 0;
    }
    plan->more = plan->more && !r->exhausted;
    return ERR_OK;
}

/* The oldest photos somebody still waits for: for the owner who wants room at that price. */
static enum err plan_unsent(const struct retention_look *look, uint64_t bytes,
                            struct retention_plan *plan)
{
    static const int64_t START = 0;
    struct outbox_row rows[DESTINATIONS_MAX * 2];
    const struct state_view *v = look->view;
    size_t count = 0, found = 0;
    struct photo photos[sizeof rows / sizeof rows[0]];
    enum err e = v->outbox_list(v->ctx, look->seen, false, START, rows,
                                sizeof rows / sizeof rows[0], &count);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++) {
        if (found == 0 || photos[found - 1].id != rows[i].photo.id)
            photos[found++] = rows[i].photo;
    }
    take(plan, photos, found, bytes);
    plan->unsent = true;
    plan->more = plan->more && found > 0;
    return ERR_OK;
}

static enum err plan_floor(struct retention *r, const struct retention_rules *rules,
                           const struct retention_look *look, uint64_t bytes,
                           struct retention_plan *plan)
{
    enum err e = plan_oldest(r, look, bytes, plan);
    if (e != ERR_OK || plan->count > 0 || !r->exhausted || !rules->overwrite_unsent)
        return e;
    return plan_unsent(look, bytes, plan);
}

static enum err plan_quota(struct retention *r, const struct retention_rules *rules,
                           const struct retention_look *look, struct retention_plan *plan)
{
    const struct state_view *v = look->view;
    size_t cameras = 0;
    enum err e = v->cameras(v->ctx, r->cameras, RETENTION_CAMERAS_MAX, &cameras);
    for (size_t i = 0; e == ERR_OK && i < cameras && plan->count == 0; i++) {
        struct photo found[RETENTION_STEP_MAX];
        uint64_t bytes = excess(r->cameras[i].bytes, rules->camera_bytes);
        size_t count = 0;
        int64_t after = 0;
        if (bytes > 0)
            e = oldest(look, r->cameras[i].camera, &after, found, &count);
        if (e == ERR_OK && bytes > 0)
            take(plan, found, count, bytes);
    }
    plan->more = plan->count > 0; /* perhaps of another camera */
    return e;
}

/* Takes the old ones of a page; answers how many bear a time that is still to come. */
static size_t take_old(const struct retention_rules *rules, struct wall now,
                       const struct photo *found, size_t count, struct retention_plan *plan)
{
    size_t strange = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t age_ms = (uint64_t)(now.ms - found[i].received.ms);
        if (found[i].received.ms > now.ms)
            strange++;
        else if (age_ms > rules->max_age_ms)
            plan->photos[plan->count++] = found[i];
    }
    return strange;
}

/* Order is by receipt number, so a page without an old one ends the search; unless it holds photos
 * from a time when the clock was wrong: they must not stand in the way of those behind them. */
static enum err plan_age(const struct retention_rules *rules, const struct retention_look *look,
                         struct retention_plan *plan)
{
    struct photo found[RETENTION_STEP_MAX];
    int64_t after = 0;
    enum err e = ERR_OK;
    size_t strange = 1;
    for (unsigned page = 0; page < RETENTION_PAGES_MAX && strange > 0 && plan->count == 0; page++) {
        size_t count = 0;
        e = oldest(look, NULL, &after, found, &count);
        if (e != ERR_OK)
            return e;
        strange = take_old(rules, look->now, found, count, plan);
    }
    plan->more = plan->count > 0;
    return e;
}

static enum err plan_total(struct retention *r, const struct retention_rules *rules,
                           const struct retention_look *look, struct retention_plan *plan)
{
    struct state_counts counts;
    enum err e = look->view->counts(look->view->ctx, look->seen, &counts);
    uint64_t bytes = e == ERR_OK ? excess(counts.bytes, rules->max_bytes) : 0;
    return bytes > 0 ? plan_oldest(r, look, bytes, plan) : e;
}

enum err retention_plan(struct retention *r, const struct retention_rules *rules,
                        const struct retention_look *look, struct retention_plan *out_plan)
{
    *out_plan = (struct retention_plan){0};
    enum err e = ERR_OK;
    uint64_t bytes = floor_excess(r, rules, look->space);
    if (bytes > 0) {
        out_plan->reason = RETENTION_FLOOR;
        e = plan_floor(r, rules, look, bytes, out_plan);
    }
    if (e == ERR_OK && out_plan->count == 0 && !out_plan->more && rules->max_bytes != 0) {
        out_plan->reason = RETENTION_TOTAL;
        e = plan_total(r, rules, look, out_plan);
    }
    if (e == ERR_OK && out_plan->count == 0 && !out_plan->more && rules->camera_bytes != 0) {
        out_plan->reason = RETENTION_QUOTA;
        e = plan_quota(r, rules, look, out_plan);
    }
    if (e == ERR_OK && out_plan->count == 0 && !out_plan->more && rules->max_age_ms != 0 &&
        look->now.ms > 0) {
        out_plan->reason = RETENTION_AGE;
        e = plan_age(rules, look, out_plan);
    }
    if (out_plan->count == 0)
        out_plan->reason = RETENTION_NONE;
    return e;
}

/* Is it still the photo that was planned, and what does deleting it cost now? */
static enum err check(const struct retention_tools *t, const struct photo *p, bool *out_there,
                      bool *out_owed)
{
    struct listed_photo row;
    enum err e = t->view->by_name(t->view->ctx, t->seen, p->name, out_there, &row);
    *out_there = e == ERR_OK && *out_there && row.photo.id == p->id;
    *out_owed = false;
    for (size_t i = 0; *out_there && i < DESTINATIONS_MAX; i++)
        *out_owed = *out_owed || row.deliveries[i] == DELIVERY_STATE_PENDING ||
                    row.deliveries[i] == DELIVERY_STATE_DEAD;
    return e;
}

static enum err choose(const struct retention_plan *plan, const struct retention_tools *t,
                       struct photo const *chosen[RETENTION_STEP_MAX], size_t *out_count,
                       struct retention_done *done)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct photo *p = &plan->photos[i];
        bool there = false, owed = false;
        enum err e = check(t, p, &there, &owed);
        if (e == ERR_OK && there && (plan->unsent || !owed) && p->key[0] != '\0')
            e = t->remember(t->ctx, p);
        if (e != ERR_OK)
            return e;
        if (!there || (owed && !plan->unsent))
            continue;
        chosen[(*out_count)++] = p;
        done->deleted++;
        done->bytes += p->size_bytes;
        done->lost += owed ? 1 : 0;
    }
    return ERR_OK;
}

enum err retention_carry_out(const struct retention_plan *plan, const struct retention_tools *tools,
                             struct retention_done *out_done)
{
    assert(plan->count <= RETENTION_STEP_MAX);
    struct photo const *chosen[RETENTION_STEP_MAX];
    int64_t ids[RETENTION_STEP_MAX];
    struct retention_done done = {0};
    size_t count = 0;
    enum err e = choose(plan, tools, chosen, &count, &done);
    if (e != ERR_OK || count == 0) {
        *out_done = (struct retention_done){0};
        return e;
    }
    for (size_t i = 0; i < count; i++)
        ids[i] = chosen[i]->id;
    /* The row first: a file without a row is found again and adopted, a row without its file would
     * be a photo that cannot be shown. */
    e = tools->state->photos_forget(tools->state->ctx, ids, count, true);
    *out_done = e == ERR_OK ? done : (struct retention_done){0};
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++) {
        enum err e_remove = tools->fs->remove(tools->fs->ctx, chosen[i]->name);
        if (e == ERR_OK)
            e = e_remove;
    }
    return e;
}
