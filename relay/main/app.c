#include "relay/main/app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/port/log.h"
#include "relay/logic/adopt.h"
#include "relay/logic/layout.h"
#include "relay/logic/recovery.h"
#include "relay/main/commands.h"
#include "relay/port/clock_posix.h"
#include "relay/port/json_jansson.h"
#include "relay/port/listener.h"
#include "relay/port/random_linux.h"
#include "relay/port/rights_linux.h"
#include "relay/port/state_sqlite.h"

enum {
    DRAIN_MS = 2000,       /* what uploads get to finish when the relay stops */
    LAST_ANSWERS_MS = 300, /* for the answers of those who did not */
    END_MS = 4700,         /* then it ends whatever hangs: all has to end in 5 s */
    FILES_SPARE = 256,
};

/* --- rights ----------------------------------------------------------------------------------- */

enum err app_drop_rights(struct app *a)
{
    const struct config *c = &a->options.config;
    uint16_t port = (uint16_t)c->port;
    size_t count = 0;
    if (c->user[0] == '\0')
        return ERR_OK;
    if (!rights_is_root()) {
        log_line(LOG_LEVEL_WARN, "not started as root, so user=%s changes nothing", c->user);
        return ERR_OK;
    }
    enum err e = listener_open(c->host, &port, &a->listen_fd, 1, &count);
    if (e == ERR_OK)
        e = rights_make_folder(c->dir, c->user);
    return e == ERR_OK ? rights_become(c->user) : e;
}

/* --- the folder ------------------------------------------------------------------------------- */

static enum err take_lock(struct app *a)
{
    bool taken = false;
    long holder = 0;
    enum err e = a->photos.fs.make_folder(a->photos.fs.ctx, LAYOUT_HOME);
    if (e != ERR_OK)
        log_line(LOG_LEVEL_ERROR,
                 "the photo folder must be one that camrelayd may write to, and .camrelay in it a "
                 "folder dir=%s err=%s",
                 a->folder, err_name(e));
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

static enum err make_folders(struct app *a)
{
    enum err e = recovery_make_folders(&a->photos.fs);
    if (e != ERR_OK) {
        log_line(LOG_LEVEL_ERROR, "the folders in .camrelay cannot be made dir=%s err=%s",
                 a->folder, err_name(e));
        return e;
    }
    e = recovery_choose_tmp(&a->photos.fs, &a->tmp);
    if (e != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "no file can be moved into the photo folder dir=%s err=%s",
                 a->folder, err_name(e));
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

/* One descriptor per upload that is being written, one per connection, and some more. */
static void raise_file_limit(const struct app *a)
{
    struct rlimit limit;
    rlim_t want = 2 * (rlim_t)a->options.config.connections + FILES_SPARE;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
        return;
    limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < want)
        log_line(LOG_LEVEL_WARN, "few file descriptors are allowed limit=%llu wanted=%llu",
                 (unsigned long long)limit.rlim_cur, (unsigned long long)want);
}

enum err app_open_folder(struct app *a)
{
    pthread_mutex_init(&a->settings_lock, NULL);
    raise_file_limit(a);
    a->clock = clock_posix();
    a->random = random_linux();
    a->started = a->clock.mono_now(a->clock.ctx);
    enum err e = fs_posix_open(&a->photos, a->options.config.dir);
    if (e != ERR_OK) {
        log_line(LOG_LEVEL_ERROR, "the photo folder cannot be made or is no folder dir=%s err=%s",
                 a->options.config.dir, err_name(e));
        return e;
    }
    if (realpath(a->options.config.dir, a->folder) == NULL) {
        log_line(LOG_LEVEL_ERROR, "the photo folder has no path errno=%d", errno);
        return ERR_IO;
    }
    e = take_lock(a);
    if (e == ERR_OK)
        e = make_folders(a);
    if (e == ERR_OK)
        e = judge_ground(a);
    a->hash = e == ERR_OK ? hash_openssl_create() : NULL;
    return e == ERR_OK && a->hash == NULL ? ERR_FULL : e;
}

/* --- the database ----------------------------------------------------------------------------- */

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
    if (a->mark.clean || a->mark.last_batch == 0)
        return ERR_OK;
    /* Also while a rebuild is not finished: what it brought back is checked file by file later (see
     * adopter.h), but the last batch must not be shown before. */
    e = recovery_verify(&a->photos.fs, hash_openssl_calls(a->hash), &a->state, a->mark.flushed,
                        &found);
    if (e != ERR_OK) {
        log_line(LOG_LEVEL_ERROR, "the last photos could not be verified err=%s", err_name(e));
        return e;
    }
    metrics_add(&a->metrics, METRIC_QUARANTINED_TOTAL, found.damaged);
    log_line(found.unreadable > 0 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
             "recovered from an unclean end swept=%llu damaged=%llu unreadable=%llu",
             (unsigned long long)swept, (unsigned long long)found.damaged,
             (unsigned long long)found.unreadable);
    if (found.unreadable > 0)
        a->mark.rebuilt = true; /* tries once more, by their records, before keys are judged */
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

/* A new database in an empty folder is complete: nobody has to wait for its keys. */
static enum err settle_rebuilding(struct app *a)
{
    bool nothing = false;
    if (!a->mark.rebuilt)
        return ERR_OK;
    enum err e = adopt_is_nothing(&a->photos.fs, &nothing);
    if (e == ERR_OK && nothing)
        e = a->state.rebuild_done(a->state.ctx);
    a->mark.rebuilt = e != ERR_OK || !nothing;
    return ERR_OK; /* if in doubt, it is looked through */
}

static enum err set_destinations(struct app *a)
{
    const char *names[DESTINATIONS_MAX];
    const struct config *c = &a->options.config;
    for (size_t i = 0; i < c->destination_count; i++)
        names[i] = c->destinations[i].name;
    return a->state.destinations_set(a->state.ctx, names, c->destination_count);
}

/* Does the database know better than a list whether this was sent, and to whom? */
static enum err name_is_known(struct app *a, const char *name, bool *out_known)
{
    struct photo p;
    enum err e = a->state.sent_known(a->state.ctx, name, out_known);
    return e == ERR_OK && !*out_known ? a->state.name_find(a->state.ctx, name, out_known, &p) : e;
}

/* The list was mostly written by ourselves, for the destinations of that day. Taken for the word of
 * a script again, it would tell that a destination added since has had all of it. */
static enum err sent_names(void *ctx, const char *const *names, size_t count)
{
    struct app *a = ctx;
    const char *news[SENTFILE_NAMES_AT_ONCE];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        enum err e = name_is_known(a, names[i], &known);
        if (e != ERR_OK)
            return e;
        if (!known)
            news[n++] = names[i];
    }
    return n > 0 ? a->state.sent_import(a->state.ctx, news, n) : ERR_OK;
}

