#include "relay/main/keeper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "lib/port/log.h"

enum {
    ROUND_MS = 1000,
    BACKFILL_ROWS = 2000, /* in one transaction: some tens of milliseconds */
    EXPIRE_EVERY_MS = 3600000,
    RETAIN_STEPS_MAX = 64, /* in one round: the folder is not left alone for long */
    KEYS_KEPT = 1000000,
};
static const int64_t KEY_AGE_MS = 400LL * 24 * 3600 * 1000;

struct keeper {
    struct keeper_deps deps;
    struct adopter *adopter;
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    atomic_bool rebuilding;
    _Atomic uint64_t free_bytes;
    _Atomic uint64_t total_bytes;
    _Atomic uint64_t space_at_ms;
    bool backfilled;
    pthread_mutex_t rules_lock;
    struct retention retention;
    struct retention_plan plan;
    struct mono expire_at;
};

static struct mono now(const struct keeper *k)
{
    return k->deps.clock->mono_now(k->deps.clock->ctx);
}

static bool is_stopping(void *ctx)
{
    const struct keeper *k = ctx;
    return atomic_load(&k->stopping);
}

struct keeper_space keeper_space(const struct keeper *k)
{
    struct keeper_space s = {
        .space = {atomic_load(&k->free_bytes), atomic_load(&k->total_bytes)},
        .age_ms = (uint32_t)(now(k).ms - atomic_load(&k->space_at_ms)),
    };
    return s;
}

bool keeper_is_rebuilding(const struct keeper *k)
{
    return atomic_load(&k->rebuilding) && (k->adopter == NULL || adopter_is_rebuilding(k->adopter));
}

void keeper_note_name(struct keeper *k, const char *name)
{
    if (k->adopter != NULL)
        adopter_note(k->adopter, name);
}

static void look_at_space(struct keeper *k)
{
    struct fs_space space;
    if (k->deps.fs->space(k->deps.fs->ctx, &space) != ERR_OK)
        return; /* its age tells */
    atomic_store(&k->free_bytes, space.free_bytes);
    atomic_store(&k->total_bytes, space.total_bytes);
    atomic_store(&k->space_at_ms, now(k).ms);
    metrics_set(k->deps.metrics, METRIC_DISK_FREE_BYTES, space.free_bytes);
    metrics_set(k->deps.metrics, METRIC_DISK_TOTAL_BYTES, space.total_bytes);
}

struct step {
    bool more;
    enum err error;
};

static void backfill_step(void *arg, struct commit *commit)
{
    struct step *s = arg;
    const struct state *state = commit->deps.state;
    s->error = state->backfill(state->ctx, BACKFILL_ROWS, &s->more);
}

static void backfill(struct keeper *k)
{
    struct step s = {.more = true};
    while (!k->backfilled && s.more && !is_stopping(k)) {
        if (!committer_call(k->deps.committer, backfill_step, &s))
            return;
        if (s.error != ERR_OK) {
            log_line(LOG_LEVEL_WARN, "photos owed to a destination were not noted err=%s",
                     err_name(s.error));
            return; /* again in the next round */
        }
    }
    k->backfilled = !s.more;
}

static void expire_step(void *arg, struct commit *commit)
{
    struct step *s = arg;
    const struct state *state = commit->deps.state;
    struct wall before = commit->deps.clock->wall_now(commit->deps.clock->ctx);
    before.ms -= KEY_AGE_MS;
    s->error = state->keys_expire(state->ctx, before, KEYS_KEPT);
}

static void expire_keys(struct keeper *k)
{
    if (now(k).ms < k->expire_at.ms)
        return;
    k->expire_at = (struct mono){now(k).ms + EXPIRE_EVERY_MS};
    struct step s = {0};
    if (committer_call(k->deps.committer, expire_step, &s) && s.error != ERR_OK)
        log_line(LOG_LEVEL_WARN, "old keys were not dropped err=%s", err_name(s.error));
}

/* --- retention -------------------------------------------------------------------------------- */

static enum err remember(void *ctx, const struct photo *p)
{
    return commit_journal(ctx, p);
}

struct carrying {
    struct keeper *keeper;
    struct retention_done done;
    enum err error;
};

/* The committer's thread. The keys are on the medium before their photos go. */
static void carry_out(void *arg, struct commit *commit)
{
    struct carrying *c = arg;
    struct retention_tools tools = {
        .state = commit->deps.state,
        .view = c->keeper->deps.view,
        .seen = commit->seen,
        .fs = c->keeper->deps.fs,
        .remember = remember,
        .ctx = commit,
    };
    c->error = retention_carry_out(&c->keeper->plan, &tools, &c->done);
}

