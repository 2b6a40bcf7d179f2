#include "relay/main/app.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/port/log.h"
#include "relay/logic/layout.h"
#include "relay/logic/recovery.h"
#include "relay/port/clock_posix.h"
#include "relay/port/random_linux.h"
#include "relay/port/state_sqlite.h"

enum {
    PULSE_MS = 200,
    DRAIN_MS = 2500, /* what uploads get to finish when the relay stops; all has to end in 5 s */
    JOBS_EXTRA = 256,
};

/* --- the folder ------------------------------------------------------------------------------- */

static enum err take_lock(struct app *a)
{
    bool taken = false;
    long holder = 0;
    enum err e = a->photos.fs.make_folder(a->photos.fs.ctx, LAYOUT_HOME);
    char path[PATH_MAX + sizeof LAYOUT_HOME + 1];
    snprintf(path, sizeof path, "%s/" LAYOUT_HOME, a->folder);
    if (e == ERR_OK)
        e = lock_flock_take(&a->lock, path, &taken, &holder);
    if (e == ERR_OK && taken) {
        log_line(LOG_LEVEL_ERROR, "another camrelayd uses this folder dir=%s pid=%ld", a->folder,
                 holder);
        e = ERR_INPUT;
    }
    return e;
}

static enum ground_promise wanted_promise(const struct app *a, struct ground_verdict found)
{
    switch (a->options.config.durability) {
    case CONFIG_DURABILITY_AUTO: break;
    case CONFIG_DURABILITY_ONE_FLUSH: return GROUND_ONE_FLUSH;
    case CONFIG_DURABILITY_PER_FILE: return GROUND_PER_FILE;
    case CONFIG_DURABILITY_NONE: return GROUND_NONE;
    }
    return found.promise;
}

/* What the owner asks for may be less than the ground allows, never more. */
static enum err judge_ground(struct app *a)
{
    struct ground_facts facts;
    fs_posix_ground(&a->photos, LAYOUT_HOME, &facts);
    struct ground_verdict found = ground_judge(&facts);
    a->ground = found;
    a->ground.promise = wanted_promise(a, found);
    if (a->ground.promise > found.promise) {
        log_line(LOG_LEVEL_ERROR, "durability=%s cannot be kept here: %s",
                 ground_promise_name(a->ground.promise), found.reason);
        return ERR_INPUT;
    }
    if (a->ground.promise == GROUND_NONE)
        log_line(LOG_LEVEL_WARN, "photos may not survive a power cut: %s", found.reason);
    return ERR_OK;
}

enum err app_open_folder(struct app *a)
{
    a->clock = clock_posix();
    a->random = random_linux();
    a->started = a->clock.mono_now(a->clock.ctx);
    enum err e = fs_posix_open(&a->photos, a->options.config.dir);
    if (e != ERR_OK)
        return e;
    if (realpath(a->options.config.dir, a->folder) == NULL) {
        log_line(LOG_LEVEL_ERROR, "the photo folder has no path errno=%d", errno);
        return ERR_IO;
    }
    e = take_lock(a);
    if (e == ERR_OK)
        e = recovery_make_folders(&a->photos.fs);
    if (e == ERR_OK)
        e = judge_ground(a);
    a->hash = e == ERR_OK ? hash_openssl_create() : NULL;
    return e == ERR_OK && a->hash == NULL ? ERR_FULL : e;
}

/* --- the database ----------------------------------------------------------------------------- */

static void state_path(const struct app *a, char out[PATH_MAX + 64])
{
    snprintf(out, PATH_MAX + 64, "%s/" LAYOUT_DATABASE, a->folder);
}

/* Photos whose flush was perhaps cut short are compared with their rows before anybody sees them.
 */
