#include <stdio.h>
#include <string.h>

#include "relay/port/sqlite_private.h"

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 14695981039346656037ULL; /* FNV-1a, 64 bit */
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 1099511628211ULL;
    return hash;
}

/* Cameras. */

/* `*out_id` is 0 if this camera was never seen. */
enum err sqlite_camera_find(struct sqlite_writer *w, const char *name, int64_t *out_id)
{
    struct sqlite_camera *cached = &w->cameras[hash_text(name) % CAMERAS_CACHED];
    if (cached->id != 0 && strcmp(cached->name, name) == 0) {
        *out_id = cached->id;
        return ERR_OK;
    }
    sqlite_text(&w->conn, W_CAMERA_FIND, 1, name);
    bool found = false;
    enum err e = sqlite_row(&w->conn, W_CAMERA_FIND, &found);
    int64_t id = found ? sqlite_get(&w->conn, W_CAMERA_FIND, 0) : 0;
    if (found)
        sqlite_done(&w->conn, W_CAMERA_FIND);
    if (e != ERR_OK)
        return e;
    if (found && strlen(name) < sizeof cached->name) {
        cached->id = id;
        memcpy(cached->name, name, strlen(name) + 1);
    }
    *out_id = id;
    return ERR_OK;
}

enum err sqlite_camera_add(struct sqlite_writer *w, const char *name, int64_t *out_id)
{
    enum err e = sqlite_camera_find(w, name, out_id);
    if (e != ERR_OK || *out_id != 0)
        return e;
    sqlite_text(&w->conn, W_CAMERA_ADD, 1, name);
    e = sqlite_run(&w->conn, W_CAMERA_ADD);
    *out_id = sqlite3_last_insert_rowid(w->conn.handle);
    return e;
}

/* Keys. */

static enum err key_ref(struct sqlite_writer *w, int64_t camera, const char *key, int64_t *out_ref)
{
    sqlite_int(&w->conn, W_KEY_FIND, 1, camera);
    sqlite_text(&w->conn, W_KEY_FIND, 2, key);
    bool found = false;
    enum err e = sqlite_row(&w->conn, W_KEY_FIND, &found);
    *out_ref = found ? sqlite_get(&w->conn, W_KEY_FIND, 0) : 0;
    if (found)
        sqlite_done(&w->conn, W_KEY_FIND);
    return e;
}

static enum err read_gone(struct sqlite_writer *w, int64_t id, bool *out_found, struct photo *out)
{
    struct sqlite_conn *c = &w->conn;
    sqlite_int(c, W_GONE_FIND, 1, id);
    enum err e = sqlite_row(c, W_GONE_FIND, out_found);
    if (!*out_found)
        return e;
    sqlite_get_text(c, W_GONE_FIND, 0, out->name, sizeof out->name);
    out->size_bytes = (uint64_t)sqlite_get(c, W_GONE_FIND, 1);
    sqlite3_stmt *row = c->statements[W_GONE_FIND];
    const void *sha256 = sqlite3_column_blob(row, 2);
    if (sha256 != NULL && sqlite3_column_bytes(row, 2) == (int)sizeof out->sha256)
        memcpy(out->sha256, sha256, sizeof out->sha256);
    out->received.ms = sqlite_get(c, W_GONE_FIND, 3);
    sqlite_done(c, W_GONE_FIND);
    return ERR_OK;
}

static enum err key_find(void *ctx, const char *camera, const char *key, bool *out_found,
                         struct photo *out_photo)
{
    struct sqlite_writer *w = ctx;
    int64_t camera_id = 0, ref = 0;
    *out_found = false;
    enum err e = sqlite_camera_find(w, camera, &camera_id);
    if (e == ERR_OK && camera_id != 0)
        e = key_ref(w, camera_id, key, &ref);
    if (e != ERR_OK || ref == 0)
        return e;
    if (ref > 0)
        return sqlite_photo_by_id(w, ref, out_found, out_photo);
    *out_photo = (struct photo){0};
    (void)snprintf(out_photo->camera, sizeof out_photo->camera, "%s", camera);
    (void)snprintf(out_photo->key, sizeof out_photo->key, "%s", key);
    return read_gone(w, -ref, out_found, out_photo);
}

