#include <stdio.h>
#include <string.h>

#include "test/fakes/relay/fake_state_model.h"

static struct fake_destination destination(const struct fake_state_model *m, size_t index)
{
    return *(const struct fake_destination *)m->destinations.items[index];
}

static void count_sent(struct fake_state_model *m, unsigned id)
{
    for (size_t i = 0; i < m->destinations.count; i++) {
        struct fake_destination d = destination(m, i);
        if (d.id != id)
            continue;
        d.sent++;
        fake_list_set(&m->destinations, i, &d, sizeof d);
    }
}

static void add_delivery(struct fake_state_model *m, unsigned id, int64_t photo)
{
    struct fake_delivery d = {.id = id, .photo = photo};
    fake_list_add(&m->deliveries, &d, sizeof d);
    for (size_t i = m->deliveries.count - 1; i > 0; i--) {
        void **items = m->deliveries.items;
        if (((const struct fake_delivery *)items[i - 1])->photo <= photo)
            break;
        void *swap = items[i];
        items[i] = items[i - 1];
        items[i - 1] = swap;
    }
}

void fake_state_owe(struct fake_state_model *m, const struct photo *p)
{
    size_t active = fake_model_active(m);
    for (size_t i = 0; i < active; i++) {
        unsigned id = fake_model_at(m, i)->id;
        if (p->sent_already || fake_model_imported(m, id, p->name))
            count_sent(m, id);
        else
            add_delivery(m, id, p->id);
    }
}

static int place_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0)
            return (int)i;
    }
    return -1;
}

static enum err check_names(const char *const *names, size_t count)
{
    if (count > DESTINATIONS_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);
        if (len == 0 || len >= DESTINATION_NAME_MAX || place_of(names[i], names, i) >= 0)
            return ERR_INPUT;
    }
    return ERR_OK;
}

static void owe_range(struct fake_state_model *m, unsigned id, int64_t first)
{
    struct fake_owed o = {id, first, m->mark.last_photo};
    if (o.first <= o.last)
        fake_list_add(&m->owed, &o, sizeof o);
}

static void add_destination(struct fake_state_model *m, const char *name, int place)
{
    /* Ids never come back here: a test names far fewer than there are bits. */
    struct fake_destination d = {.id = (unsigned)m->destinations.count, .place = place};
    (void)snprintf(d.name, sizeof d.name, "%s", name);
    fake_list_add(&m->destinations, &d, sizeof d);
    owe_range(m, d.id, 1);
}

static void set_places(struct fake_state_model *m, const char *const *names, size_t count)
{
    bool known[DESTINATIONS_MAX] = {false};
    for (size_t i = 0; i < m->destinations.count; i++) {
        struct fake_destination d = destination(m, i);
        int place = place_of(d.name, names, count);
        if (place >= 0)
            known[place] = true;
        if (place >= 0 && d.place < 0)
            owe_range(m, d.id, d.left_at + 1);
        if (place < 0 && d.place >= 0)
            d.left_at = m->mark.last_photo;
        d.place = place;
        fake_list_set(&m->destinations, i, &d, sizeof d);
    }
    for (size_t i = 0; i < count; i++) {
        if (!known[i])
            add_destination(m, names[i], (int)i);
    }
}

static enum err destinations_set(void *ctx, const char *const *names, size_t count)
{
    struct fake_state *f = ctx;
    enum err e = check_names(names, count);
    if (e == ERR_OK)
        e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    set_places(f->now, names, count);
    fake_state_leave(f);
    return ERR_OK;
}

static bool is_active(const struct fake_state_model *m, unsigned id)
{
    for (size_t i = 0; i < m->destinations.count; i++) {
        if (destination(m, i).id == id)
            return destination(m, i).place >= 0;
    }
    return false;
}

static size_t next_owed(const struct fake_state_model *m)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < m->owed.count; i++) {
        const struct fake_owed *o = m->owed.items[i];
        const struct fake_owed *b = best != SIZE_MAX ? m->owed.items[best] : NULL;
        if (is_active(m, o->id) &&
            (b == NULL || o->id < b->id || (o->id == b->id && o->first < b->first)))
            best = i;
    }
    return best;
}

/* One photo of the range, or the end of it. Answers how many photos it took. */
static unsigned fill_one(struct fake_state_model *m, size_t at)
{
    struct fake_owed o = *(const struct fake_owed *)m->owed.items[at];
    for (size_t i = 0; i < m->photos.count; i++) {
        const struct photo *p = m->photos.items[i];
        if (p->id < o.first || p->id > o.last)
            continue;
        if (fake_model_imported(m, o.id, p->name))
            count_sent(m, o.id);
        else
            add_delivery(m, o.id, p->id);
        o.first = p->id + 1;
        fake_list_set(&m->owed, at, &o, sizeof o);
        if (o.first > o.last)
            fake_list_remove(&m->owed, at);
        return 1;
    }
    fake_list_remove(&m->owed, at);
    return 0;
}