static enum err recover(struct app *a)
{
    uint64_t swept = 0;
    struct recovery_found found = {0};
    enum err e = recovery_sweep(&a->photos.fs, &swept);
    if (e != ERR_OK)
        log_line(LOG_LEVEL_WARN, "unfinished uploads were not all removed err=%s", err_name(e));
    metrics_add(&a->metrics, METRIC_SWEPT_TOTAL, swept);
    if (a->mark.clean)
        return ERR_OK;
    e = recovery_verify(&a->photos.fs, hash_openssl_calls(a->hash), &a->state, a->mark.flushed,
                        &found);
    if (e != ERR_OK) {
        log_line(LOG_LEVEL_ERROR, "the last photos could not be verified err=%s", err_name(e));
        return e;
    }
    metrics_add(&a->metrics, METRIC_QUARANTINED_TOTAL, found.damaged);
    log_line(LOG_LEVEL_INFO,
             "recovered from an unclean end swept=%llu damaged=%llu unreadable=%llu",
             (unsigned long long)swept, (unsigned long long)found.damaged,
             (unsigned long long)found.unreadable);
    /* What is left was on the medium or is whole in the cache: one flush makes it certain. */
    if (a->ground.promise == GROUND_ONE_FLUSH)
        e = a->photos.fs.sync_all(a->photos.fs.ctx);
    if (e == ERR_OK)
        e = a->state.note_flushed(a->state.ctx, a->mark.last_batch,
                                  a->clock.wall_now(a->clock.ctx));
    if (e == ERR_OK)
        a->mark.flushed = a->mark.last_batch;
    return e;
}

static enum err set_destinations(struct app *a)
{
    const char *names[DESTINATIONS_MAX];
    const struct config *c = &a->options.config;
    for (size_t i = 0; i < c->destination_count; i++)
        names[i] = c->destinations[i].name;
    return a->state.destinations_set(a->state.ctx, names, c->destination_count);
}

enum err app_open_state(struct app *a)
{
    char path[PATH_MAX + 64];
    state_path(a, path);
    metrics_init(&a->metrics);
    enum err e = state_sqlite_open(path, a->ground.promise == GROUND_PER_FILE, &a->state);
    if (e != ERR_OK)
        return e;
    e = a->state.mark(a->state.ctx, &a->mark);
    if (e == ERR_OK)
        e = recover(a);
    if (e == ERR_OK)
        e = set_destinations(a);
    if (e == ERR_OK)
        e = state_sqlite_view_open(path, &a->committer_view);
    if (e == ERR_OK)
        e = state_sqlite_view_open(path, &a->keeper_view);
    return e;
}

/* --- the threads ------------------------------------------------------------------------------ */

static void local_stamp(void *ctx, struct wall t, char out[NAMES_STAMP_MAX])
{
    (void)ctx;
    time_t s = (time_t)(t.ms / 1000);
    struct tm tm;
    localtime_r(&s, &tm);
    if (strftime(out, NAMES_STAMP_MAX, "%Y%m%d_%H%M%S", &tm) != NAMES_STAMP_MAX - 1)
        memcpy(out, "19700101_000000", NAMES_STAMP_MAX); /* a year of five digits */
}

static void on_seen(void *ctx, int64_t seen)
{
    (void)ctx;
    (void)seen;
}

static void on_written(void *ctx, const struct delivery_result *results, size_t count)
{
    (void)ctx;
    (void)results;
    (void)count;
}

static void on_beat(void *ctx)
{
    (void)ctx;
}

static enum err start_committer(struct app *a)
{
    struct committer_deps deps = {
        .commit =
            {
                .fs = &a->photos.fs,
                .state = &a->state,
                .clock = &a->clock,
                .hash = hash_openssl_calls(a->hash),
                .stamp = local_stamp,
                .promise = a->ground.promise,
                .dedupe_window_s = (uint32_t)(a->options.config.dedupe_window_ms / 1000),
            },
        .mark = a->mark,
        .view = &a->committer_view,
        .metrics = &a->metrics,
        .uploads_coming = &a->uploads_coming,
        .seen = on_seen,
        .written = on_written,
        .beat = on_beat,
        .ctx = a,
    };
    return committer_start(&deps, &a->committer);
}

static enum err start_keeper(struct app *a)
{
    enum err e = watch_inotify_open(&a->watch, a->folder);
    if (e != ERR_OK)
        return e;
    struct keeper_deps deps = {
        .fs = &a->photos.fs,
        .hash = hash_openssl_calls(a->hash),
        .clock = &a->clock,
        .committer = a->committer,
        .view = &a->keeper_view,
        .watch = &a->watch.watch,
        .sentfile = a->has_sentfile ? &a->sentfile : NULL,
        .metrics = &a->metrics,
        .adopt = a->options.config.adopt,
        .rebuilding = a->mark.rebuilt,
        .adopt_still_ms = (uint32_t)a->options.config.adopt_still_ms,
    };
    return keeper_start(&deps, &a->keeper);
}