/* sent_files.json lies in a folder of its own choosing, mostly the working directory. */
static enum err open_sentfile(struct app *a)
{
    char folder[CONFIG_PATH_MAX];
    const char *path = a->options.config.sent_file;
    const char *name = strrchr(path, '/');
    if (path[0] == '\0')
        return ERR_OK;
    snprintf(folder, sizeof folder, "%.*s", name == NULL ? 1 : (int)(name - path),
             name == NULL ? "." : path);
    name = name == NULL ? path : name + 1;
    enum err e = fs_posix_open(&a->sent_folder, folder[0] == '\0' ? "/" : folder);
    if (e == ERR_OK)
        e = sentfile_init(&a->sentfile, &a->sent_folder.fs, &a->json, name);
    if (e != ERR_OK) {
        log_line(LOG_LEVEL_ERROR, "sent_file cannot be kept there path=%s err=%s", path,
                 err_name(e));
        return e;
    }
    a->has_sentfile = true;
    struct sentfile_sink sink = {a, sent_names};
    struct sentfile_found found = {0};
    e = sentfile_import(&a->sentfile, &sink, &found);
    if (e != ERR_OK)
        log_line(LOG_LEVEL_WARN, "%s was not read err=%s", path, err_name(e));
    else if (found.trouble.text[0] != '\0')
        log_line(LOG_LEVEL_WARN, "%s: line %llu: %s", path, (unsigned long long)found.trouble.line,
                 found.trouble.text);
    return ERR_OK; /* a list that cannot be read is no reason not to start */
}

static enum err open_views(struct app *a)
{
    struct state_view *const views[] = {&a->keeper_view, &a->forwarder_view};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < sizeof views / sizeof views[0]; i++)
        e = state_sqlite_view_open(a->database, views[i]);
    return e;
}

