#include <assert.h>
#include <string.h>

#include "relay/port/sqlite_private.h"

enum { MISSING_MAX = 1000000000 }; /* per boot: a camera that lies cannot make the sum overflow */

struct boot {
    uint64_t first, last, count; /* count 0 = not seen */
};

static int64_t missing(const struct boot *b)
{
    uint64_t span = b->last - b->first; /* one less than the numbers between them, both included */
    if (b->count == 0 || span < b->count)
        return 0;
    uint64_t gaps = span - (b->count - 1);
    return gaps > MISSING_MAX ? MISSING_MAX : (int64_t)gaps;
}

static enum err boot_find(struct sqlite_writer *w, struct boot *out)
{
    bool found = false;
    enum err e = sqlite_row(&w->conn, W_BOOT_FIND, &found);
    if (!found)
        return e;
    out->first = (uint64_t)sqlite_get(&w->conn, W_BOOT_FIND, 0);
    out->last = (uint64_t)sqlite_get(&w->conn, W_BOOT_FIND, 1);
    out->count = (uint64_t)sqlite_get(&w->conn, W_BOOT_FIND, 2);
    sqlite_done(&w->conn, W_BOOT_FIND);
    return ERR_OK;
}

/* Notes the number of a photo; `*out_change` is how many more numbers are missing now. */
static enum err boot_count(struct sqlite_writer *w, const struct photo *p, int64_t camera,
                           int64_t *out_change)
{
    struct sqlite_conn *c = &w->conn;
    struct boot b = {0};
    sqlite_int(c, W_BOOT_FIND, 1, camera);
    sqlite_int(c, W_BOOT_FIND, 2, (int64_t)p->boot);
    enum err e = boot_find(w, &b);
    if (e != ERR_OK)
        return e;
    bool is_new = b.count == 0;
    int64_t before = missing(&b);
    b.first = is_new || p->seq < b.first ? p->seq : b.first;
    b.last = is_new || p->seq > b.last ? p->seq : b.last;
    b.count++;
    sqlite_int(c, W_BOOT_SET, 1, camera);
    sqlite_int(c, W_BOOT_SET, 2, (int64_t)p->boot);
    sqlite_int(c, W_BOOT_SET, 3, (int64_t)b.first);
    sqlite_int(c, W_BOOT_SET, 4, (int64_t)b.last);
    sqlite_int(c, W_BOOT_SET, 5, (int64_t)b.count);
    sqlite_int(c, W_BOOT_SET, 6, p->id);
    e = sqlite_run(c, W_BOOT_SET);
    if (e == ERR_OK && is_new) {
        sqlite_int(c, W_BOOT_PRUNE, 1, camera);
        sqlite_int(c, W_BOOT_PRUNE, 2, BOOTS_MAX);
        e = sqlite_run(c, W_BOOT_PRUNE);
    }
    *out_change = missing(&b) - before;
    return e;
}

static enum err camera_count(struct sqlite_writer *w, const struct photo *p, int64_t camera)
{
    int64_t gaps = 0;
    enum err e = p->has_seq ? boot_count(w, p, camera, &gaps) : ERR_OK;
    if (e != ERR_OK)
        return e;
    sqlite_int(&w->conn, W_CAMERA_COUNT, 1, camera);
    sqlite_int(&w->conn, W_CAMERA_COUNT, 2, (int64_t)p->size_bytes);
    sqlite_int(&w->conn, W_CAMERA_COUNT, 3, gaps);
    sqlite_int(&w->conn, W_CAMERA_COUNT, 4, p->id);
    sqlite_int(&w->conn, W_CAMERA_COUNT, 5, p->received.ms);
    return sqlite_run(&w->conn, W_CAMERA_COUNT);
}

/* Looking up. The statement's parameters are bound. */
static enum err one_photo(struct sqlite_writer *w, int statement, bool *out_found,
                          struct photo *out_photo)
{
    enum err e = sqlite_row(&w->conn, statement, out_found);
    if (!*out_found)
        return e;
    sqlite_read_photo(w->conn.statements[statement], out_photo);
    sqlite_done(&w->conn, statement);
    return ERR_OK;
}

enum err sqlite_photo_by_id(struct sqlite_writer *w, int64_t id, bool *out_found,
                            struct photo *out_photo)
{
    sqlite_int(&w->conn, W_PHOTO_BY_ID, 1, id);
    return one_photo(w, W_PHOTO_BY_ID, out_found, out_photo);
}

static enum err name_find(void *ctx, const char *name, bool *out_found, struct photo *out_photo)
{
    struct sqlite_writer *w = ctx;
    sqlite_text(&w->conn, W_PHOTO_BY_NAME, 1, name);
    return one_photo(w, W_PHOTO_BY_NAME, out_found, out_photo);
}

