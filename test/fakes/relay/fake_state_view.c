#include <string.h>

#include "test/fakes/relay/fake_state_model.h"

static const struct fake_state_model *enter(void *ctx)
{
    struct fake_state *f = ctx;
    (void)pthread_mutex_lock(&f->lock);
    return f->now;
}

static enum delivery_state delivery(const struct fake_state_model *m, size_t place, int64_t photo)
{
    const struct fake_destination *d = fake_model_at(m, place);
    if (d == NULL)
        return DELIVERY_STATE_NONE;
    size_t at = fake_model_delivery(m, d->id, photo);
    if (at == SIZE_MAX)
        return fake_model_owes(m, d->id, photo) ? DELIVERY_STATE_PENDING : DELIVERY_STATE_SENT;
    bool dead = ((const struct fake_delivery *)m->deliveries.items[at])->dead;
    return dead ? DELIVERY_STATE_DEAD : DELIVERY_STATE_PENDING;
}

static void fill_row(const struct fake_state_model *m, const struct photo *p,
                     struct listed_photo *out)
{
    out->photo = *p;
    for (size_t i = 0; i < DESTINATIONS_MAX; i++)
        out->deliveries[i] = delivery(m, i, p->id);
}

/* NOLINTNEXTLINE(readability-function-size): the interface has these parameters */
static enum err list(void *ctx, int64_t seen, int64_t before, const char *camera,
                     struct listed_photo *out_rows, size_t cap, size_t *out_count)
{
    const struct fake_state_model *m = enter(ctx);
    size_t count = 0;
    for (size_t i = m->photos.count; i > 0 && count < cap; i--) {
        const struct photo *p = m->photos.items[i - 1];
        if (p->id <= seen && p->id < before && (camera == NULL || strcmp(camera, p->camera) == 0))
            fill_row(m, p, &out_rows[count++]);
    }
    *out_count = count;
    fake_state_leave(ctx);
    return ERR_OK;
}

static enum err by_name(void *ctx, int64_t seen, const char *name, bool *out_found,
                        struct listed_photo *out_row)
{
    const struct fake_state_model *m = enter(ctx);
    const struct photo *p = fake_model_named(m, name);
    *out_found = p != NULL && p->id <= seen;
    if (*out_found)
        fill_row(m, p, out_row);
    fake_state_leave(ctx);
    return ERR_OK;
}

static void count_deliveries(const struct fake_state_model *m, int64_t seen, size_t place,
                             struct state_counts *out)
{
    const struct fake_destination *d = fake_model_at(m, place);
    for (size_t i = 0; i < m->deliveries.count; i++) {
        const struct fake_delivery *row = m->deliveries.items[i];
        if (row->id != d->id || row->photo > seen)
            continue;
        out->dead[place] += row->dead ? 1 : 0;
        out->pending[place] += row->dead ? 0 : 1;
        if (!row->dead && out->oldest_pending[place].ms == 0)
            out->oldest_pending[place] = fake_model_photo(m, row->photo)->received;
    }
    out->sent[place] = d->sent;
    for (size_t i = 0; i < m->photos.count; i++) {
        const struct photo *p = m->photos.items[i];
        if (p->id > seen && delivery(m, place, p->id) == DELIVERY_STATE_SENT)
            out->sent[place]--;
    }
}

static enum err counts(void *ctx, int64_t seen, struct state_counts *out_counts)
{
    const struct fake_state_model *m = enter(ctx);
    *out_counts = (struct state_counts){0};
    for (size_t i = 0; i < m->photos.count; i++) {
        const struct photo *p = m->photos.items[i];
        if (p->id > seen)
            continue;
        out_counts->stored++;
        out_counts->bytes += p->size_bytes;
    }
    for (size_t i = 0; i < fake_model_active(m); i++)
        count_deliveries(m, seen, i, out_counts);
    fake_state_leave(ctx);
    return ERR_OK;
}

static enum err cameras(void *ctx, struct camera_row *out_rows, size_t cap, size_t *out_count)
{
    const struct fake_state_model *m = enter(ctx);
    const char *last = NULL;
    size_t count = 0;
    while (count < cap) {
        const struct camera_row *next = NULL;
        for (size_t i = 0; i < m->cameras.count; i++) {
            const struct camera_row *row = m->cameras.items[i];
            if ((last == NULL || strcmp(row->camera, last) > 0) &&
                (next == NULL || strcmp(row->camera, next->camera) < 0))
                next = row;
        }
        if (next == NULL)
            break;
        out_rows[count++] = *next;
        last = out_rows[count - 1].camera;
    }
    *out_count = count;
    fake_state_leave(ctx);
    return ERR_OK;
}

static void fill_outbox(const struct fake_state_model *m, const struct fake_delivery *d,
                        size_t place, struct outbox_row *out)
{
    *out = (struct outbox_row){
        .photo = *fake_model_photo(m, d->photo),
        .destination = (unsigned)place,
        .tries = d->result.tries,
        .due = d->result.due,
        .ambiguous = d->result.ambiguous,
        .dead = d->dead,
    };
    memcpy(out->error, d->result.error, sizeof out->error);
}

