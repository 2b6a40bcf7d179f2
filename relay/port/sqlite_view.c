#include <stdlib.h>
#include <string.h>

#include "relay/port/sqlite_view.h"
#include "relay/port/state_sqlite.h"

static const char *const SQL[] = {
#define WRITER(name, sql)
#define VIEW(name, sql) sql,
#include "relay/port/sqlite_statements.def"
#undef WRITER
#undef VIEW
};

static enum err read_active(struct sqlite_view *v)
{
    bool found = true;
    enum err e = ERR_OK;
    v->active = 0;
    v->bits = 0;
    while (e == ERR_OK) {
        e = sqlite_row(&v->conn, V_ACTIVE, &found);
        if (e != ERR_OK || !found)
            break;
        int64_t place = sqlite_get(&v->conn, V_ACTIVE, 0);
        int64_t id = sqlite_get(&v->conn, V_ACTIVE, 1);
        if (place < 0 || place >= DESTINATIONS_MAX || id < 0 || id >= KNOWN_MAX)
            continue;
        v->ids[place] = (int)id;
        v->bits |= (int64_t)1 << id;
        v->active++;
    }
    if (e == ERR_OK)
        e = sqlite_row(&v->conn, V_OWED_ANY, &found);
    if (e != ERR_OK || !found)
        return e;
    v->owed_any = sqlite_get(&v->conn, V_OWED_ANY, 0) != 0;
    sqlite_done(&v->conn, V_OWED_ANY);
    return ERR_OK;
}

enum err sqlite_view_begin(struct sqlite_view *v)
{
    enum err e = sqlite_run(&v->conn, V_BEGIN);
    return e == ERR_OK ? read_active(v) : e;
}

enum err sqlite_view_end(struct sqlite_view *v, enum err e)
{
    enum err e_end = ERR_OK;
    if (sqlite3_get_autocommit(v->conn.handle) == 0)
        e_end = sqlite_run(&v->conn, V_END);
    return e != ERR_OK ? e : e_end;
}

void sqlite_view_bind(struct sqlite_view *v, int statement, int64_t first, int64_t second)
{
    sqlite_int(&v->conn, statement, 1, first);
    sqlite_int(&v->conn, statement, 2, second);
}

enum err sqlite_view_number(struct sqlite_view *v, int statement, int64_t none, int64_t *out)
{
    bool found = false;
    enum err e = sqlite_row(&v->conn, statement, &found);
    *out = found ? sqlite_get(&v->conn, statement, 0) : none;
    if (found)
        sqlite_done(&v->conn, statement);
    return e;
}

static enum err read_delivery(struct sqlite_view *v, int id, int64_t photo,
                              enum delivery_state *out)
{
    int64_t pending = 0, dead = 0, owed = 0;
    sqlite_view_bind(v, V_PENDING_AT, id, photo);
    enum err e = sqlite_view_number(v, V_PENDING_AT, -1, &pending);
    sqlite_view_bind(v, V_DEAD_AT, id, photo);
    if (e == ERR_OK && pending < 0)
        e = sqlite_view_number(v, V_DEAD_AT, -1, &dead);
    sqlite_view_bind(v, V_OWED_AT, id, photo);
    if (e == ERR_OK && pending < 0 && dead < 0 && v->owed_any)
        e = sqlite_view_number(v, V_OWED_AT, 0, &owed);
    if (pending >= 0 || owed != 0)
        *out = DELIVERY_STATE_PENDING;
    else
        *out = dead >= 0 ? DELIVERY_STATE_DEAD : DELIVERY_STATE_SENT;
    return e;
}

static enum err read_deliveries(struct sqlite_view *v, struct listed_photo *row)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < DESTINATIONS_MAX; i++)
        row->deliveries[i] = DELIVERY_STATE_NONE;
    for (size_t i = 0; e == ERR_OK && i < v->active; i++)
        e = read_delivery(v, v->ids[i], row->photo.id, &row->deliveries[i]);
    return e;
}

/* Lists. */

