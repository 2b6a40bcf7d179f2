#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "relay/port/sqlite_private.h"

/* Binds what most statements here begin with. */
static void bind_row(struct sqlite_writer *w, int statement, int id, int64_t photo)
{
    sqlite_int(&w->conn, statement, 1, id);
    sqlite_int(&w->conn, statement, 2, photo);
}

static enum err remove_row(struct sqlite_writer *w, int statement, int id, int64_t photo,
                           bool *out_removed)
{
    bind_row(w, statement, id, photo);
    enum err e = sqlite_run(&w->conn, statement);
    *out_removed = e == ERR_OK && sqlite3_changes(w->conn.handle) > 0;
    return e;
}

/* Takes a delivery out of the outbox or from among the dead. */
static enum err take_out(struct sqlite_writer *w, int id, int64_t photo, bool *out_was_there)
{
    enum err e = remove_row(w, W_OUTBOX_REMOVE, id, photo, out_was_there);
    if (*out_was_there)
        --*sqlite_number(w, id, NUMBER_PENDING);
    if (e != ERR_OK || *out_was_there)
        return e;
    if (*sqlite_number(w, id, NUMBER_DEAD) == 0)
        return ERR_OK;
    e = remove_row(w, W_DEAD_REMOVE, id, photo, out_was_there);
    if (*out_was_there)
        --*sqlite_number(w, id, NUMBER_DEAD);
    return e;
}

static enum err add_row(struct sqlite_writer *w, int id, int64_t photo)
{
    bind_row(w, W_OUTBOX_ADD, id, photo);
    enum err e = sqlite_run(&w->conn, W_OUTBOX_ADD);
    if (e == ERR_OK && sqlite3_changes(w->conn.handle) > 0)
        ++*sqlite_number(w, id, NUMBER_PENDING);
    return e;
}

/* Bits of the destinations that had this name before we kept books. */
static enum err imported_for(struct sqlite_writer *w, const char *name, int64_t *out_bits)
{
    *out_bits = 0;
    if (w->numbers[NUMBER_IMPORTED] == 0)
        return ERR_OK;
    sqlite_text(&w->conn, W_IMPORT_FIND, 1, name);
    bool found = false;
    enum err e = sqlite_row(&w->conn, W_IMPORT_FIND, &found);
    if (found) {
        *out_bits = sqlite_get(&w->conn, W_IMPORT_FIND, 0);
        sqlite_done(&w->conn, W_IMPORT_FIND);
    }
    return e;
}

enum err sqlite_outbox_owe(struct sqlite_writer *w, const struct photo *p)
{
    if (w->active == 0)
        return ERR_OK;
    int64_t had = 0;
    enum err e = p->sent_already ? ERR_OK : imported_for(w, p->name, &had);
    for (size_t i = 0; e == ERR_OK && i < w->active; i++) {
        int id = w->ids[i];
        if (p->sent_already || (had >> id & 1) != 0)
            ++*sqlite_number(w, id, NUMBER_SENT);
        else
            e = add_row(w, id, p->id);
    }
    return e;
}

enum err sqlite_outbox_forget(struct sqlite_writer *w, int64_t photo)
{
    enum err e = ERR_OK;
    for (int id = 0; e == ERR_OK && id < KNOWN_MAX; id++) {
        bool there = false;
        if (w->destinations[id].name[0] != '\0')
            e = take_out(w, id, photo, &there);
    }
    return e;
}

/* Which destinations there are. */

static void list_active(struct sqlite_writer *w)
{
    w->active = 0;
    for (int id = 0; id < KNOWN_MAX; id++) {
        int place = w->destinations[id].place;
        if (w->destinations[id].name[0] == '\0' || place < 0 || place >= DESTINATIONS_MAX)
            continue;
        w->ids[place] = id;
        w->active++;
    }
}

enum err sqlite_outbox_load(struct sqlite_writer *w)
{
    struct sqlite_conn *c = &w->conn;
    memset(w->destinations, 0, sizeof w->destinations);
    bool found = true;
    enum err e = ERR_OK;
    while (e == ERR_OK) {
        e = sqlite_row(c, W_DESTINATIONS, &found);
        if (e != ERR_OK || !found)
            break;
        int64_t id = sqlite_get(c, W_DESTINATIONS, 0);
        if (id < 0 || id >= KNOWN_MAX)
            continue;
        struct sqlite_destination *d = &w->destinations[id];
        sqlite_get_text(c, W_DESTINATIONS, 1, d->name, sizeof d->name);
        bool active = sqlite3_column_type(c->statements[W_DESTINATIONS], 2) != SQLITE_NULL;
        d->place = active ? (int)sqlite_get(c, W_DESTINATIONS, 2) : -1;
        d->left_at = sqlite_get(c, W_DESTINATIONS, 3);
    }
    list_active(w);
    return e;
}

