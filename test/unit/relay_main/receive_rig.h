/* test/unit/relay_main/receive_rig.h - receiving without sockets and disks: uploads, workers and
 * the committer as they are, over a front, a disk and a database in memory. The disk can be made to
 * hang; time stands still until a test moves it (for the committer only if asked). */
#pragma once

#include "test/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "relay/logic/layout.h"
#include "relay/logic/limits.h"
#include "relay/logic/recovery.h"
#include "relay/main/uploads.h"
#include "relay/port/clock_posix.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/fakes/relay/fake_state.h"
#include "test/fakes/relay/plain_hash.h"
#include "test/fakes/relay_main/fake_front.h"
#include "test/unit/jpeg_samples.h"

enum { RIG_TIMEOUT_MS = 10000, RIG_PHOTO_MAX = 4 * 1024 * 1024 };

struct receive_rig {
    struct fake_fs disk;
    struct fake_state memory;
    struct state state;
    struct hash hash;
    struct clock clock;
    struct clock committer_clock;
    _Atomic uint64_t mono_ms;
    struct metrics metrics;
    struct committer *committer;
    struct jobs *jobs;
    struct uploads *uploads;
    atomic_uint coming;
    atomic_int admits; /* enum refusal */
    struct front_handler handler;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    enum fake_fs_call hangs; /* this call hangs; FAKE_FS_CALLS: none */
    unsigned hanging;        /* threads that hang in it now */
    int64_t seen;            /* as the committer told last */
    unsigned written;        /* results that came back */
    unsigned beats;
};

static struct mono rig_mono(void *ctx)
{
    struct receive_rig *r = ctx;
    return (struct mono){atomic_load(&r->mono_ms)};
}

static struct wall rig_wall(void *ctx)
{
    struct receive_rig *r = ctx;
    return (struct wall){1704110400000 + (int64_t)atomic_load(&r->mono_ms)};
}

static inline void rig_before(void *arg, enum fake_fs_call call, const char *path)
{
    struct receive_rig *r = arg;
    (void)path;
    pthread_mutex_lock(&r->lock);
    bool counted = false;
    while (r->hangs == call) {
        r->hanging += counted ? 0 : 1;
        counted = true;
        pthread_cond_broadcast(&r->changed);
        pthread_cond_wait(&r->changed, &r->lock);
    }
    r->hanging -= counted ? 1 : 0;
    pthread_mutex_unlock(&r->lock);
}