static bool is_due(const struct fake_delivery *d, unsigned id, int64_t seen, struct wall now)
{
    return d->id == id && !d->dead && d->photo <= seen && d->result.due.ms <= now.ms;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has these parameters */
static enum err outbox_due(void *ctx, int64_t seen, unsigned destination, struct wall now,
                           bool newest_first, int64_t bound, struct outbox_row *out_rows,
                           size_t cap, size_t *out_count)
{
    const struct fake_state_model *m = enter(ctx);
    const struct fake_destination *to =
        destination < DESTINATIONS_MAX ? fake_model_at(m, destination) : NULL;
    size_t count = 0;
    for (size_t i = 0; to != NULL && i < m->deliveries.count && count < cap; i++) {
        size_t at = newest_first ? m->deliveries.count - 1 - i : i;
        const struct fake_delivery *d = m->deliveries.items[at];
        bool within = newest_first ? d->photo < bound : d->photo > bound;
        if (within && is_due(d, to->id, seen, now))
            fill_outbox(m, d, destination, &out_rows[count++]);
    }
    *out_count = count;
    fake_state_leave(ctx);
    return ERR_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has these parameters */
static enum err outbox_list(void *ctx, int64_t seen, bool dead_only, int64_t after,
                            struct outbox_row *out_rows, size_t cap, size_t *out_count)
{
    const struct fake_state_model *m = enter(ctx);
    size_t count = 0;
    for (size_t i = 0; i < m->photos.count && cap - count >= DESTINATIONS_MAX; i++) {
        const struct photo *p = m->photos.items[i];
        for (size_t place = 0; p->id > after && p->id <= seen && place < DESTINATIONS_MAX;
             place++) {
            const struct fake_destination *to = fake_model_at(m, place);
            size_t at = to != NULL ? fake_model_delivery(m, to->id, p->id) : SIZE_MAX;
            if (at == SIZE_MAX)
                continue;
            const struct fake_delivery *d = m->deliveries.items[at];
            if (d->dead || !dead_only)
                fill_outbox(m, d, place, &out_rows[count++]);
        }
    }
    *out_count = count;
    fake_state_leave(ctx);
    return ERR_OK;
}

static bool is_delivered(const struct fake_state_model *m, int64_t photo)
{
    bool delivered = true;
    for (size_t i = 0; i < DESTINATIONS_MAX; i++) {
        enum delivery_state d = delivery(m, i, photo);
        delivered = delivered && (d == DELIVERY_STATE_NONE || d == DELIVERY_STATE_SENT);
    }
    return delivered;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has these parameters */
static enum err oldest_sent(void *ctx, int64_t seen, int64_t *io_after, const char *camera,
                            struct photo *out_rows, size_t cap, size_t *out_count)
{
    const struct fake_state_model *m = enter(ctx);
    size_t count = 0, looked = 0, i = 0;
    for (; i < m->photos.count && count < cap && looked < STATE_LOOK_MAX; i++) {
        const struct photo *p = m->photos.items[i];
        if (p->id <= *io_after || p->id > seen || (camera && strcmp(camera, p->camera) != 0))
            continue;
        looked++;
        *io_after = p->id;
        if (is_delivered(m, p->id))
            out_rows[count++] = *p;
    }
    if (count < cap && looked < STATE_LOOK_MAX)
        *io_after = INT64_MAX;
    *out_count = count;
    fake_state_leave(ctx);
    return ERR_OK;
}

static bool tell_all_have(const struct fake_state_model *m, const char *name)
{
    bool all = true;
    for (size_t i = 0; i < fake_model_active(m); i++)
        all = all && fake_model_imported(m, fake_model_at(m, i)->id, name);
    return all;
}

/* The imported name that comes next, byte by byte. */
static const struct fake_import *next_import(const struct fake_state_model *m, const char *after)
{
    const struct fake_import *best = NULL;
    for (size_t i = 0; i < m->imported.count; i++) {
        const struct fake_import *known = m->imported.items[i];
        if (strcmp(known->name, after) > 0 && tell_all_have(m, known->name) &&
            (best == NULL || strcmp(known->name, best->name) < 0))
            best = known;
    }
    return best;
}

static bool is_imported(const struct fake_state_model *m, const char *name)
{
    for (size_t i = 0; i < m->imported.count; i++) {
        if (strcmp(((const struct fake_import *)m->imported.items[i])->name, name) == 0)
            return tell_all_have(m, name);
    }
    return false;
}

static enum err sent_names(void *ctx, int64_t seen, bool (*each)(void *arg, const char *name),
                           void *arg)
{
    struct fake_state_model *m = fake_model_copy(enter(ctx));
    fake_state_leave(ctx);
    bool more = true;
    const struct fake_import *known = next_import(m, "");
    for (; more && known != NULL; known = next_import(m, known->name))
        more = each(arg, known->name);
    for (size_t i = 0; more && fake_model_active(m) > 0 && i < m->photos.count; i++) {
        const struct photo *p = m->photos.items[i];
        if (p->id <= seen && is_delivered(m, p->id) && !is_imported(m, p->name))
            more = each(arg, p->name);
    }
    fake_model_free(m);
    return ERR_OK;
}

static void close_view(void *ctx)
{
    (void)ctx;
}

void fake_state_view_open(struct fake_state *f, struct state_view *out_view)
{
    *out_view = (struct state_view){
        .ctx = f,
        .list = list,
        .by_name = by_name,
        .counts = counts,
        .cameras = cameras,
        .outbox_due = outbox_due,
        .outbox_list = outbox_list,
        .oldest_sent = oldest_sent,
        .sent_names = sent_names,
        .close = close_view,
    };
}