enum err app_open_state(struct app *a)
{
    snprintf(a->database, sizeof a->database, "%s/" LAYOUT_DATABASE, a->folder);
    metrics_init(&a->metrics);
    a->json = json_jansson();
    enum err e = state_sqlite_open(a->database, a->ground.promise == GROUND_PER_FILE, &a->state);
    if (e == ERR_OK)
        e = a->state.mark(a->state.ctx, &a->mark);
    if (e == ERR_OK)
        e = recover(a);
    if (e == ERR_OK)
        e = settle_rebuilding(a);
    if (e == ERR_OK)
        e = set_destinations(a);
    if (e == ERR_OK)
        e = open_sentfile(a);
    return e == ERR_OK ? open_views(a) : e;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Until all have their answer, and have it sent. */
static void wait_for_uploads(struct app *a, uint32_t ms)
{
    const struct timespec nap = {.tv_nsec = 20 * 1000000L};
    uint64_t end = a->clock.mono_now(a->clock.ctx).ms + ms;
    while (uploads_count(a->uploads) > 0 && a->clock.mono_now(a->clock.ctx).ms < end) {
        uploads_pulse(a->uploads);
        nanosleep(&nap, NULL);
    }
}

static void drain_uploads(struct app *a)
{
    wait_for_uploads(a, DRAIN_MS);
    uploads_stop(a->uploads);
    wait_for_uploads(a, LAST_ANSWERS_MS);
}

/* A disk that hangs keeps threads that cannot be ended. What was answered is safe all the same, and
 * the next start verifies the last photos, as after any cut. */
static void *end_anyway(void *arg)
{
    (void)arg;
    const struct timespec time = {END_MS / 1000, END_MS % 1000 * 1000000L};
    nanosleep(&time, NULL);
    log_line(LOG_LEVEL_WARN, "the disk does not let go: ended without closing the database");
    _exit(EXIT_SUCCESS);
}

static void bound_the_end(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, end_anyway, NULL) == 0)
        pthread_detach(thread);
}

static void close_state(struct app *a)
{
    int64_t flushed = a->mark.flushed;
    if (a->committer != NULL)
        flushed = committer_flushed(a->committer);
    if (a->state.ctx == NULL)
        return;
    enum err e = a->state.close(a->state.ctx, flushed, a->clock.wall_now(a->clock.ctx));
    if (e != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the database was not closed cleanly err=%s", err_name(e));
}

static void close_views(struct app *a)
{
    struct state_view *const views[] = {&a->keeper_view, &a->forwarder_view};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        if (views[i]->ctx != NULL)
            views[i]->close(views[i]->ctx);
    }
}

/* Threads end in the order in which they feed each other. */
static void stop_threads(struct app *a)
{
    if (a->front != NULL) {
        http_mhd_stop_listening(a->front);
        drain_uploads(a);
        http_mhd_close(a->front);
    }
    if (a->jobs != NULL)
        jobs_stop(a->jobs);
    if (a->readers != NULL)
        jobs_stop(a->readers);
    app_sound_stop(a);
    if (a->keeper != NULL)
        keeper_stop(a->keeper);
    if (a->forwarder != NULL)
        forwarder_stop(a->forwarder);
    if (a->committer != NULL)
        committer_stop(a->committer);
    forwarder_close(a->forwarder); /* brings sent_files.json up to date */
}

void app_close(struct app *a)
{
    atomic_store(&a->stopping, true);
    if (a->front != NULL) /* else it did not start, and main has something to say */
        bound_the_end();
    stop_threads(a);
    pages_destroy(a->pages);
    close_views(a);
    close_state(a);
    uploads_destroy(a->uploads);
    server_destroy(a->server);
    commands_destroy(a->commands);
    jobs_destroy(a->jobs);
    jobs_destroy(a->readers);
    app_sound_close(a);
    keeper_destroy(a->keeper);
    uplink_curl_close(a->uplink_curl);
    committer_destroy(a->committer);
    if (a->watch.watch.ctx != NULL)
        watch_inotify_close(&a->watch);
    hash_openssl_destroy(a->hash);
    if (a->sent_folder.fs.ctx != NULL)
        fs_posix_close(&a->sent_folder);
    if (a->photos.fs.ctx != NULL)
        fs_posix_close(&a->photos);
    lock_flock_give(&a->lock);
}