/* NOLINTNEXTLINE(readability-function-size): the interface has these parameters */
static enum err content_find(void *ctx, const char *camera, const uint8_t sha256[32],
                             struct wall since, bool *out_found, struct photo *out_photo)
{
    struct sqlite_writer *w = ctx;
    uint64_t print = content_index_fingerprint(camera, sha256);
    int64_t id = INT64_MAX;
    struct photo p;
    *out_found = false;
    while ((id = content_index_next(&w->content, print, id)) != 0) {
        bool found = false;
        enum err e = sqlite_photo_by_id(w, id, &found, &p);
        if (e != ERR_OK)
            return e;
        if (found && p.received.ms >= since.ms && strcmp(p.camera, camera) == 0 &&
            memcmp(p.sha256, sha256, sizeof p.sha256) == 0) {
            *out_photo = p;
            *out_found = true;
            return ERR_OK;
        }
    }
    return ERR_OK;
}

/* Storing and forgetting. */

static enum err forget_photo(struct sqlite_writer *w, const struct photo *p, bool keep_key)
{
    struct sqlite_conn *c = &w->conn;
    int64_t camera = 0;
    enum err e = sqlite_camera_find(w, p->camera, &camera);
    if (e == ERR_OK)
        e = sqlite_outbox_forget(w, p->id);
    if (e == ERR_OK && p->key[0] != '\0')
        e = sqlite_key_let_go(w, p, camera, keep_key);
    if (e != ERR_OK)
        return e;
    sqlite_int(c, W_CAMERA_SHRINK, 1, camera);
    sqlite_int(c, W_CAMERA_SHRINK, 2, (int64_t)p->size_bytes);
    e = sqlite_run(c, W_CAMERA_SHRINK);
    if (e != ERR_OK)
        return e;
    w->numbers[NUMBER_STORED]--;
    w->numbers[NUMBER_BYTES] -= (int64_t)p->size_bytes;
    sqlite_int(c, W_PHOTO_REMOVE, 1, p->id);
    return sqlite_run(c, W_PHOTO_REMOVE);
}

static enum err photos_forget(void *ctx, const int64_t *ids, size_t count, bool keep_key)
{
    struct sqlite_writer *w = ctx;
    enum err e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        struct photo p;
        bool found = false;
        e = sqlite_photo_by_id(w, ids[i], &found, &p);
        if (e == ERR_OK && found)
            e = forget_photo(w, &p, keep_key);
    }
    return sqlite_finish(w, e);
}

/* Storing. */

static void bind_photo(struct sqlite_writer *w, const struct photo *p, int64_t batch,
                       int64_t camera)
{
    struct sqlite_conn *c = &w->conn;
    sqlite_int(c, W_PHOTO_ADD, 1, p->id);
    sqlite_int(c, W_PHOTO_ADD, 2, batch);
    sqlite_text(c, W_PHOTO_ADD, 3, p->name);
    sqlite_int(c, W_PHOTO_ADD, 4, (int64_t)p->size_bytes);
    sqlite_blob(c, W_PHOTO_ADD, 5, p->sha256, sizeof p->sha256);
    sqlite_int(c, W_PHOTO_ADD, 6, p->received.ms);
    sqlite_int(c, W_PHOTO_ADD, 7, p->captured.ms);
    sqlite_int(c, W_PHOTO_ADD, 8, camera);
    sqlite_text(c, W_PHOTO_ADD, 9, p->key);
    sqlite_text(c, W_PHOTO_ADD, 10, p->original);
    sqlite_int(c, W_PHOTO_ADD, 11, (int64_t)p->boot);
    sqlite_int(c, W_PHOTO_ADD, 12, (int64_t)p->seq);
    if (!p->has_seq) {
        sqlite_null(c, W_PHOTO_ADD, 11);
        sqlite_null(c, W_PHOTO_ADD, 12);
    }
}

/* A row of that name speaks of a file that cannot be there any more: the name was free. */
static enum err forget_namesake(struct sqlite_writer *w, const char *name)
{
    struct photo old;
    bool found = false;
    enum err e = name_find(w, name, &found, &old);
    return e == ERR_OK && found ? forget_photo(w, &old, true) : e;
}

static enum err insert_photo(struct sqlite_writer *w, const struct photo *p, int64_t batch,
                             int64_t camera)
{
    bool taken = false;
    bind_photo(w, p, batch, camera);
    enum err e = sqlite_run_unique(&w->conn, W_PHOTO_ADD, &taken);
    if (e != ERR_OK || !taken)
        return e;
    e = forget_namesake(w, p->name);
    return e == ERR_OK ? sqlite_run(&w->conn, W_PHOTO_ADD) : e;
}