static enum err save_destination(struct sqlite_writer *w, int id)
{
    const struct sqlite_destination *d = &w->destinations[id];
    sqlite_int(&w->conn, W_DESTINATION_SET, 1, id);
    sqlite_text(&w->conn, W_DESTINATION_SET, 2, d->name);
    if (d->place >= 0)
        sqlite_int(&w->conn, W_DESTINATION_SET, 3, d->place);
    else
        sqlite_null(&w->conn, W_DESTINATION_SET, 3);
    sqlite_int(&w->conn, W_DESTINATION_SET, 4, d->left_at);
    return sqlite_run(&w->conn, W_DESTINATION_SET);
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

static enum err run_for(struct sqlite_writer *w, int statement, int64_t value)
{
    sqlite_int(&w->conn, statement, 1, value);
    return sqlite_run(&w->conn, statement);
}

/* Forgets the destination that was inactive longest, with all it was owed. */
static enum err drop_oldest_inactive(struct sqlite_writer *w, int *out_id)
{
    int oldest = -1;
    for (int id = 0; id < KNOWN_MAX; id++) {
        const struct sqlite_destination *d = &w->destinations[id];
        if (d->place < 0 && (oldest < 0 || d->left_at < w->destinations[oldest].left_at))
            oldest = id;
    }
    assert(oldest >= 0); /* KNOWN_MAX is more than can be active */
    static const int CLEAR[] = {W_OUTBOX_CLEAR, W_DEAD_CLEAR, W_OWED_CLEAR, W_DESTINATION_REMOVE};
    enum err e = run_for(w, W_IMPORTED_CLEAR, (int64_t)1 << oldest);
    for (size_t i = 0; e == ERR_OK && i < sizeof CLEAR / sizeof CLEAR[0]; i++)
        e = run_for(w, CLEAR[i], oldest);
    for (int which = 0; which < NUMBER_PER_DESTINATION; which++)
        *sqlite_number(w, oldest, which) = 0;
    w->destinations[oldest] = (struct sqlite_destination){.place = -1};
    *out_id = oldest;
    return e;
}

static enum err free_id(struct sqlite_writer *w, int *out_id)
{
    for (int id = 0; id < KNOWN_MAX; id++) {
        if (w->destinations[id].name[0] == '\0') {
            *out_id = id;
            return ERR_OK;
        }
    }
    return drop_oldest_inactive(w, out_id);
}

static enum err activate(struct sqlite_writer *w, const char *name, int place)
{
    int id = -1;
    for (int at = 0; at < KNOWN_MAX; at++) {
        if (strcmp(w->destinations[at].name, name) == 0)
            id = at;
    }
    bool known = id >= 0;
    enum err e = known ? ERR_OK : free_id(w, &id);
    if (e != ERR_OK)
        return e;
    struct sqlite_destination *d = &w->destinations[id];
    bool was_active = known && d->place >= 0;
    int64_t had_until = known ? d->left_at : 0;
    int64_t last = w->numbers[NUMBER_LAST_PHOTO];
    (void)snprintf(d->name, sizeof d->name, "%s", name);
    d->place = place;
    e = save_destination(w, id);
    if (e != ERR_OK || was_active || had_until >= last)
        return e;
    bind_row(w, W_OWED_ADD, id, had_until + 1);
    sqlite_int(&w->conn, W_OWED_ADD, 3, last);
    return sqlite_run(&w->conn, W_OWED_ADD);
}

static enum err deactivate(struct sqlite_writer *w, int id)
{
    w->destinations[id].place = -1;
    w->destinations[id].left_at = w->numbers[NUMBER_LAST_PHOTO];
    return save_destination(w, id);
}

static bool same_set(const struct sqlite_writer *w, const char *const *names, size_t count)
{
    bool same = count == w->active;
    for (size_t i = 0; same && i < count; i++)
        same = strcmp(w->destinations[w->ids[i]].name, names[i]) == 0;
    return same;
}

static enum err destinations_set(void *ctx, const char *const *names, size_t count)
{
    struct sqlite_writer *w = ctx;
    enum err e = check_names(names, count);
    if (e != ERR_OK || same_set(w, names, count))
        return e;
    e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    for (int id = 0; e == ERR_OK && id < KNOWN_MAX; id++) {
        const struct sqlite_destination *d = &w->destinations[id];
        if (d->name[0] != '\0' && d->place >= 0 && place_of(d->name, names, count) < 0)
            e = deactivate(w, id);
    }
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = activate(w, names[i], (int)i);
    e = sqlite_finish(w, e);
    if (e == ERR_OK)
        list_active(w);
    else
        (void)sqlite_outbox_load(w); /* as they are stored; what failed once was logged */
    return e;
}

/* Filling up what new destinations are owed. */

struct owed {
    int id;
    int64_t first, last;
};

static enum err next_owed(struct sqlite_writer *w, bool *out_found, struct owed *out)
{
    enum err e = sqlite_row(&w->conn, W_OWED_NEXT, out_found);
    if (!*out_found)
        return e;
    out->id = (int)sqlite_get(&w->conn, W_OWED_NEXT, 0);
    out->first = sqlite_get(&w->conn, W_OWED_NEXT, 1);
    out->last = sqlite_get(&w->conn, W_OWED_NEXT, 2);
    sqlite_done(&w->conn, W_OWED_NEXT);
    return ERR_OK;
}

static enum err owe_stored(struct sqlite_writer *w, int id, int64_t photo, const char *name)
{
    int64_t had = 0;
    enum err e = imported_for(w, name, &had);
    if (e != ERR_OK)
        return e;
    if ((had >> id & 1) == 0)
        return add_row(w, id, photo);
    ++*sqlite_number(w, id, NUMBER_SENT);
    return ERR_OK;
}

/* Works on one range: at most `max` photos of it. */
static enum err fill(struct sqlite_writer *w, const struct owed *o, unsigned max,
                     unsigned *out_count)
{
    struct sqlite_conn *c = &w->conn;
    sqlite_int(c, W_OWED_PHOTOS, 1, o->first);
    sqlite_int(c, W_OWED_PHOTOS, 2, o->last);
    sqlite_int(c, W_OWED_PHOTOS, 3, max);
    int64_t next = o->first;
    bool found = true;
    enum err e = ERR_OK;
    *out_count = 0;
    while (e == ERR_OK && *out_count < max) {
        e = sqlite_row(c, W_OWED_PHOTOS, &found);
        if (e != ERR_OK || !found)
            break;
        char name[PHOTO_NAME_MAX];
        sqlite_get_text(c, W_OWED_PHOTOS, 1, name, sizeof name);
        next = sqlite_get(c, W_OWED_PHOTOS, 0) + 1;
        e = owe_stored(w, o->id, next - 1, name);
        ++*out_count;
    }
    sqlite_done(c, W_OWED_PHOTOS);
    if (e != ERR_OK)
        return e;
    bind_row(w, W_OWED_REMOVE, o->id, o->first);
    e = sqlite_run(c, W_OWED_REMOVE);
    if (e != ERR_OK || !found || next > o->last)
        return e;
    bind_row(w, W_OWED_ADD, o->id, next);
    sqlite_int(c, W_OWED_ADD, 3, o->last);
    return sqlite_run(c, W_OWED_ADD);
}

static enum err backfill(void *ctx, unsigned max, bool *out_more)
{
    struct sqlite_writer *w = ctx;
    struct owed owed;
    bool found = false;
    enum err e = next_owed(w, &found, &owed);
    if (e != ERR_OK)
        return e;
    if (!found || max == 0) {
        *out_more = found;
        return ERR_OK;
    }
    e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    while (e == ERR_OK && found && max > 0) {
        unsigned count = 0;
        e = fill(w, &owed, max, &count);
        max -= count;
        if (e == ERR_OK)
            e = next_owed(w, &found, &owed);
    }
    e = sqlite_finish(w, e);
    if (e == ERR_OK)
        *out_more = found;
    return e;
}

/* What came of deliveries. */

static enum err note_dead(struct sqlite_writer *w, int id, const struct delivery_result *r)
{
    bool there = false;
    enum err e = take_out(w, id, r->photo, &there);
    if (e != ERR_OK || !there)
        return e;
    bind_row(w, W_DEAD_ADD, id, r->photo);
    sqlite_int(&w->conn, W_DEAD_ADD, 3, r->tries);
    sqlite_text(&w->conn, W_DEAD_ADD, 4, r->error);
    ++*sqlite_number(w, id, NUMBER_DEAD);
    return sqlite_run(&w->conn, W_DEAD_ADD);
}

static enum err note_result(struct sqlite_writer *w, const struct delivery_result *r)
{
    if (r->destination >= w->active)
        return ERR_OK;
    int id = w->ids[r->destination];
    bool there = false;
    enum err e = ERR_OK;
    switch (r->outcome) {
    case DELIVERY_SENT:
        e = take_out(w, id, r->photo, &there);
        if (there)
            ++*sqlite_number(w, id, NUMBER_SENT);
        return e;
    case DELIVERY_WAITING:
        bind_row(w, W_OUTBOX_NOTE, id, r->photo);
        sqlite_int(&w->conn, W_OUTBOX_NOTE, 3, r->tries);
        sqlite_int(&w->conn, W_OUTBOX_NOTE, 4, r->due.ms);
        sqlite_int(&w->conn, W_OUTBOX_NOTE, 5, r->ambiguous ? 1 : 0);
        sqlite_text(&w->conn, W_OUTBOX_NOTE, 6, r->error);
        return sqlite_run(&w->conn, W_OUTBOX_NOTE);
    case DELIVERY_DEAD: return note_dead(w, id, r);
    }
    return ERR_OK;
}

static enum err deliveries_record(void *ctx, const struct delivery_result *results, size_t count)
{
    struct sqlite_writer *w = ctx;
    enum err e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = note_result(w, &results[i]);
    return sqlite_finish(w, e);
}

static enum err revive(struct sqlite_writer *w, int id, int64_t photo, uint64_t *io_count)
{
    bool there = false;
    enum err e = remove_row(w, W_DEAD_REMOVE, id, photo, &there);
    if (e != ERR_OK || !there)
        return e;
    --*sqlite_number(w, id, NUMBER_DEAD);
    ++*io_count;
    return add_row(w, id, photo);
}

static enum err revive_all(struct sqlite_writer *w, int id, uint64_t *io_count)
{
    struct sqlite_conn *c = &w->conn;
    enum err e = ERR_OK;
    while (e == ERR_OK && *io_count < STATE_STEP_MAX) {
        bool found = false;
        sqlite_int(c, W_DEAD_NEXT, 1, id);
        e = sqlite_row(c, W_DEAD_NEXT, &found);
        if (e != ERR_OK || !found)
            break;
        int64_t photo = sqlite_get(c, W_DEAD_NEXT, 0);
        sqlite_done(c, W_DEAD_NEXT);
        e = revive(w, id, photo, io_count);
    }
    return e;
}

static enum err find_id(struct sqlite_writer *w, const char *name, int64_t *out_id)
{
    sqlite_text(&w->conn, W_PHOTO_BY_NAME, 1, name);
    bool found = false;
    enum err e = sqlite_row(&w->conn, W_PHOTO_BY_NAME, &found);
    *out_id = found ? sqlite_get(&w->conn, W_PHOTO_BY_NAME, 0) : 0;
    if (found)
        sqlite_done(&w->conn, W_PHOTO_BY_NAME);
    return e;
}

static enum err deliveries_retry(void *ctx, const char *name, uint64_t *out_count)
{
    struct sqlite_writer *w = ctx;
    enum err e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    int64_t photo = 0;
    uint64_t count = 0;
    if (name != NULL)
        e = find_id(w, name, &photo);
    for (size_t i = 0; e == ERR_OK && i < w->active; i++) {
        if (name == NULL)
            e = revive_all(w, w->ids[i], &count);
        else if (photo != 0)
            e = revive(w, w->ids[i], photo, &count);
    }
    e = sqlite_finish(w, e);
    if (e == ERR_OK)
        *out_count = count;
    return e;
}

/* Names sent before we kept books. */

static int64_t active_bits(const struct sqlite_writer *w)
{
    int64_t bits = 0;
    for (size_t i = 0; i < w->active; i++)
        bits |= (int64_t)1 << w->ids[i];
    return bits;
}

static enum err import_one(struct sqlite_writer *w, const char *name)
{
    struct sqlite_conn *c = &w->conn;
    sqlite_text(c, W_IMPORT_ADD, 1, name);
    enum err e = sqlite_run(c, W_IMPORT_ADD);
    if (e != ERR_OK)
        return e;
    w->numbers[NUMBER_IMPORTED] += sqlite3_changes(c->handle);
    sqlite_text(c, W_IMPORT_MARK, 1, name);
    sqlite_int(c, W_IMPORT_MARK, 2, active_bits(w));
    e = sqlite_run(c, W_IMPORT_MARK);
    int64_t photo = 0;
    if (e == ERR_OK)
        e = find_id(w, name, &photo);
    for (size_t i = 0; e == ERR_OK && photo != 0 && i < w->active; i++) {
        bool there = false;
        e = take_out(w, w->ids[i], photo, &there);
        if (there)
            ++*sqlite_number(w, w->ids[i], NUMBER_SENT);
    }
    return e;
}

static enum err sent_import(void *ctx, const char *const *names, size_t count)
{
    struct sqlite_writer *w = ctx;
    enum err e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = import_one(w, names[i]);
    return sqlite_finish(w, e);
}

static enum err sent_known(void *ctx, const char *name, bool *out_known)
{
    struct sqlite_writer *w = ctx;
    int64_t had = 0;
    enum err e = imported_for(w, name, &had);
    if (e == ERR_OK)
        *out_known = had != 0;
    return e;
}

void sqlite_outbox_calls(struct state *s)
{
    s->destinations_set = destinations_set;
    s->backfill = backfill;
    s->deliveries_record = deliveries_record;
    s->deliveries_retry = deliveries_retry;
    s->sent_import = sent_import;
    s->sent_known = sent_known;
}