enum err sqlite_key_take(struct sqlite_writer *w, int64_t camera, const char *key, int64_t ref)
{
    sqlite_int(&w->conn, W_KEY_TAKE, 1, camera);
    sqlite_text(&w->conn, W_KEY_TAKE, 2, key);
    sqlite_int(&w->conn, W_KEY_TAKE, 3, ref);
    return sqlite_run(&w->conn, W_KEY_TAKE);
}

static enum err add_gone(struct sqlite_writer *w, const struct photo *p, int64_t camera,
                         int64_t *out_id)
{
    struct sqlite_conn *c = &w->conn;
    sqlite_int(c, W_GONE_ADD, 1, camera);
    sqlite_text(c, W_GONE_ADD, 2, p->key);
    sqlite_text(c, W_GONE_ADD, 3, p->name);
    sqlite_int(c, W_GONE_ADD, 4, (int64_t)p->size_bytes);
    sqlite_blob(c, W_GONE_ADD, 5, p->sha256, sizeof p->sha256);
    sqlite_int(c, W_GONE_ADD, 6, p->received.ms);
    enum err e = sqlite_run(c, W_GONE_ADD);
    *out_id = sqlite3_last_insert_rowid(c->handle);
    w->numbers[NUMBER_GONE] += e == ERR_OK ? 1 : 0;
    return e;
}

/* Binds camera, key and the ref it must have. */
static void bind_key(struct sqlite_writer *w, int statement, int64_t camera, const char *key,
                     int64_t ref)
{
    sqlite_int(&w->conn, statement, 1, camera);
    sqlite_text(&w->conn, statement, 2, key);
    sqlite_int(&w->conn, statement, 3, ref);
}

enum err sqlite_key_let_go(struct sqlite_writer *w, const struct photo *p, int64_t camera,
                           bool keep_key)
{
    if (!keep_key) {
        bind_key(w, W_KEY_REMOVE, camera, p->key, p->id);
        return sqlite_run(&w->conn, W_KEY_REMOVE);
    }
    int64_t ref = 0, gone = 0;
    enum err e = key_ref(w, camera, p->key, &ref);
    if (e != ERR_OK || ref != p->id)
        return e; /* it belongs to an older photo */
    e = add_gone(w, p, camera, &gone);
    if (e != ERR_OK)
        return e;
    bind_key(w, W_KEY_TURN, camera, p->key, p->id);
    sqlite_int(&w->conn, W_KEY_TURN, 4, -gone);
    return sqlite_run(&w->conn, W_KEY_TURN);
}

static enum err key_restore(void *ctx, const struct photo *p)
{
    struct sqlite_writer *w = ctx;
    enum err e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    int64_t camera = 0, ref = 0, gone = 0;
    e = sqlite_camera_add(w, p->camera, &camera);
    if (e == ERR_OK)
        e = key_ref(w, camera, p->key, &ref);
    if (e == ERR_OK && ref == 0) {
        e = add_gone(w, p, camera, &gone);
        if (e == ERR_OK)
            e = sqlite_key_take(w, camera, p->key, -gone);
    }
    return sqlite_finish(w, e);
}

struct gone_row {
    int64_t id, camera, received;
    char key[PHOTO_KEY_MAX];
};

/* The oldest row above `after`; id 0 = none. */
static enum err oldest_gone(struct sqlite_writer *w, int64_t after, struct gone_row *out)
{
    struct sqlite_conn *c = &w->conn;
    sqlite_int(c, W_GONE_OLDEST, 1, after);
    bool found = false;
    enum err e = sqlite_row(c, W_GONE_OLDEST, &found);
    out->id = found ? sqlite_get(c, W_GONE_OLDEST, 0) : 0;
    if (!found)
        return e;
    out->camera = sqlite_get(c, W_GONE_OLDEST, 1);
    sqlite_get_text(c, W_GONE_OLDEST, 2, out->key, sizeof out->key);
    out->received = sqlite_get(c, W_GONE_OLDEST, 3);
    sqlite_done(c, W_GONE_OLDEST);
    return ERR_OK;
}

static enum err drop_gone(struct sqlite_writer *w, const struct gone_row *row)
{
    bind_key(w, W_KEY_REMOVE, row->camera, row->key, -row->id);
    enum err e = sqlite_run(&w->conn, W_KEY_REMOVE);
    if (e != ERR_OK)
        return e;
    w->numbers[NUMBER_GONE]--;
    sqlite_int(&w->conn, W_GONE_REMOVE, 1, row->id);
    return sqlite_run(&w->conn, W_GONE_REMOVE);
}

