#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "relay/port/sqlite_view.h"

/* The outbox. */

static void read_try(sqlite3_stmt *st, int column, struct outbox_row *out)
{
    out->tries = (unsigned)sqlite3_column_int64(st, column);
    out->due.ms = sqlite3_column_int64(st, column + 1);
    out->ambiguous = sqlite3_column_int64(st, column + 2) != 0;
    const unsigned char *error = sqlite3_column_text(st, column + 3);
    (void)snprintf(out->error, sizeof out->error, "%s", error != NULL ? (const char *)error : "");
}

static enum err read_due(struct sqlite_view *v, int statement, struct outbox_row *out_rows,
                         size_t cap, size_t *out_count)
{
    sqlite3_stmt *st = v->conn.statements[statement];
    bool found = true;
    size_t count = 0;
    enum err e = ERR_OK;
    while (e == ERR_OK && count < cap) {
        e = sqlite_row(&v->conn, statement, &found);
        if (e != ERR_OK || !found)
            break;
        struct outbox_row *row = &out_rows[count++];
        sqlite_read_photo(st, &row->photo);
        read_try(st, PHOTO_COLUMN_COUNT, row);
        row->dead = false;
    }
    sqlite_done(&v->conn, statement);
    *out_count = count;
    return e;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has these parameters */
static enum err outbox_due(void *ctx, int64_t seen, unsigned destination, struct wall now,
                           bool newest_first, int64_t bound, struct outbox_row *out_rows,
                           size_t cap, size_t *out_count)
{
    struct sqlite_view *v = ctx;
    size_t count = 0;
    enum err e = sqlite_view_begin(v);
    if (e == ERR_OK && destination < v->active) {
        int statement = newest_first ? V_DUE_NEWEST : V_DUE_OLDEST;
        sqlite_view_bind(v, statement, v->ids[destination], seen);
        sqlite_int(&v->conn, statement, 3, now.ms);
        sqlite_int(&v->conn, statement, 4, bound);
        sqlite_int(&v->conn, statement, 5, (int64_t)cap);
        e = read_due(v, statement, out_rows, cap, &count);
    }
    for (size_t i = 0; i < count; i++)
        out_rows[i].destination = destination;
    e = sqlite_view_end(v, e);
    if (e == ERR_OK)
        *out_count = count;
    return e;
}

static enum err read_photo(struct sqlite_view *v, int64_t id, bool *out_found, struct photo *out)
{
    sqlite_int(&v->conn, V_PHOTO, 1, id);
    enum err e = sqlite_row(&v->conn, V_PHOTO, out_found);
    if (!*out_found)
        return e;
    sqlite_read_photo(v->conn.statements[V_PHOTO], out);
    sqlite_done(&v->conn, V_PHOTO);
    return ERR_OK;
}

/* The lowest photo from `from` on that some active destination is owed; INT64_MAX if none. */
static enum err next_undelivered(struct sqlite_view *v, bool dead_only, int64_t from, int64_t *out)
{
    enum err e = ERR_OK;
    *out = INT64_MAX;
    for (size_t i = 0; e == ERR_OK && i < v->active; i++) {
        int64_t pending = INT64_MAX, dead = INT64_MAX;
        sqlite_view_bind(v, V_NEXT_DEAD, v->ids[i], from);
        e = sqlite_view_number(v, V_NEXT_DEAD, INT64_MAX, &dead);
        sqlite_view_bind(v, V_NEXT_PENDING, v->ids[i], from);
        if (e == ERR_OK && !dead_only)
            e = sqlite_view_number(v, V_NEXT_PENDING, INT64_MAX, &pending);
        if (pending < *out)
            *out = pending;
        if (dead < *out)
            *out = dead;
    }
    return e;
}

/* The row of this photo and this destination, if there is one: the statement says pending or dead.
 */
static enum err read_undelivered(struct sqlite_view *v, int statement, struct outbox_row *row,
                                 bool *out_found)
{
    sqlite_view_bind(v, statement, v->ids[row->destination], row->photo.id);
    enum err e = sqlite_row(&v->conn, statement, out_found);
    if (!*out_found)
        return e;
    read_try(v->conn.statements[statement], 0, row);
    sqlite_done(&v->conn, statement);
    row->dead = statement == V_DEAD_AT;
    return ERR_OK;
}

static enum err read_rows_of(struct sqlite_view *v, int64_t photo, bool dead_only,
                             struct outbox_row *out_rows, size_t *io_count)
{
    struct photo p;
    bool there = false;
    enum err e = read_photo(v, photo, &there, &p);
    for (size_t i = 0; e == ERR_OK && there && i < v->active; i++) {
        struct outbox_row *row = &out_rows[*io_count];
        bool found = false;
        row->photo = p;
        row->destination = (unsigned)i;
        e = read_undelivered(v, V_DEAD_AT, row, &found);
        if (e == ERR_OK && !found && !dead_only)
            e = read_undelivered(v, V_PENDING_AT, row, &found);
        *io_count += found ? 1 : 0;
    }
    return e;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has these parameters */
static enum err outbox_list(void *ctx, int64_t seen, bool dead_only, int64_t after,
                            struct outbox_row *out_rows, size_t cap, size_t *out_count)
{
    struct sqlite_view *v = ctx;
    assert(cap >= DESTINATIONS_MAX);
    size_t count = 0;
    int64_t photo = after;
    enum err e = sqlite_view_begin(v);
    while (e == ERR_OK && cap - count >= DESTINATIONS_MAX && photo < INT64_MAX) {
        e = next_undelivered(v, dead_only, photo + 1, &photo);
        if (e != ERR_OK || photo > seen)
            break;
        e = read_rows_of(v, photo, dead_only, out_rows, &count);
    }
    e = sqlite_view_end(v, e);
    if (e == ERR_OK)
        *out_count = count;
    return e;
}

/* What is delivered everywhere. */

/* `*io_next` is the next undelivered photo as found last: asked again only once it is passed. */
static enum err is_delivered(struct sqlite_view *v, int64_t photo, int64_t *io_next,
                             bool *out_delivered)
{
    enum err e = *io_next < photo ? next_undelivered(v, false, photo, io_next) : ERR_OK;
    *out_delivered = *io_next != photo;
    for (size_t i = 0; e == ERR_OK && *out_delivered && v->owed_any && i < v->active; i++) {
        int64_t owed = 0;
        sqlite_view_bind(v, V_OWED_AT, v->ids[i], photo);
        e = sqlite_view_number(v, V_OWED_AT, 0, &owed);
        *out_delivered = owed == 0;
    }
    return e;
}

struct scan {
    int statement; /* ids of photos, bound */
    int64_t after; /* looked at up to here */
    struct photo *rows;
    size_t cap, count;
};

static enum err scan_sent(struct sqlite_view *v, struct scan *s)
{
    int64_t next = -1, looked = 0;
    bool found = true;
    enum err e = ERR_OK;
    while (e == ERR_OK && s->count < s->cap && looked++ < STATE_LOOK_MAX) {
        e = sqlite_row(&v->conn, s->statement, &found);
        if (e != ERR_OK || !found)
            break;
        bool delivered = false, there = false;
        s->after = sqlite_get(&v->conn, s->statement, 0);
        e = is_delivered(v, s->after, &next, &delivered);
        if (e == ERR_OK && delivered)
            e = read_photo(v, s->after, &there, &s->rows[s->count]);
        s->count += there ? 1 : 0;
    }
    sqlite_done(&v->conn, s->statement);
    if (!found)
        s->after = INT64_MAX;
    return e;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has these parameters */
static enum err oldest_sent(void *ctx, int64_t seen, int64_t *io_after, const char *camera,
                            struct photo *out_rows, size_t cap, size_t *out_count)
{
    struct sqlite_view *v = ctx;
    int statement = camera != NULL ? V_IDS_CAMERA : V_IDS;
    sqlite_view_bind(v, statement, *io_after, seen);
    if (camera != NULL)
        sqlite_text(&v->conn, statement, 3, camera);
    struct scan scan = {statement, *io_after, out_rows, cap, 0};
    enum err e = sqlite_view_begin(v);
    if (e == ERR_OK)
        e = scan_sent(v, &scan);
    e = sqlite_view_end(v, e);
    if (e != ERR_OK)
        return e;
    *io_after = scan.after;
    *out_count = scan.count;
    return ERR_OK;
}

static enum err imported_page(struct sqlite_view *v, const char *after, size_t *out_count)
{
    sqlite_text(&v->conn, V_IMPORTED_NEXT, 1, after);
    sqlite_int(&v->conn, V_IMPORTED_NEXT, 2, v->bits);
    bool found = true;
    size_t count = 0;
    enum err e = ERR_OK;
    while (e == ERR_OK && count < VIEW_NAMES) {
        e = sqlite_row(&v->conn, V_IMPORTED_NEXT, &found);
        if (e != ERR_OK || !found)
            break;
        sqlite_get_text(&v->conn, V_IMPORTED_NEXT, 0, v->names[count++], PHOTO_NAME_MAX);
    }
    sqlite_done(&v->conn, V_IMPORTED_NEXT);
    *out_count = count;
    return e;
}

/* A photo whose name was imported is told with the imported ones, not again. */
static enum err take_name(struct sqlite_view *v, int64_t photo, int64_t *io_next, size_t *io_count)
{
    bool delivered = false;
    int64_t imported = 0;
    char *name = v->names[*io_count];
    sqlite_get_text(&v->conn, V_NAMES, 1, name, PHOTO_NAME_MAX);
    enum err e = is_delivered(v, photo, io_next, &delivered);
    if (e != ERR_OK || !delivered)
        return e;
    sqlite_text(&v->conn, V_IMPORTED_AT, 1, name);
    sqlite_int(&v->conn, V_IMPORTED_AT, 2, v->bits);
    e = sqlite_view_number(v, V_IMPORTED_AT, 0, &imported);
    *io_count += imported == 0 ? 1 : 0;
    return e;
}

static enum err delivered_page(struct sqlite_view *v, int64_t seen, int64_t *io_after,
                               size_t *out_count)
{
    sqlite_view_bind(v, V_NAMES, *io_after, seen);
    int64_t next = -1, looked = 0;
    bool found = true;
    enum err e = ERR_OK;
    *out_count = 0;
    while (e == ERR_OK && *out_count < VIEW_NAMES && looked++ < STATE_LOOK_MAX) {
        e = sqlite_row(&v->conn, V_NAMES, &found);
        if (e != ERR_OK || !found)
            break;
        *io_after = sqlite_get(&v->conn, V_NAMES, 0);
        e = take_name(v, *io_after, &next, out_count);
    }
    sqlite_done(&v->conn, V_NAMES);
    if (!found || v->active == 0)
        *io_after = INT64_MAX;
    if (v->active == 0)
        *out_count = 0;
    return e;
}

static bool tell(const struct sqlite_view *v, size_t count,
                 bool (*each)(void *arg, const char *name), void *arg)
{
    for (size_t i = 0; i < count; i++) {
        if (!each(arg, v->names[i]))
            return false;
    }
    return true;
}

/* Page by page, each in a transaction of its own: a long one would keep the log from starting over.
 */
static enum err sent_names(void *ctx, int64_t seen, bool (*each)(void *arg, const char *name),
                           void *arg)
{
    struct sqlite_view *v = ctx;
    char last[PHOTO_NAME_MAX] = "";
    size_t count = VIEW_NAMES;
    while (count == VIEW_NAMES) {
        enum err e = sqlite_view_begin(v);
        if (e == ERR_OK)
            e = imported_page(v, last, &count);
        e = sqlite_view_end(v, e);
        if (e != ERR_OK || !tell(v, count, each, arg))
            return e;
        if (count > 0)
            memcpy(last, v->names[count - 1], sizeof last);
    }
    int64_t after = 0;
    while (after < INT64_MAX) {
        enum err e = sqlite_view_begin(v);
        if (e == ERR_OK)
            e = delivered_page(v, seen, &after, &count);
        e = sqlite_view_end(v, e);
        if (e != ERR_OK || !tell(v, count, each, arg))
            return e;
    }
    return ERR_OK;
}

void sqlite_view_outbox_calls(struct state_view *s)
{
    s->outbox_due = outbox_due;
    s->outbox_list = outbox_list;
    s->oldest_sent = oldest_sent;
    s->sent_names = sent_names;
}
