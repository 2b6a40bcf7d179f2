#include "test/fakes/relay/fake_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/fakes/relay/fake_state_model.h"

enum { MISSING_MAX = 1000000000 };

/* Calls, levers. */

enum err fake_state_enter(struct fake_state *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->calls++;
    bool fails =
        f->fail_at != 0 && (f->calls == f->fail_at || (f->fail_on && f->calls > f->fail_at));
    if (!fails)
        return ERR_OK;
    (void)pthread_mutex_unlock(&f->lock);
    return f->fail_with;
}

void fake_state_leave(struct fake_state *f)
{
    (void)pthread_mutex_unlock(&f->lock);
}

static enum err mark(void *ctx, struct state_mark *out_mark)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    *out_mark = f->mark;
    fake_state_leave(f);
    return ERR_OK;
}

static enum err rebuild_done(void *ctx)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    f->now->mark.rebuilt = false;
    f->mark.rebuilt = false;
    fake_state_leave(f);
    return ERR_OK;
}

/* Cameras. */

static void add_boot(struct fake_state_model *m, const struct photo *p)
{
    struct fake_boot b = {.boot = p->boot, .first = p->seq, .last = p->seq, .count = 1};
    memcpy(b.camera, p->camera, sizeof b.camera);
    fake_list_add(&m->boots, &b, sizeof b);
}

static uint64_t missing(const struct fake_boot *b)
{
    uint64_t between = b->last - b->first;
    if (between < b->count)
        return 0;
    uint64_t gaps = between - (b->count - 1);
    return gaps > MISSING_MAX ? MISSING_MAX : gaps;
}

/* How many more numbers are missing with this photo. */
static int64_t count_boot(struct fake_state_model *m, const struct photo *p)
{
    for (size_t i = 0; i < m->boots.count; i++) {
        struct fake_boot b = *(const struct fake_boot *)m->boots.items[i];
        if (b.boot != p->boot || strcmp(b.camera, p->camera) != 0)
            continue;
        int64_t before = (int64_t)missing(&b);
        b.first = p->seq < b.first ? p->seq : b.first;
        b.last = p->seq > b.last ? p->seq : b.last;
        b.count++;
        fake_list_set(&m->boots, i, &b, sizeof b);
        return (int64_t)missing(&b) - before;
    }
    add_boot(m, p);
    return 0;
}

static size_t camera_index(struct fake_state_model *m, const char *camera)
{
    for (size_t i = 0; i < m->cameras.count; i++) {
        const struct camera_row *row = m->cameras.items[i];
        if (strcmp(row->camera, camera) == 0)
            return i;
    }
    struct camera_row row = {0};
    (void)snprintf(row.camera, sizeof row.camera, "%s", camera);
    fake_list_add(&m->cameras, &row, sizeof row);
    return m->cameras.count - 1;
}

static void count_camera(struct fake_state_model *m, const struct photo *p)
{
    size_t at = camera_index(m, p->camera);
    struct camera_row row = *(const struct camera_row *)m->cameras.items[at];
    row.photos++;
    row.bytes += p->size_bytes;
    row.last_received = p->received;
    row.last_photo = p->id;
    if (p->has_seq)
        row.gaps = (uint64_t)((int64_t)row.gaps + count_boot(m, p));
    fake_list_set(&m->cameras, at, &row, sizeof row);
}

/* Keys. */

static size_t key_index(const struct fake_state_model *m, const char *camera, const char *key)
{
    for (size_t i = 0; i < m->keys.count; i++) {
        const struct fake_key *k = m->keys.items[i];
        if (strcmp(k->camera, camera) == 0 && strcmp(k->key, key) == 0)
            return i;
    }
    return SIZE_MAX;
}

static void take_key(struct fake_state_model *m, const struct photo *p)
{
    if (p->key[0] == '\0')
        return;
    struct fake_key k = {.photo = p->id};
    memcpy(k.camera, p->camera, sizeof k.camera);
    memcpy(k.key, p->key, sizeof k.key);
    size_t at = key_index(m, p->camera, p->key);
    if (at == SIZE_MAX)
        fake_list_add(&m->keys, &k, sizeof k);
    else if (((const struct fake_key *)m->keys.items[at])->photo == 0)
        fake_list_set(&m->keys, at, &k, sizeof k);
}