static void note_deleted(struct keeper *k, const struct carrying *c)
{
    struct metrics *m = k->deps.metrics;
    metrics_add(m, METRIC_RETENTION_DELETED_TOTAL, c->done.deleted - c->done.lost);
    metrics_add(m, METRIC_RETENTION_DELETED_UNSENT_TOTAL, c->done.lost);
    metrics_add(m, METRIC_RETENTION_DELETED_BYTES_TOTAL, c->done.bytes);
    if (c->done.lost > 0)
        log_line(LOG_LEVEL_WARN,
                 "photos were deleted that had not reached every destination "
                 "count=%llu",
                 (unsigned long long)c->done.lost);
    if (c->error != ERR_OK)
        log_line(LOG_LEVEL_WARN, "old photos could not be deleted err=%s", err_name(c->error));
}

/* Answers whether to look again at once. */
static bool retain_step(struct keeper *k)
{
    struct retention_look look = {
        .view = k->deps.view,
        .seen = committer_seen(k->deps.committer),
        .now = k->deps.clock->wall_now(k->deps.clock->ctx),
        .space = keeper_space(k).space,
    };
    pthread_mutex_lock(&k->rules_lock);
    struct retention_rules rules = k->deps.rules;
    pthread_mutex_unlock(&k->rules_lock);
    enum err e = retention_plan(&k->retention, &rules, &look, &k->plan);
    if (e != ERR_OK) {
        log_line(LOG_LEVEL_WARN, "old photos could not be looked for err=%s", err_name(e));
        return false;
    }
    if (k->plan.count > 0) {
        struct carrying c = {.keeper = k};
        if (!committer_call(k->deps.committer, carry_out, &c))
            return false;
        note_deleted(k, &c);
        look_at_space(k);
        if (c.error != ERR_OK)
            return false;
    }
    return k->plan.more;
}

static void retain(struct keeper *k)
{
    for (unsigned i = 0; i < RETAIN_STEPS_MAX && !is_stopping(k) && retain_step(k); i++) {
    }
}

void keeper_set_rules(struct keeper *k, const struct retention_rules *rules)
{
    pthread_mutex_lock(&k->rules_lock);
    k->deps.rules = *rules;
    pthread_mutex_unlock(&k->rules_lock);
}

void keeper_set_adopting(struct keeper *k, uint32_t still_ms, unsigned accept)
{
    adopter_set_rules(k->adopter, still_ms, accept);
}

static void hear(void *arg, const char *name)
{
    struct keeper *k = arg;
    adopter_hear(k->adopter, name);
}

/* Waits for files to appear, at most a round. */
static void wait_for_files(struct keeper *k)
{
    bool rescan = false;
    uint32_t next_ms = k->deps.adopt ? adopter_step(k->adopter) : ROUND_MS;
    uint32_t wait_ms = next_ms < ROUND_MS ? next_ms : ROUND_MS;
    if (is_stopping(k))
        return;
    enum err e = k->deps.watch->wait(k->deps.watch->ctx, wait_ms, hear, k, &rescan);
    if (e != ERR_OK) {
        if (k->deps.adopt)
            log_line(LOG_LEVEL_ERROR, "the folder is not watched any more err=%s", err_name(e));
        k->deps.adopt = false;
        nanosleep(&(struct timespec){.tv_nsec = 200000000L}, NULL); /* wait() does not, broken */
    } else if (rescan && k->deps.adopt) {
        adopter_missed(k->adopter);
    }
}

static void *run(void *arg)
{
    struct keeper *k = arg;
    if (k->deps.rebuilding)
        adopter_rebuild(k->adopter);
    else if (k->deps.adopt)
        adopter_scan(k->adopter);
    atomic_store(&k->rebuilding, false);
    while (!is_stopping(k)) {
        look_at_space(k);
        backfill(k);
        retain(k);
        expire_keys(k);
        wait_for_files(k);
    }
    return NULL;
}

enum err keeper_start(const struct keeper_deps *deps, struct keeper **out)
{
    struct keeper *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_FULL;
    k->deps = *deps;
    atomic_init(&k->rebuilding, deps->rebuilding);
    pthread_mutex_init(&k->rules_lock, NULL);
    k->expire_at = (struct mono){now(k).ms + EXPIRE_EVERY_MS};
    look_at_space(k);
    struct adopter_deps adopter = {
        .fs = deps->fs,
        .hash = deps->hash,
        .clock = deps->clock,
        .committer = deps->committer,
        .view = deps->view,
        .metrics = deps->metrics,
        .stop = is_stopping,
        .ctx = k,
        .still_ms = deps->adopt_still_ms,
        .accept = deps->accept,
    };
    enum err e = adopter_create(&adopter, deps->rebuilding, &k->adopter);
    if (e == ERR_OK && pthread_create(&k->thread, NULL, run, k) != 0)
        e = ERR_FULL;
    if (e != ERR_OK) {
        adopter_destroy(k->adopter);
        free(k);
        return e;
    }
    k->started = true;
    *out = k;
    return ERR_OK;
}

void keeper_stop(struct keeper *k)
{
    if (!k->started)
        return;
    atomic_store(&k->stopping, true);
    k->deps.watch->wake(k->deps.watch->ctx);
    pthread_join(k->thread, NULL);
    k->started = false;
}

void keeper_destroy(struct keeper *k)
{
    if (k == NULL)
        return;
    keeper_stop(k);
    adopter_destroy(k->adopter);
    free(k);
}
