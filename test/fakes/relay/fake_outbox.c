#include "test/fakes/relay/fake_outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "test/fakes/lib/fake_clock.h"

static bool is_due(const struct fake_outbox_row *r, int64_t seen, unsigned destination,
                   struct wall now)
{
    return r->place == FAKE_OUTBOX_PENDING && r->row.destination == destination &&
           r->row.photo.id <= seen && r->row.due.ms <= now.ms;
}

static enum err outbox_due(void *ctx, int64_t seen, unsigned destination, struct wall now,
                           bool newest_first, int64_t bound, struct outbox_row *out_rows,
                           size_t cap, size_t *out_count)
{
    struct fake_outbox *o = ctx;
    o->reads++;
    if (o->fail_reads > 0) {
        o->fail_reads--;
        return ERR_IO;
    }
    size_t n = 0;
    for (size_t i = 0; i < o->count && n < cap; i++) {
        const struct fake_outbox_row *r = &o->rows[newest_first ? o->count - 1 - i : i];
        bool beyond = newest_first ? r->row.photo.id < bound : r->row.photo.id > bound;
        if (beyond && is_due(r, seen, destination, now))
            out_rows[n++] = r->row;
    }
    *out_count = n;
    return ERR_OK;
}

static enum err sent_names(void *ctx, int64_t seen, bool (*each)(void *arg, const char *name),
                           void *arg)
{
    struct fake_outbox *o = ctx;
    if (o->fail_reads > 0) {
        o->fail_reads--;
        return ERR_IO;
    }
    for (size_t i = 0; i < o->count; i++) {
        const struct fake_outbox_row *r = &o->rows[i];
        if (o->clock != NULL)
            fake_clock_advance(o->clock, o->slow_by_ms);
        if (r->place == FAKE_OUTBOX_SENT && r->row.photo.id <= seen &&
            !each(arg, r->row.photo.name))
            break;
    }
    return ERR_OK;
}

void fake_outbox_init(struct fake_outbox *o)
{
    *o = (struct fake_outbox){
        .view = {.ctx = o, .outbox_due = outbox_due, .sent_names = sent_names}};
}

void fake_outbox_deinit(struct fake_outbox *o)
{
    free(o->rows);
    *o = (struct fake_outbox){0};
}

void fake_outbox_add(struct fake_outbox *o, const struct photo *photo, unsigned destination)
{
    assert(o->count == 0 || o->rows[o->count - 1].row.photo.id <= photo->id);
    if (o->count == o->cap) {
        o->cap = o->cap == 0 ? 64 : 2 * o->cap;
        o->rows = realloc(o->rows, o->cap * sizeof *o->rows);
        assert(o->rows != NULL);
    }
    struct fake_outbox_row *r = &o->rows[o->count++];
    *r = (struct fake_outbox_row){.place = FAKE_OUTBOX_PENDING};
    r->row.photo = *photo;
    r->row.destination = destination;
}

struct fake_outbox_row *fake_outbox_find(struct fake_outbox *o, int64_t photo, unsigned destination)
{
    size_t low = 0, high = o->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (o->rows[middle].row.photo.id < photo)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < o->count && o->rows[low].row.photo.id == photo; low++) {
        if (o->rows[low].row.destination == destination)
            return &o->rows[low];
    }
    return NULL;
}

static void record(struct fake_outbox *o, const struct delivery_result *w)
{
    struct fake_outbox_row *r = fake_outbox_find(o, w->photo, w->destination);
    if (r == NULL || r->place != FAKE_OUTBOX_PENDING) {
        o->strange_results++;
        return;
    }
    r->row.tries = w->tries;
    r->row.due = w->due;
    r->row.ambiguous = w->ambiguous;
    memcpy(r->row.error, w->error, sizeof r->row.error);
    switch (w->outcome) {
    case DELIVERY_SENT: r->place = FAKE_OUTBOX_SENT; return;
    case DELIVERY_WAITING: return;
    case DELIVERY_DEAD: r->place = FAKE_OUTBOX_DEAD; return;
    }
}

void fake_outbox_record(struct fake_outbox *o, const struct delivery_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        record(o, &results[i]);
}

size_t fake_outbox_count(const struct fake_outbox *o, enum fake_outbox_place place)
{
    size_t n = 0;
    for (size_t i = 0; i < o->count; i++)
        n += o->rows[i].place == place;
    return n;
}