static enum err backfill(void *ctx, unsigned max, bool *out_more)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    size_t at = next_owed(f->now);
    while (at != SIZE_MAX && max > 0) {
        max -= fill_one(f->now, at);
        at = next_owed(f->now);
    }
    *out_more = at != SIZE_MAX;
    fake_state_leave(f);
    return ERR_OK;
}

static void note_result(struct fake_state_model *m, const struct delivery_result *r)
{
    const struct fake_destination *d =
        r->destination < DESTINATIONS_MAX ? fake_model_at(m, r->destination) : NULL;
    size_t at = d != NULL ? fake_model_delivery(m, d->id, r->photo) : SIZE_MAX;
    if (at == SIZE_MAX)
        return;
    struct fake_delivery changed = *(const struct fake_delivery *)m->deliveries.items[at];
    switch (r->outcome) {
    case DELIVERY_SENT:
        count_sent(m, d->id);
        fake_list_remove(&m->deliveries, at);
        return;
    case DELIVERY_WAITING:
        if (changed.dead)
            return;
        changed.result = *r;
        break;
    case DELIVERY_DEAD:
        changed.dead = true;
        changed.result = *r;
        changed.result.due.ms = 0;
        changed.result.ambiguous = false;
        break;
    }
    fake_list_set(&m->deliveries, at, &changed, sizeof changed);
}

static enum err deliveries_record(void *ctx, const struct delivery_result *results, size_t count)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++)
        note_result(f->now, &results[i]);
    fake_state_leave(f);
    return ERR_OK;
}

static enum err deliveries_retry(void *ctx, const char *name, uint64_t *out_count)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    struct fake_state_model *m = f->now;
    const struct photo *only = name != NULL ? fake_model_named(m, name) : NULL;
    *out_count = 0;
    for (size_t i = 0; i < m->deliveries.count && *out_count < STATE_STEP_MAX; i++) {
        const struct fake_delivery *d = m->deliveries.items[i];
        bool meant = name == NULL || (only != NULL && only->id == d->photo);
        if (!d->dead || !meant || !is_active(m, d->id))
            continue;
        struct fake_delivery fresh = {.id = d->id, .photo = d->photo};
        fake_list_set(&m->deliveries, i, &fresh, sizeof fresh);
        ++*out_count;
    }
    fake_state_leave(f);
    return ERR_OK;
}

static void import_name(struct fake_state_model *m, const char *name, uint64_t bits)
{
    struct fake_import known = {.destinations = bits};
    (void)snprintf(known.name, sizeof known.name, "%s", name);
    for (size_t i = 0; i < m->imported.count; i++) {
        const struct fake_import *old = m->imported.items[i];
        if (strcmp(old->name, name) != 0)
            continue;
        known.destinations |= old->destinations;
        fake_list_set(&m->imported, i, &known, sizeof known);
        return;
    }
    fake_list_add(&m->imported, &known, sizeof known);
}

static void import_one(struct fake_state_model *m, const char *name)
{
    const struct photo *p = fake_model_named(m, name);
    uint64_t bits = 0;
    for (size_t i = 0; i < fake_model_active(m); i++) {
        unsigned id = fake_model_at(m, i)->id;
        bits |= (uint64_t)1 << id;
        size_t at = p != NULL ? fake_model_delivery(m, id, p->id) : SIZE_MAX;
        if (at == SIZE_MAX)
            continue;
        fake_list_remove(&m->deliveries, at);
        count_sent(m, id);
    }
    import_name(m, name, bits);
}

static enum err sent_import(void *ctx, const char *const *names, size_t count)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++)
        import_one(f->now, names[i]);
    fake_state_leave(f);
    return ERR_OK;
}

static enum err sent_known(void *ctx, const char *name, bool *out_known)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    *out_known = false;
    for (size_t i = 0; i < f->now->imported.count; i++) {
        const struct fake_import *known = f->now->imported.items[i];
        if (strcmp(known->name, name) == 0)
            *out_known = known->destinations != 0;
    }
    fake_state_leave(f);
    return ERR_OK;
}

void fake_state_outbox_calls(struct state *s)
{
    s->destinations_set = destinations_set;
    s->backfill = backfill;
    s->deliveries_record = deliveries_record;
    s->deliveries_retry = deliveries_retry;
    s->sent_import = sent_import;
    s->sent_known = sent_known;
}