static enum err list_rows(struct sqlite_view *v, int statement, struct listed_photo *out_rows,
                          size_t cap, size_t *out_count)
{
    bool found = true;
    size_t count = 0;
    enum err e = ERR_OK;
    while (e == ERR_OK && count < cap) {
        e = sqlite_row(&v->conn, statement, &found);
        if (e != ERR_OK || !found)
            break;
        sqlite_read_photo(v->conn.statements[statement], &out_rows[count].photo);
        e = read_deliveries(v, &out_rows[count++]);
    }
    sqlite_done(&v->conn, statement);
    if (e == ERR_OK)
        *out_count = count;
    return e;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has these parameters */
static enum err list(void *ctx, int64_t seen, int64_t before, const char *camera,
                     struct listed_photo *out_rows, size_t cap, size_t *out_count)
{
    struct sqlite_view *v = ctx;
    int statement = camera != NULL ? V_LIST_CAMERA : V_LIST;
    sqlite_view_bind(v, statement, before, seen);
    sqlite_int(&v->conn, statement, 3, (int64_t)cap);
    if (camera != NULL)
        sqlite_text(&v->conn, statement, 4, camera);
    enum err e = sqlite_view_begin(v);
    if (e == ERR_OK)
        e = list_rows(v, statement, out_rows, cap, out_count);
    return sqlite_view_end(v, e);
}

static enum err by_name(void *ctx, int64_t seen, const char *name, bool *out_found,
                        struct listed_photo *out_row)
{
    struct sqlite_view *v = ctx;
    sqlite_text(&v->conn, V_BY_NAME, 1, name);
    sqlite_int(&v->conn, V_BY_NAME, 2, seen);
    size_t count = 0;
    enum err e = sqlite_view_begin(v);
    if (e == ERR_OK)
        e = list_rows(v, V_BY_NAME, out_row, 1, &count);
    e = sqlite_view_end(v, e);
    if (e == ERR_OK)
        *out_found = count > 0;
    return e;
}

static enum err cameras(void *ctx, struct camera_row *out_rows, size_t cap, size_t *out_count)
{
    struct sqlite_view *v = ctx;
    struct sqlite_conn *c = &v->conn;
    sqlite_int(c, V_CAMERAS, 1, (int64_t)cap);
    bool found = true;
    size_t count = 0;
    enum err e = ERR_OK;
    while (e == ERR_OK && count < cap) {
        e = sqlite_row(c, V_CAMERAS, &found);
        if (e != ERR_OK || !found)
            break;
        struct camera_row *row = &out_rows[count++];
        sqlite_get_text(c, V_CAMERAS, 0, row->camera, sizeof row->camera);
        row->photos = (uint64_t)sqlite_get(c, V_CAMERAS, 1);
        row->bytes = (uint64_t)sqlite_get(c, V_CAMERAS, 2);
        row->gaps = (uint64_t)sqlite_get(c, V_CAMERAS, 3);
        row->last_received.ms = sqlite_get(c, V_CAMERAS, 4);
        row->last_photo = sqlite_get(c, V_CAMERAS, 5);
    }
    sqlite_done(c, V_CAMERAS);
    if (e == ERR_OK)
        *out_count = count;
    return e;
}

/* Counters. */

static enum err read_totals(struct sqlite_view *v, int64_t numbers[NUMBER_COUNT])
{
    bool found = true;
    enum err e = ERR_OK;
    while (e == ERR_OK) {
        e = sqlite_row(&v->conn, V_NUMBERS, &found);
        if (e != ERR_OK || !found)
            break;
        int64_t id = sqlite_get(&v->conn, V_NUMBERS, 0);
        if (id >= 0 && id < NUMBER_COUNT)
            numbers[id] = sqlite_get(&v->conn, V_NUMBERS, 1);
    }
    return e;
}

static enum err count_above(struct sqlite_view *v, int64_t seen, uint64_t *out_photos,
                            uint64_t *out_bytes)
{
    sqlite_int(&v->conn, V_ABOVE, 1, seen);
    bool found = false;
    enum err e = sqlite_row(&v->conn, V_ABOVE, &found);
    if (!found)
        return e;
    *out_photos = (uint64_t)sqlite_get(&v->conn, V_ABOVE, 0);
    *out_bytes = (uint64_t)sqlite_get(&v->conn, V_ABOVE, 1);
    sqlite_done(&v->conn, V_ABOVE);
    return ERR_OK;
}

static enum err read_oldest(struct sqlite_view *v, int64_t seen, int id, struct wall *out)
{
    int64_t photo = 0;
    sqlite_view_bind(v, V_NEXT_PENDING, id, 0);
    enum err e = sqlite_view_number(v, V_NEXT_PENDING, 0, &photo);
    if (e != ERR_OK || photo == 0 || photo > seen)
        return e;
    sqlite_int(&v->conn, V_RECEIVED, 1, photo);
    return sqlite_view_number(v, V_RECEIVED, 0, &out->ms);
}

static enum err count_destination(struct sqlite_view *v, int64_t seen, size_t place,
                                  const int64_t *numbers, struct state_counts *out)
{
    int id = v->ids[place];
    int64_t pending = 0, dead = 0, sent = 0;
    sqlite_view_bind(v, V_PENDING_ABOVE, id, seen);
    enum err e = sqlite_view_number(v, V_PENDING_ABOVE, 0, &pending);
    sqlite_view_bind(v, V_DEAD_ABOVE, id, seen);
    if (e == ERR_OK)
        e = sqlite_view_number(v, V_DEAD_ABOVE, 0, &dead);
    sqlite_view_bind(v, V_SENT_ABOVE, id, seen);
    if (e == ERR_OK)
        e = sqlite_view_number(v, V_SENT_ABOVE, 0, &sent);
    const int64_t *mine = &numbers[NUMBER_DESTINATIONS + id * NUMBER_PER_DESTINATION];
    out->pending[place] = (uint64_t)(mine[NUMBER_PENDING] - pending);
    out->dead[place] = (uint64_t)(mine[NUMBER_DEAD] - dead);
    out->sent[place] = (uint64_t)(mine[NUMBER_SENT] - sent);
    return e == ERR_OK ? read_oldest(v, seen, id, &out->oldest_pending[place]) : e;
}

static enum err count_all(struct sqlite_view *v, int64_t seen, struct state_counts *out)
{
    int64_t numbers[NUMBER_COUNT] = {0};
    uint64_t photos = 0, bytes = 0;
    enum err e = read_totals(v, numbers);
    if (e == ERR_OK)
        e = count_above(v, seen, &photos, &bytes);
    *out = (struct state_counts){
        .stored = (uint64_t)numbers[NUMBER_STORED] - photos,
        .bytes = (uint64_t)numbers[NUMBER_BYTES] - bytes,
    };
    for (size_t i = 0; e == ERR_OK && i < v->active; i++)
        e = count_destination(v, seen, i, numbers, out);
    return e;
}

static enum err counts(void *ctx, int64_t seen, struct state_counts *out_counts)
{
    struct sqlite_view *v = ctx;
    struct state_counts found;
    enum err e = sqlite_view_begin(v);
    if (e == ERR_OK)
        e = count_all(v, seen, &found);
    e = sqlite_view_end(v, e);
    if (e == ERR_OK)
        *out_counts = found;
    return e;
}

static void close_view(void *ctx)
{
    struct sqlite_view *v = ctx;
    sqlite_conn_close(&v->conn);
    free(v);
}

enum err state_sqlite_view_open(const char *path, struct state_view *out_view)
{
    struct sqlite_view *v = calloc(1, sizeof *v);
    if (v == NULL)
        return ERR_FULL;
    enum err e = sqlite_conn_open(&v->conn, path, SQLITE_OPEN_READONLY, VIEW_CACHE_KIB);
    if (e == ERR_OK)
        e = sqlite_conn_prepare(&v->conn, SQL, V_COUNT);
    if (e != ERR_OK) {
        close_view(v);
        return e;
    }
    *out_view = (struct state_view){
        .ctx = v,
        .list = list,
        .by_name = by_name,
        .counts = counts,
        .cameras = cameras,
        .close = close_view,
    };
    sqlite_view_outbox_calls(out_view);
    return ERR_OK;
}