static void let_key_go(struct fake_state_model *m, const struct photo *p, bool keep_key)
{
    size_t at = key_index(m, p->camera, p->key);
    if (at == SIZE_MAX || ((const struct fake_key *)m->keys.items[at])->photo != p->id)
        return;
    if (!keep_key) {
        fake_list_remove(&m->keys, at);
        return;
    }
    struct fake_key k = *(const struct fake_key *)m->keys.items[at];
    k.photo = 0;
    k.gone = ++m->gone_last;
    k.last = *p;
    fake_list_set(&m->keys, at, &k, sizeof k);
}

static enum err key_find(void *ctx, const char *camera, const char *key, bool *out_found,
                         struct photo *out_photo)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    size_t at = key_index(f->now, camera, key);
    *out_found = at != SIZE_MAX;
    if (*out_found) {
        const struct fake_key *k = f->now->keys.items[at];
        const struct photo *first = k->photo != 0 ? fake_model_photo(f->now, k->photo) : &k->last;
        *out_photo = (struct photo){0};
        if (k->photo != 0)
            *out_photo = *first;
        out_photo->size_bytes = first->size_bytes;
        out_photo->received = first->received;
        memcpy(out_photo->name, first->name, sizeof first->name);
        memcpy(out_photo->sha256, first->sha256, sizeof first->sha256);
        memcpy(out_photo->camera, k->camera, sizeof k->camera);
        memcpy(out_photo->key, k->key, sizeof k->key);
    }
    fake_state_leave(f);
    return ERR_OK;
}

static enum err key_restore(void *ctx, const struct photo *p)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    if (key_index(f->now, p->camera, p->key) == SIZE_MAX) {
        struct fake_key k = {.gone = ++f->now->gone_last, .last = *p};
        memcpy(k.camera, p->camera, sizeof k.camera);
        memcpy(k.key, p->key, sizeof k.key);
        (void)camera_index(f->now, p->camera);
        fake_list_add(&f->now->keys, &k, sizeof k);
    }
    fake_state_leave(f);
    return ERR_OK;
}

/* The key that is gone the longest, of those gone after `after`. */
static size_t oldest_gone(const struct fake_state_model *m, int64_t after)
{
    size_t best = SIZE_MAX;
    int64_t best_gone = INT64_MAX;
    for (size_t i = 0; i < m->keys.count; i++) {
        const struct fake_key *k = m->keys.items[i];
        if (k->photo != 0 || k->gone <= after || k->gone >= best_gone)
            continue;
        best = i;
        best_gone = k->gone;
    }
    return best;
}

static uint64_t count_gone(const struct fake_state_model *m)
{
    uint64_t gone = 0;
    for (size_t i = 0; i < m->keys.count; i++)
        gone += ((const struct fake_key *)m->keys.items[i])->photo == 0 ? 1 : 0;
    return gone;
}

static enum err keys_expire(void *ctx, struct wall before, uint64_t keep_count)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    uint64_t gone = count_gone(f->now);
    uint64_t beyond = gone > keep_count ? gone - keep_count : 0;
    int64_t after = 0;
    for (uint64_t i = 0; i < beyond && i < STATE_STEP_MAX; i++) {
        size_t at = oldest_gone(f->now, after);
        const struct fake_key *k = f->now->keys.items[at];
        after = k->gone;
        if (k->last.received.ms < before.ms)
            fake_list_remove(&f->now->keys, at);
    }
    fake_state_leave(f);
    return ERR_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has these parameters */
static enum err content_find(void *ctx, const char *camera, const uint8_t sha256[32],
                             struct wall since, bool *out_found, struct photo *out_photo)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    const struct fake_state_model *m = f->now;
    *out_found = false;
    for (size_t i = m->photos.count; i > 0 && !*out_found; i--) {
        const struct photo *p = m->photos.items[i - 1];
        if (p->id <= m->mark.last_photo - STATE_CONTENT_MAX)
            break;
        *out_found = p->received.ms >= since.ms && strcmp(p->camera, camera) == 0 &&
                     memcmp(p->sha256, sha256, sizeof p->sha256) == 0;
        if (*out_found)
            *out_photo = *p;
    }
    fake_state_leave(f);
    return ERR_OK;
}

/* Names. */

static enum err name_find(void *ctx, const char *name, bool *out_found, struct photo *out_photo)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    const struct photo *p = fake_model_named(f->now, name);
    *out_found = p != NULL;
    if (p != NULL)
        *out_photo = *p;
    fake_state_leave(f);
    return ERR_OK;
}