static inline void rig_hang(struct receive_rig *r, enum fake_fs_call call)
{
    pthread_mutex_lock(&r->lock);
    r->hangs = call;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static inline void rig_wait_hanging(struct receive_rig *r, unsigned count)
{
    pthread_mutex_lock(&r->lock);
    while (r->hanging < count)
        pthread_cond_wait(&r->changed, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

static inline void rig_set_free(struct receive_rig *r)
{
    rig_hang(r, FAKE_FS_CALLS);
}

static inline void rig_advance(struct receive_rig *r, uint64_t ms)
{
    atomic_fetch_add(&r->mono_ms, ms);
}

static inline void rig_stamp(void *ctx, struct wall t, char out[NAMES_STAMP_MAX])
{
    (void)ctx;
    (void)t;
    memcpy(out, "20240101_120000", NAMES_STAMP_MAX);
}

static inline void rig_named(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
}

static inline void rig_seen(void *ctx, int64_t seen)
{
    struct receive_rig *r = ctx;
    pthread_mutex_lock(&r->lock);
    r->seen = seen;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static inline void rig_written(void *ctx, const struct delivery_result *results, size_t count)
{
    struct receive_rig *r = ctx;
    (void)results;
    pthread_mutex_lock(&r->lock);
    r->written += (unsigned)count;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static inline void rig_beat(void *ctx)
{
    struct receive_rig *r = ctx;
    pthread_mutex_lock(&r->lock);
    r->beats++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static inline void rig_wait_seen(struct receive_rig *r, int64_t seen)
{
    pthread_mutex_lock(&r->lock);
    while (r->seen < seen)
        pthread_cond_wait(&r->changed, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

static inline void rig_wait_written(struct receive_rig *r, unsigned written)
{
    pthread_mutex_lock(&r->lock);
    while (r->written < written)
        pthread_cond_wait(&r->changed, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

static inline enum refusal rig_admit(void *ctx, struct front_exchange *x, uint64_t bytes)
{
    struct receive_rig *r = ctx;
    (void)x;
    (void)bytes;
    return (enum refusal)atomic_load(&r->admits);
}

static inline enum front_want rig_head(void *ctx, struct front_exchange *x,
                                       const struct front_head *h, void **out_user)
{
    struct receive_rig *r = ctx;
    struct upload *up = NULL;
    enum front_want want = uploads_head(r->uploads, x, h, &up);
    *out_user = up;
    return want;
}

static inline size_t rig_body(void *ctx, struct front_exchange *x, void *user, const void *data,
                              size_t len)
{
    struct receive_rig *r = ctx;
    (void)x;
    return uploads_body(r->uploads, user, data, len);
}

static inline void rig_finish(void *ctx, struct front_exchange *x, void *user)
{
    struct receive_rig *r = ctx;
    (void)x;
    uploads_finish(r->uploads, user);
}

static inline void rig_gone(void *ctx, struct front_exchange *x, void *user, bool sent)
{
    struct receive_rig *r = ctx;
    (void)x;
    (void)sent;
    if (user != NULL)
        uploads_gone(r->uploads, user);
}

static inline void rig_start_committer(struct receive_rig *r, enum ground_promise promise)
{
    struct committer_deps deps = {
        .commit = {.fs = &r->disk.fs,
                   .state = &r->state,
                   .clock = &r->committer_clock,
                   .hash = &r->hash,
                   .stamp = rig_stamp,
                   .named = rig_named,
                   .ctx = r,
                   .promise = promise},
        .metrics = &r->metrics,
        .uploads_coming = &r->coming,
        .seen = rig_seen,
        .written = rig_written,
        .beat = rig_beat,
        .ctx = r,
    };
    assert_int_equal(r->state.mark(r->state.ctx, &deps.mark), ERR_OK);
    assert_int_equal(committer_start(&deps, &r->committer), ERR_OK);
}

static inline void rig_open_all(struct receive_rig *r, unsigned workers, size_t waiting_max,
                                bool frozen)
{
    memset(r, 0, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->hangs = FAKE_FS_CALLS;
    atomic_init(&r->mono_ms, 1000);
    r->hash = plain_hash();
    r->clock = (struct clock){r, rig_mono, rig_wall};
    r->committer_clock = frozen ? r->clock : clock_posix();
    fake_fs_init(&r->disk);
    r->disk.before = rig_before;
    r->disk.before_arg = r;
    fake_state_init(&r->memory);
    fake_state_open(&r->memory, &r->state);
    metrics_init(&r->metrics);
    assert_int_equal(recovery_make_folders(&r->disk.fs), ERR_OK);
    rig_start_committer(r, GROUND_ONE_FLUSH);
    assert_int_equal(jobs_create(workers, waiting_max, &r->jobs), ERR_OK);
    struct uploads_deps deps = {
        .fs = &r->disk.fs,
        .hash = &r->hash,
        .clock = &r->clock,
        .jobs = r->jobs,
        .committer = r->committer,
        .metrics = &r->metrics,
        .folder = "/photos",
        .tmp = LAYOUT_TMP,
        .coming = &r->coming,
        .admit = rig_admit,
        .ctx = r,
    };
    struct uploads_rules rules = {{MEDIUM_BIT(MEDIUM_JPEG), RIG_PHOTO_MAX, 0}, RIG_TIMEOUT_MS};
    assert_int_equal(uploads_create(&deps, &rules, &r->uploads), ERR_OK);
    r->handler = (struct front_handler){r, rig_head, rig_body, rig_finish, rig_gone};
}

static inline void rig_open(struct receive_rig *r, unsigned workers, size_t waiting_max)
{
    rig_open_all(r, workers, waiting_max, false);
}

/* Ends all in the order of the daemon; nothing unfinished may be left. */
static inline void rig_close(struct receive_rig *r)
{
    rig_set_free(r);
    fake_front_end_all();
    jobs_stop(r->jobs);
    committer_stop(r->committer);
    assert_int_equal(uploads_count(r->uploads), 0);
    assert_int_equal(atomic_load(&r->coming), 0);
    assert_int_equal(metrics_value(&r->metrics, METRIC_UPLOADS_IN_FLIGHT), 0);
    uploads_destroy(r->uploads);
    jobs_destroy(r->jobs);
    committer_destroy(r->committer);
    assert_int_equal(fake_fs_count(&r->disk, LAYOUT_TMP), 0);
    assert_int_equal(fake_fs_open_count(&r->disk), 0);
    assert_int_equal(plain_hash_open_count(), 0);
    fake_fs_deinit(&r->disk);
    fake_state_deinit(&r->memory);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
}

static inline struct front_exchange *rig_begin(struct receive_rig *r, const char *key)
{
    char headers[400];
    (void)snprintf(
        headers, sizeof headers, "Content-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n%s%s%s",
        key == NULL ? "" : "Idempotency-Key: ", key == NULL ? "" : key, key == NULL ? "" : "\r\n");
    return fake_front_begin(&r->handler, "POST", "/upload", headers);
}

static inline bool rig_says(const struct front_exchange *x, const char *text)
{
    struct slice body = fake_front_body(x);
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= body.len; i++) {
        if (memcmp(body.ptr + i, text, len) == 0)
            return true;
    }
    return false;
}
