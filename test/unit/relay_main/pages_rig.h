/* test/unit/relay_main/pages_rig.h - pages over a real folder and a real database, with an HTTP
 * front in memory; for tests of what they answer. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/main/pages.h"
#include "relay/port/clock_posix.h"
#include "relay/port/fs_posix.h"
#include "relay/port/state_sqlite.h"
#include "relay/port/thumb_turbojpeg.h"
#include "test/fakes/relay_main/fake_front.h"
#include "test/unit/temp_folder.h"
#include "test/unit/unit.h"

struct rig {
    char folder[TEMP_FOLDER_MAX], database[TEMP_FOLDER_MAX + 32];
    struct fs_posix disk;
    struct clock clock;
    struct state state;
    struct metrics metrics;
    struct jobs *jobs;
    struct pages *pages;
    struct front_handler handler;
    int64_t seen;
    /* Levers: */
    const char *password, *token;
    enum err view_fails;
    bool flush_failed;
    struct fs fs; /* what pages see: the disk, or what a test puts in its place */
};

static inline enum err rig_view_open(void *ctx, struct state_view *out)
{
    struct rig *r = ctx;
    return r->view_fails != ERR_OK ? r->view_fails : state_sqlite_view_open(r->database, out);
}

static inline int64_t rig_seen(void *ctx)
{
    return ((struct rig *)ctx)->seen;
}

static inline void rig_health(void *ctx, struct health_input *out)
{
    const struct rig *r = ctx;
    out->version = "1.2.3";
    out->uptime_s = 3700;
    out->received_session = 1234;
    out->flush_failed = r->flush_failed;
    out->destination_count = 1;
    strcpy(out->destinations[0].name, "remote");
    out->destinations[0].attempts[VERDICT_REASON_AMBIGUOUS] = 5;
    strcpy(out->destinations[0].url, "http://192.0.2.1:6000/upload");
}

static inline size_t rig_settings(void *ctx, struct overview_setting *out, size_t cap)
{
    (void)ctx;
    assert_true(cap >= 2);
    strcpy(out[0].key, "port");
    strcpy(out[0].value, "5000");
    strcpy(out[1].key, "dir");
    strcpy(out[1].value, "<b>&\"'");
    return 2;
}

static inline bool rig_password(void *ctx, struct slice password)
{
    const struct rig *r = ctx;
    return r->password == NULL ||
           (password.ptr != NULL && slice_eq(password, slice_of(r->password)));
}

static inline bool rig_token(void *ctx, struct slice token)
{
    const struct rig *r = ctx;
    return r->token != NULL && slice_eq(token, slice_of(r->token));
}

static inline enum front_want rig_head(void *ctx, struct front_exchange *x,
                                       const struct front_head *h, void **out_user)
{
    struct pages_request *request;
    enum front_want want = pages_head(((struct rig *)ctx)->pages, x, h, &request);
    *out_user = request;
    return want;
}

static inline size_t rig_body(void *ctx, struct front_exchange *x, void *user, const void *data,
                              size_t len)
{
    (void)ctx, (void)x, (void)user, (void)data;
    return len;
}

static inline void rig_finish(void *ctx, struct front_exchange *x, void *user)
{
    (void)ctx, (void)x, (void)user;
}

static inline void rig_gone(void *ctx, struct front_exchange *x, void *user, bool sent)
{
    (void)ctx, (void)x, (void)sent;
    pages_gone(user);
}

static inline void rig_open_at(struct rig *r, struct clock clock)
{
    memset(r, 0, sizeof *r);
    assert_true(temp_folder_make(r->folder));
    assert_int_equal(fs_posix_open(&r->disk, r->folder), ERR_OK);
    r->fs = r->disk.fs;
    assert_int_equal(r->fs.make_folder(r->fs.ctx, ".camrelay"), ERR_OK);
    assert_int_equal(r->fs.make_folder(r->fs.ctx, ".camrelay/tmp"), ERR_OK);
    snprintf(r->database, sizeof r->database, "%s/.camrelay/state.db", r->folder);
    assert_int_equal(state_sqlite_open(r->database, false, &r->state), ERR_OK);
    const char *names[] = {"remote"};
    assert_int_equal(r->state.destinations_set(r->state.ctx, names, 1), ERR_OK);
    metrics_init(&r->metrics);
    r->clock = clock;
    assert_int_equal(jobs_create(2, 64, &r->jobs), ERR_OK);
    struct pages_deps deps = {.ctx = r,
                              .fs = &r->fs,
                              .clock = &r->clock,
                              .metrics = &r->metrics,
                              .jobs = r->jobs,
                              .view_open = rig_view_open,
                              .seen = rig_seen,
                              .health = rig_health,
                              .settings = rig_settings,
                              .password_opens = rig_password,
                              .token_opens = rig_token,
                              .thumb = thumb_turbojpeg_make,
                              .dir = "/srv/photos"};
    assert_int_equal(pages_create(&deps, &r->pages), ERR_OK);
    r->handler = (struct front_handler){r, rig_head, rig_body, rig_finish, rig_gone};
}

static inline void rig_open(struct rig *r)
{
    rig_open_at(r, clock_posix());
}

static inline void rig_close(struct rig *r)
{
    fake_front_end_all();
    pages_destroy(r->pages);
    jobs_destroy(r->jobs);
    assert_int_equal(r->state.close(r->state.ctx, r->seen, (struct wall){1}), ERR_OK);
    fs_posix_close(&r->disk);
    temp_folder_remove(r->folder);
}

/* A row and, unless `bytes` is NULL, its file. */
static inline void rig_store(struct rig *r, const char *name, const char *camera, const void *bytes,
                             size_t len)
{
    struct photo p = {.id = ++r->seen, .batch = r->seen, .size_bytes = len};
    snprintf(p.name, sizeof p.name, "%s", name);
    snprintf(p.camera, sizeof p.camera, "%s", camera);
    memset(p.sha256, (int)r->seen, sizeof p.sha256);
    p.received.ms = 1768378502000 + r->seen;
    struct state_batch batch = {r->seen, r->seen - 1, &p, 1};
    assert_int_equal(r->state.commit(r->state.ctx, &batch), ERR_OK);
    if (bytes == NULL)
        return;
    int fd;
    assert_int_equal(r->fs.create(r->fs.ctx, name, &fd), ERR_OK);
    assert_int_equal(r->fs.write(r->fs.ctx, fd, bytes, len), ERR_OK);
    assert_int_equal(r->fs.close(r->fs.ctx, fd), ERR_OK);
}

static inline struct front_exchange *rig_ask(struct rig *r, const char *method, const char *target,
                                             const char *headers)
{
    return fake_front_ask(&r->handler, method, target, headers);
}

/* The body of an answer as text with a NUL. */
static inline const char *rig_text(struct front_exchange *x)
{
    static char text[1 << 20];
    struct slice body = fake_front_body(x);
    assert_true(body.len < sizeof text);
    if (body.len > 0)
        memcpy(text, body.ptr, body.len);
    text[body.len] = '\0';
    return text;
}