static size_t base_index(const struct fake_state_model *m, const char *base)
{
    for (size_t i = 0; i < m->bases.count; i++) {
        if (strcmp(((const struct fake_base *)m->bases.items[i])->base, base) == 0)
            return i;
    }
    return SIZE_MAX;
}

static enum err name_counter(void *ctx, const char *base, uint32_t used, uint32_t *out_last)
{
    struct fake_state *f = ctx;
    if (strlen(base) >= PHOTO_NAME_MAX)
        return ERR_INPUT;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    size_t at = base_index(f->now, base);
    struct fake_base b = {0};
    (void)snprintf(b.base, sizeof b.base, "%s", base);
    if (at != SIZE_MAX)
        b = *(const struct fake_base *)f->now->bases.items[at];
    *out_last = b.last;
    if (used > b.last) {
        b.last = used;
        b.kept = false;
        if (at == SIZE_MAX)
            fake_list_add(&f->now->bases, &b, sizeof b);
        else
            fake_list_set(&f->now->bases, at, &b, sizeof b);
    }
    fake_state_leave(f);
    return ERR_OK;
}

static void keep_bases(struct fake_state_model *m)
{
    for (size_t i = 0; i < m->bases.count; i++) {
        struct fake_base b = *(const struct fake_base *)m->bases.items[i];
        b.kept = b.last >= 2;
        fake_list_set(&m->bases, i, &b, sizeof b);
    }
}

static void lose_bases(struct fake_state_model *m)
{
    for (size_t i = m->bases.count; i > 0; i--) {
        if (!((const struct fake_base *)m->bases.items[i - 1])->kept)
            fake_list_remove(&m->bases, i - 1);
    }
}

/* Photos. */

static void forget_photo(struct fake_state_model *m, int64_t id, bool keep_key)
{
    const struct photo *p = fake_model_photo(m, id);
    if (p == NULL)
        return;
    for (size_t i = m->deliveries.count; i > 0; i--) {
        if (((const struct fake_delivery *)m->deliveries.items[i - 1])->photo == id)
            fake_list_remove(&m->deliveries, i - 1);
    }
    let_key_go(m, p, keep_key);
    size_t at = camera_index(m, p->camera);
    struct camera_row row = *(const struct camera_row *)m->cameras.items[at];
    row.bytes -= p->size_bytes;
    fake_list_set(&m->cameras, at, &row, sizeof row);
    for (size_t i = m->photos.count; i > 0; i--) {
        if (m->photos.items[i - 1] == p)
            fake_list_remove(&m->photos, i - 1);
    }
}

static void store(struct fake_state_model *m, const struct photo *photo, int64_t batch)
{
    assert(photo->id > m->mark.last_photo);
    struct photo p = *photo;
    p.batch = batch;
    p.sent_already = false;
    p.boot = p.has_seq ? p.boot : 0;
    p.seq = p.has_seq ? p.seq : 0;
    const struct photo *namesake = fake_model_named(m, p.name);
    if (namesake != NULL)
        forget_photo(m, namesake->id, true);
    fake_list_add(&m->photos, &p, sizeof p);
    take_key(m, &p);
    fake_state_owe(m, photo);
    count_camera(m, &p);
    m->mark.last_photo = p.id;
    m->mark.last_wall = p.received;
}

static enum err commit(void *ctx, const struct state_batch *batch)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    struct fake_state_model *m = f->now;
    for (size_t i = 0; i < batch->count; i++)
        store(m, &batch->photos[i], batch->number);
    keep_bases(m);
    if (m->mark.last_batch < batch->number)
        m->mark.last_batch = batch->number;
    if (m->mark.flushed < batch->flushed)
        m->mark.flushed = batch->flushed;
    fake_model_free(f->after[0]);
    for (size_t i = 1; i < FAKE_STATE_SNAPSHOTS; i++)
        f->after[i - 1] = f->after[i];
    f->after[FAKE_STATE_SNAPSHOTS - 1] = fake_model_copy(m);
    fake_state_leave(f);
    return ERR_OK;
}

static enum err photos_above(void *ctx, int64_t batch,
                             bool (*each)(void *arg, const struct photo *p), void *arg)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    /* `each` may forget photos: walk over a copy. Records live until the end. */
    struct fake_state_model *m = fake_model_copy(f->now);
    fake_state_leave(f);
    bool more = true;
    for (size_t i = 0; more && i < m->photos.count; i++) {
        const struct photo *p = m->photos.items[i];
        if (p->batch > batch)
            more = each(arg, p);
    }
    fake_model_free(m);
    return ERR_OK;
}

