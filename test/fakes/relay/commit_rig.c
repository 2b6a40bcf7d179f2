#include "test/fakes/relay/commit_rig.h"

#include <stdio.h>
#include <string.h>

#include "relay/logic/layout.h"
#include "relay/logic/recovery.h"
#include "test/fakes/relay/plain_hash.h"
#include "test/unit/unit.h"

static struct mono rig_mono(void *ctx)
{
    struct commit_rig *r = ctx;
    r->ticks.ms++;
    return r->ticks;
}

static struct wall rig_wall(void *ctx)
{
    const struct commit_rig *r = ctx;
    return r->now;
}

static void rig_stamp(void *ctx, struct wall t, char out[NAMES_STAMP_MAX])
{
    (void)ctx;
    unsigned s = (unsigned)(t.ms / 1000 % 86400);
    snprintf(out, NAMES_STAMP_MAX, "20240101_%02u%02u%02u", s / 3600 % 24, s / 60 % 60, s % 60);
}

static void rig_named(void *ctx, const char *name)
{
    struct commit_rig *r = ctx;
    (void)name;
    r->named++;
}

void rig_init(struct commit_rig *r, enum ground_promise promise)
{
    memset(r, 0, sizeof *r);
    fake_fs_init(&r->disk);
    fake_state_init(&r->memory);
    r->promise = promise;
    r->hash = plain_hash();
    r->clock = (struct clock){r, rig_mono, rig_wall};
    r->now = (struct wall){1704110400000};
    rig_start(r);
}

void rig_deinit(struct commit_rig *r)
{
    commit_close(&r->commit);
    assert_int_equal(fake_fs_open_count(&r->disk), 0);
    assert_int_equal(plain_hash_open_count(), 0);
    fake_fs_deinit(&r->disk);
    fake_state_deinit(&r->memory);
}

void rig_start(struct commit_rig *r)
{
    struct state_mark mark;
    struct recovery_found found = {0};
    uint64_t swept;
    const struct fs *fs = &r->disk.fs;
    assert_int_equal(recovery_make_folders(fs), ERR_OK);
    assert_int_equal(fs->sync_all(fs->ctx), ERR_OK);
    fake_state_open(&r->memory, &r->state);
    assert_int_equal(r->state.mark(r->state.ctx, &mark), ERR_OK);
    assert_int_equal(recovery_sweep(fs, &swept), ERR_OK);
    assert_int_equal(recovery_verify(fs, &r->hash, &r->state, mark.flushed, &found), ERR_OK);
    assert_int_equal(found.unreadable, 0);
    mark.flushed = mark.last_batch;
    struct commit_deps deps = {
        .fs = fs,
        .state = &r->state,
        .clock = &r->clock,
        .hash = &r->hash,
        .stamp = rig_stamp,
        .named = rig_named,
        .ctx = r,
        .promise = r->promise,
        .dedupe_window_s = r->dedupe_window_s,
    };
    commit_init(&r->commit, &deps, &mark);
}

void rig_power_cut(struct commit_rig *r, enum fake_fs_loss loss, int64_t batch)
{
    fake_fs_reboot(&r->disk, loss);
    fake_state_reboot(&r->memory, batch);
    journal_init(&r->commit.journal, &r->disk.fs); /* its descriptor died with the process */
}

enum err rig_spool(struct commit_rig *r, const struct rig_upload *u, struct commit_item *item)
{
    struct spool spool = {0};
    *item = (struct commit_item){0};
    snprintf(item->photo.key, sizeof item->photo.key, "%s", u->key == NULL ? "" : u->key);
    snprintf(item->photo.camera, sizeof item->photo.camera, "%s",
             u->camera == NULL ? "" : u->camera);
    snprintf(item->photo.original, sizeof item->photo.original, "%s",
             u->original == NULL ? "" : u->original);
    item->photo.received = r->now;
    enum err e = spool_begin(&spool, &r->disk.fs, &r->hash, LAYOUT_TMP, ++r->spools);
    if (e == ERR_OK)
        e = spool_write(&spool, u->bytes, strlen(u->bytes));
    if (e == ERR_OK)
        e = spool_finish(&spool, &item->photo, r->promise == GROUND_PER_FILE, &item->tagged);
    if (e == ERR_OK)
        memcpy(item->path, spool.path, sizeof item->path);
    return e;
}

void rig_send(struct commit_rig *r, const struct rig_upload *u, struct commit_item *out)
{
    enum err e = rig_spool(r, u, out);
    if (e != ERR_OK) {
        out->outcome = COMMIT_FAILED;
        out->error = e;
        return;
    }
    struct commit_item *items[] = {out};
    commit_batch(&r->commit, items, 1);
}

bool rig_file_is(struct commit_rig *r, const char *name, const char *bytes)
{
    return fake_fs_holds(&r->disk, name, bytes, strlen(bytes));
}
