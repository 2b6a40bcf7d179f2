#include "test/fakes/relay/fake_state_model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void grow(struct fake_list *l)
{
    if (l->count < l->cap)
        return;
    l->cap = l->cap > 0 ? l->cap * 2 : 8;
    l->items = realloc(l->items, l->cap * sizeof *l->items);
    assert(l->items != NULL);
}

static void *record_new(struct fake_list *l, const void *record, size_t size)
{
    void *copy = malloc(size);
    assert(copy != NULL);
    memcpy(copy, record, size);
    grow(l->records);
    l->records->items[l->records->count++] = copy;
    return copy;
}

void fake_list_add(struct fake_list *l, const void *record, size_t size)
{
    grow(l);
    l->items[l->count++] = record_new(l, record, size);
}

void fake_list_set(struct fake_list *l, size_t at, const void *record, size_t size)
{
    assert(at < l->count);
    l->items[at] = record_new(l, record, size);
}

void fake_list_remove(struct fake_list *l, size_t at)
{
    assert(at < l->count);
    l->count--;
    memmove(&l->items[at], &l->items[at + 1], (l->count - at) * sizeof *l->items);
}

/* All lists of a model, so that copying and freeing forget none. */
static size_t lists_of(struct fake_state_model *m, struct fake_list *out[9])
{
    struct fake_list *lists[] = {&m->photos,       &m->keys,       &m->bases,
                                 &m->destinations, &m->deliveries, &m->owed,
                                 &m->imported,     &m->cameras,    &m->boots};
    memcpy(out, lists, sizeof lists);
    return sizeof lists / sizeof lists[0];
}

struct fake_state_model *fake_model_new(struct fake_list *records)
{
    struct fake_state_model *m = calloc(1, sizeof *m);
    assert(m != NULL);
    struct fake_list *lists[9];
    size_t count = lists_of(m, lists);
    for (size_t i = 0; i < count; i++)
        lists[i]->records = records;
    m->mark.rebuilt = true;
    m->mark.clean = true;
    return m;
}

struct fake_state_model *fake_model_copy(const struct fake_state_model *m)
{
    struct fake_state_model *copy = malloc(sizeof *copy);
    assert(copy != NULL);
    *copy = *m;
    struct fake_list *lists[9];
    size_t count = lists_of(copy, lists);
    for (size_t i = 0; i < count; i++) {
        void **items = malloc((lists[i]->cap + 1) * sizeof *items);
        assert(items != NULL);
        if (lists[i]->count > 0)
            memcpy(items, lists[i]->items, lists[i]->count * sizeof *items);
        lists[i]->items = items;
    }
    return copy;
}

void fake_model_free(struct fake_state_model *m)
{
    if (m == NULL)
        return;
    struct fake_list *lists[9];
    size_t count = lists_of(m, lists);
    for (size_t i = 0; i < count; i++)
        free(lists[i]->items);
    free(m);
}

const struct photo *fake_model_photo(const struct fake_state_model *m, int64_t id)
{
    size_t low = 0, high = m->photos.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct photo *p = m->photos.items[middle];
        if (p->id == id)
            return p;
        if (p->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct photo *fake_model_named(const struct fake_state_model *m, const char *name)
{
    for (size_t i = 0; i < m->photos.count; i++) {
        const struct photo *p = m->photos.items[i];
        if (strcmp(p->name, name) == 0)
            return p;
    }
    return NULL;
}

const struct fake_destination *fake_model_at(const struct fake_state_model *m, size_t place)
{
    for (size_t i = 0; i < m->destinations.count; i++) {
        const struct fake_destination *d = m->destinations.items[i];
        if (d->place == (int)place)
            return d;
    }
    return NULL;
}

size_t fake_model_active(const struct fake_state_model *m)
{
    size_t active = 0;
    while (active < DESTINATIONS_MAX && fake_model_at(m, active) != NULL)
        active++;
    return active;
}

bool fake_model_imported(const struct fake_state_model *m, unsigned id, const char *name)
{
    for (size_t i = 0; i < m->imported.count; i++) {
        const struct fake_import *known = m->imported.items[i];
        if (strcmp(known->name, name) == 0)
            return (known->destinations >> id & 1) != 0;
    }
    return false;
}

size_t fake_model_delivery(const struct fake_state_model *m, unsigned id, int64_t photo)
{
    for (size_t i = 0; i < m->deliveries.count; i++) {
        const struct fake_delivery *d = m->deliveries.items[i];
        if (d->id == id && d->photo == photo)
            return i;
    }
    return SIZE_MAX;
}

bool fake_model_owes(const struct fake_state_model *m, unsigned id, int64_t photo)
{
    for (size_t i = 0; i < m->owed.count; i++) {
        const struct fake_owed *o = m->owed.items[i];
        if (o->id == id && o->first <= photo && photo <= o->last)
            return true;
    }
    return false;
}