static enum err photos_forget(void *ctx, const int64_t *ids, size_t count, bool keep_key)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < count; i++)
        forget_photo(f->now, ids[i], keep_key);
    fake_state_leave(f);
    return ERR_OK;
}

/* The medium. */

static void note(struct fake_state_model *m, int64_t flushed, struct wall now)
{
    if (m->mark.flushed < flushed)
        m->mark.flushed = flushed;
    m->mark.last_wall = now;
}

static enum err note_flushed(void *ctx, int64_t flushed, struct wall now)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    note(f->now, flushed, now);
    fake_state_leave(f);
    return ERR_OK;
}

static uint64_t log_bytes(void *ctx)
{
    (void)ctx;
    return 0;
}

static enum err checkpoint(void *ctx)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e == ERR_OK)
        fake_state_leave(f);
    return e;
}

static enum err close_state(void *ctx, int64_t flushed, struct wall now)
{
    struct fake_state *f = ctx;
    enum err e = fake_state_enter(f);
    if (e != ERR_OK)
        return e;
    note(f->now, flushed, now);
    f->now->mark.clean = f->now->mark.flushed >= f->now->mark.last_batch;
    lose_bases(f->now);
    fake_state_leave(f);
    return ERR_OK;
}

void fake_state_init(struct fake_state *f)
{
    *f = (struct fake_state){0};
    (void)pthread_mutex_init(&f->lock, NULL);
    f->records = calloc(1, sizeof *f->records);
    assert(f->records != NULL);
    f->records->records = f->records;
    f->now = fake_model_new(f->records);
}

void fake_state_deinit(struct fake_state *f)
{
    if (f->records == NULL)
        return;
    for (size_t i = 0; i < FAKE_STATE_SNAPSHOTS; i++)
        fake_model_free(f->after[i]);
    fake_model_free(f->now);
    for (size_t i = 0; i < f->records->count; i++)
        free(f->records->items[i]);
    free(f->records->items);
    free(f->records);
    (void)pthread_mutex_destroy(&f->lock);
    *f = (struct fake_state){0};
}

void fake_state_open(struct fake_state *f, struct state *out_state)
{
    f->mark = f->now->mark;
    f->now->mark.clean = false;
    *out_state = (struct state){
        .ctx = f,
        .mark = mark,
        .rebuild_done = rebuild_done,
        .commit = commit,
        .key_find = key_find,
        .content_find = content_find,
        .name_find = name_find,
        .name_counter = name_counter,
        .photos_above = photos_above,
        .photos_forget = photos_forget,
        .key_restore = key_restore,
        .keys_expire = keys_expire,
        .note_flushed = note_flushed,
        .log_bytes = log_bytes,
        .checkpoint = checkpoint,
        .empty_log = checkpoint,
        .close = close_state,
    };
    fake_state_outbox_calls(out_state);
}

void fake_state_fail(struct fake_state *f, unsigned nth, enum err e)
{
    f->fail_at = nth != 0 ? f->calls + nth : 0;
    f->fail_with = e;
}

void fake_state_kill(struct fake_state *f)
{
    lose_bases(f->now);
}

void fake_state_reboot(struct fake_state *f, int64_t batch)
{
    struct fake_state_model *left = batch == 0 ? fake_model_new(f->records) : NULL;
    for (size_t i = FAKE_STATE_SNAPSHOTS; left == NULL && i > 0; i--) {
        const struct fake_state_model *m = f->after[i - 1];
        if (m != NULL && m->mark.last_batch == batch)
            left = fake_model_copy(m);
    }
    assert(left != NULL); /* the test asks for a batch that is too old, or never was */
    fake_model_free(f->now);
    f->now = left;
    f->now->mark.clean = batch == 0;
    lose_bases(f->now);
}

bool fake_state_has(struct fake_state *f, const char *name, struct photo *out_photo)
{
    (void)pthread_mutex_lock(&f->lock);
    const struct photo *p = fake_model_named(f->now, name);
    if (p != NULL && out_photo != NULL)
        *out_photo = *p;
    (void)pthread_mutex_unlock(&f->lock);
    return p != NULL;
}