static enum err store(struct sqlite_writer *w, const struct photo *p, int64_t batch)
{
    assert(p->id > w->numbers[NUMBER_LAST_PHOTO]);
    int64_t camera = 0;
    enum err e = sqlite_camera_add(w, p->camera, &camera);
    if (e == ERR_OK)
        e = insert_photo(w, p, batch, camera);
    if (e == ERR_OK && p->key[0] != '\0')
        e = sqlite_key_take(w, camera, p->key, p->id);
    if (e == ERR_OK)
        e = sqlite_outbox_owe(w, p);
    if (e == ERR_OK)
        e = camera_count(w, p, camera);
    w->numbers[NUMBER_LAST_PHOTO] = p->id;
    w->numbers[NUMBER_LAST_WALL] = p->received.ms;
    w->numbers[NUMBER_STORED]++;
    w->numbers[NUMBER_BYTES] += (int64_t)p->size_bytes;
    return e;
}

static enum err commit(void *ctx, const struct state_batch *batch)
{
    struct sqlite_writer *w = ctx;
    enum err e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; e == ERR_OK && i < batch->count; i++)
        e = store(w, &batch->photos[i], batch->number);
    if (e == ERR_OK)
        e = sqlite_bases_save(w);
    if (w->numbers[NUMBER_LAST_BATCH] < batch->number)
        w->numbers[NUMBER_LAST_BATCH] = batch->number;
    if (w->numbers[NUMBER_FLUSHED] < batch->flushed)
        w->numbers[NUMBER_FLUSHED] = batch->flushed;
    e = sqlite_finish(w, e);
    if (e != ERR_OK)
        return e;
    sqlite_bases_saved(w);
    for (size_t i = 0; i < batch->count; i++) {
        const struct photo *p = &batch->photos[i];
        content_index_note(&w->content, p->id, content_index_fingerprint(p->camera, p->sha256));
    }
    return ERR_OK;
}

static enum err read_page(struct sqlite_writer *w, int64_t after, size_t *out_count)
{
    struct sqlite_conn *c = &w->conn;
    size_t cap = sizeof w->page / sizeof w->page[0];
    sqlite_int(c, W_ABOVE_NEXT, 1, after);
    sqlite_int(c, W_ABOVE_NEXT, 2, (int64_t)cap);
    bool found = true;
    enum err e = ERR_OK;
    *out_count = 0;
    while (e == ERR_OK && found && *out_count < cap) {
        e = sqlite_row(c, W_ABOVE_NEXT, &found);
        if (found)
            sqlite_read_photo(c->statements[W_ABOVE_NEXT], &w->page[(*out_count)++]);
    }
    sqlite_done(c, W_ABOVE_NEXT);
    return e;
}

static enum err photos_above(void *ctx, int64_t batch,
                             bool (*each)(void *arg, const struct photo *p), void *arg)
{
    struct sqlite_writer *w = ctx;
    /* Batches rise with receipt numbers: the first one below ends the search. */
    sqlite_int(&w->conn, W_ABOVE_START, 1, batch);
    bool found = false;
    enum err e = sqlite_row(&w->conn, W_ABOVE_START, &found);
    int64_t after = found ? sqlite_get(&w->conn, W_ABOVE_START, 0) : 0;
    if (found)
        sqlite_done(&w->conn, W_ABOVE_START);
    size_t count = 1;
    while (e == ERR_OK && count > 0) {
        e = read_page(w, after, &count);
        for (size_t i = 0; e == ERR_OK && i < count; i++) {
            after = w->page[i].id;
            if (!each(arg, &w->page[i]))
                return ERR_OK;
        }
    }
    return e;
}

enum err sqlite_photos_load(struct sqlite_writer *w)
{
    struct sqlite_conn *c = &w->conn;
    sqlite_int(c, W_CONTENTS, 1, w->numbers[NUMBER_LAST_PHOTO] - STATE_CONTENT_MAX);
    bool found = true;
    enum err e = ERR_OK;
    while (e == ERR_OK) {
        e = sqlite_row(c, W_CONTENTS, &found);
        if (e != ERR_OK || !found)
            break;
        sqlite3_stmt *row = c->statements[W_CONTENTS];
        char camera[PHOTO_CAMERA_MAX];
        sqlite_get_text(c, W_CONTENTS, 2, camera, sizeof camera);
        const void *sha256 = sqlite3_column_blob(row, 1);
        if (sha256 != NULL && sqlite3_column_bytes(row, 1) == 32)
            content_index_note(&w->content, sqlite3_column_int64(row, 0),
                               content_index_fingerprint(camera, sha256));
    }
    return e;
}

void sqlite_photos_calls(struct state *s)
{
    s->commit = commit;
    s->content_find = content_find;
    s->name_find = name_find;
    s->photos_above = photos_above;
    s->photos_forget = photos_forget;
}