static enum err keys_expire(void *ctx, struct wall before, uint64_t keep_count)
{
    struct sqlite_writer *w = ctx;
    uint64_t have = (uint64_t)w->numbers[NUMBER_GONE];
    if (have <= keep_count)
        return ERR_OK;
    uint64_t look = have - keep_count < STATE_STEP_MAX ? have - keep_count : STATE_STEP_MAX;
    enum err e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    struct gone_row row = {0};
    for (uint64_t i = 0; e == ERR_OK && i < look; i++) {
        e = oldest_gone(w, row.id, &row);
        if (e != ERR_OK || row.id == 0)
            break;
        if (row.received < before.ms)
            e = drop_gone(w, &row);
    }
    return sqlite_finish(w, e);
}

/* Names. */

static struct sqlite_base *base_cached(struct sqlite_writer *w, const char *base, uint64_t hash)
{
    for (unsigned i = 0; i < BASES_MAX; i++) {
        struct sqlite_base *b = &w->bases[i];
        if (b->hash == hash && b->last != 0 && strcmp(b->base, base) == 0)
            return b;
    }
    return NULL;
}

static enum err base_save(struct sqlite_writer *w, const struct sqlite_base *b)
{
    sqlite_text(&w->conn, W_BASE_SET, 1, b->base);
    sqlite_int(&w->conn, W_BASE_SET, 2, b->last);
    enum err e = sqlite_run(&w->conn, W_BASE_SET);
    if (e != ERR_OK)
        return e;
    sqlite_int(&w->conn, W_BASE_PRUNE, 1, STATE_STEP_MAX);
    return sqlite_run(&w->conn, W_BASE_PRUNE);
}

enum err sqlite_bases_save(struct sqlite_writer *w)
{
    enum err e = ERR_OK;
    for (unsigned i = 0; e == ERR_OK && i < BASES_MAX; i++) {
        if (w->bases[i].unsaved)
            e = base_save(w, &w->bases[i]);
    }
    return e;
}

void sqlite_bases_saved(struct sqlite_writer *w)
{
    for (unsigned i = 0; i < BASES_MAX; i++)
        w->bases[i].unsaved = false;
}

static enum err base_find(struct sqlite_writer *w, const char *base, uint32_t *out_last)
{
    sqlite_text(&w->conn, W_BASE_FIND, 1, base);
    bool found = false;
    enum err e = sqlite_row(&w->conn, W_BASE_FIND, &found);
    *out_last = found ? (uint32_t)sqlite_get(&w->conn, W_BASE_FIND, 0) : 0;
    if (found)
        sqlite_done(&w->conn, W_BASE_FIND);
    return e;
}

/* Makes room for one more base; a number not kept yet is kept now. */
static enum err base_room(struct sqlite_writer *w, struct sqlite_base **out)
{
    struct sqlite_base *b = &w->bases[w->bases_next];
    if (b->unsaved) {
        enum err e = sqlite_begin(w);
        if (e != ERR_OK)
            return e;
        e = sqlite_finish(w, sqlite_bases_save(w));
        if (e != ERR_OK)
            return e;
        sqlite_bases_saved(w);
    }
    w->bases_next = (w->bases_next + 1) % BASES_MAX;
    *out = b;
    return ERR_OK;
}

static enum err name_counter(void *ctx, const char *base, uint32_t used, uint32_t *out_last)
{
    struct sqlite_writer *w = ctx;
    uint64_t hash = hash_text(base);
    struct sqlite_base *b = base_cached(w, base, hash);
    uint32_t last = b != NULL ? b->last : 0;
    enum err e = b != NULL ? ERR_OK : base_find(w, base, &last);
    if (e != ERR_OK)
        return e;
    if (used > last || (b == NULL && last != 0)) {
        if (strlen(base) >= sizeof b->base)
            return ERR_INPUT;
        if (b == NULL)
            e = base_room(w, &b);
        if (e != ERR_OK)
            return e;
        bool news = used > last && used >= 2;
        *b = (struct sqlite_base){
            .hash = hash, .last = used > last ? used : last, .unsaved = news || b->unsaved};
        memcpy(b->base, base, strlen(base) + 1);
    }
    *out_last = last;
    return ERR_OK;
}

void sqlite_keys_calls(struct state *s)
{
    s->key_find = key_find;
    s->key_restore = key_restore;
    s->keys_expire = keys_expire;
    s->name_counter = name_counter;
}