static struct uploads_rules rules_of(const struct config *c)
{
    return (struct uploads_rules){c->max_upload_bytes, (uint32_t)c->commit_timeout_ms};
}

static enum front_want rest(void *ctx, struct front_exchange *x, const struct front_head *h)
{
    (void)ctx;
    (void)h;
    uploads_refuse(x, REFUSAL_NOT_FOUND, NULL);
    return FRONT_ANSWERED;
}

static enum err start_server(struct app *a)
{
    const struct config *c = &a->options.config;
    enum err e = jobs_create(c->workers, 2 * (size_t)c->connections + JOBS_EXTRA, &a->jobs);
    struct server_deps server = {a->committer, a->keeper, rest, a};
    if (e == ERR_OK)
        e = server_create(&server, c, &a->server);
    struct uploads_deps uploads = {
        .fs = &a->photos.fs,
        .hash = hash_openssl_calls(a->hash),
        .clock = &a->clock,
        .jobs = a->jobs,
        .committer = a->committer,
        .metrics = &a->metrics,
        .folder = a->folder,
        .sync_bytes = a->ground.promise == GROUND_PER_FILE,
        .coming = &a->uploads_coming,
        .admit = server_admit,
        .ctx = a->server,
    };
    struct uploads_rules rules = rules_of(c);
    if (e == ERR_OK)
        e = uploads_create(&uploads, &rules, &a->uploads);
    if (e == ERR_OK)
        server_set_uploads(a->server, a->uploads);
    return e;
}

static enum err start_front(struct app *a)
{
    const struct config *c = &a->options.config;
    struct http_mhd_options options = {
        .hosts = {c->host},
        .port = (uint16_t)c->port,
        .threads = c->threads,
        .connections_max = c->connections,
        .per_address_max = c->connections_per_ip,
        .idle_timeout_ms = (uint32_t)c->idle_timeout_ms,
    };
    struct front_handler handler = server_handler(a->server);
    enum err e = http_mhd_open(&options, &handler, &a->front);
    if (e == ERR_OK)
        log_line(LOG_LEVEL_INFO, "listening host=%s port=%u dir=%s durability=%s", c->host,
                 (unsigned)http_mhd_port(a->front), a->folder,
                 ground_promise_name(a->ground.promise));
    return e;
}

enum err app_open_threads(struct app *a)
{
    enum err e = start_committer(a);
    if (e == ERR_OK)
        e = start_keeper(a);
    if (e == ERR_OK)
        e = start_server(a);
    if (e == ERR_OK)
        e = start_front(a);
    return e;
}

/* --- running and ending ----------------------------------------------------------------------- */

void app_run(struct app *a)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    const struct timespec pulse = {.tv_nsec = PULSE_MS * 1000000L};
    int signal = 0;
    while (signal != SIGTERM && signal != SIGINT) {
        signal = sigtimedwait(&set, NULL, &pulse);
        uploads_pulse(a->uploads);
    }
    log_line(LOG_LEVEL_INFO, "stopping");
}

static void drain_uploads(struct app *a)
{
    const struct timespec nap = {.tv_nsec = 20 * 1000000L};
    uint64_t end = a->clock.mono_now(a->clock.ctx).ms + DRAIN_MS;
    while (uploads_count(a->uploads) > 0 && a->clock.mono_now(a->clock.ctx).ms < end) {
        uploads_pulse(a->uploads);
        nanosleep(&nap, NULL);
    }
    uploads_stop(a->uploads);
}

void app_close(struct app *a)
{
    if (a->front != NULL) {
        http_mhd_stop_listening(a->front);
        drain_uploads(a);
        http_mhd_close(a->front);
    }
    if (a->jobs != NULL)
        jobs_stop(a->jobs);
    if (a->keeper != NULL)
        keeper_stop(a->keeper);
    if (a->committer != NULL)
        committer_stop(a->committer);
    else if (a->state.ctx != NULL)
        (void)!a->state.close(a->state.ctx, a->mark.flushed, a->clock.wall_now(a->clock.ctx));
    uploads_destroy(a->uploads);
    server_destroy(a->server);
    jobs_destroy(a->jobs);
    keeper_destroy(a->keeper);
    committer_destroy(a->committer);
    watch_inotify_close(&a->watch);
    hash_openssl_destroy(a->hash);
    fs_posix_close(&a->photos);
    lock_flock_give(&a->lock);
}
