#include "relay/main/archive.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/port/log.h"
#include "relay/logic/adopt.h"
#include "relay/logic/layout.h"
#include "relay/logic/ports/recordfile.h"
#include "relay/logic/recordname.h"

enum {
    NAMES_MAX_AT_ONCE = 32,
    RETRY_S = 10,
    IDLE_S = 3600,
};

struct archive {
    struct archive_deps deps;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken, settled, stopping; /* under the lock */
    atomic_bool repaired;
    _Atomic uint64_t waiting;
    struct committer_photo photo; /* the one on its way */
    char names[NAMES_MAX_AT_ONCE][RECORDNAME_MAX + sizeof RECORDFILE_OPEN];
    size_t count;
};

bool archive_is_repaired(const struct archive *a)
{
    return atomic_load(&a->repaired);
}

uint64_t archive_waiting(const struct archive *a)
{
    return atomic_load(&a->waiting);
}

static bool is_stopping(struct archive *a)
{
    pthread_mutex_lock(&a->lock);
    bool stopping = a->stopping;
    pthread_mutex_unlock(&a->lock);
    return stopping;
}

/* --- what lies there -------------------------------------------------------------------------- */

static struct slice without_open(struct slice name)
{
    const size_t len = sizeof RECORDFILE_OPEN - 1;
    if (name.len > len && memcmp(name.ptr + name.len - len, RECORDFILE_OPEN, len) == 0)
        name.len -= len;
    return name;
}

static bool take_name(struct archive *a, const char *name, bool open)
{
    struct recordname n;
    struct slice text = slice_of(name), bare = without_open(text);
    if ((bare.len < text.len) != open || !recordname_read(bare, &n))
        return true; /* none of ours */
    if (slice_to_text(bare, a->names[a->count], sizeof a->names[0]))
        a->count++;
    return a->count < NAMES_MAX_AT_ONCE;
}

static bool take_open(void *arg, const char *name)
{
    return take_name(arg, name, true);
}

static bool take_finished(void *arg, const char *name)
{
    return take_name(arg, name, false);
}

static int by_name(const void *x, const void *y)
{
    return strcmp(x, y);
}

/* Oldest first, as far as they are listed at once: their names begin with when they began. */
static enum err list(struct archive *a, bool (*each)(void *arg, const char *name))
{
    const struct fs *fs = a->deps.fs;
    a->count = 0;
    enum err e = fs->list(fs->ctx, a->deps.folder, each, a);
    qsort(a->names, a->count, sizeof a->names[0], by_name);
    return e;
}

/* --- one recording ---------------------------------------------------------------------------- */

static void on_done(struct committer_photo *p)
{
    struct archive *a = (struct archive *)((char *)p - offsetof(struct archive, photo));
    pthread_mutex_lock(&a->lock);
    a->settled = true;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

static enum err commit(struct archive *a)
{
    a->photo.done = on_done;
    a->settled = false;
    committer_submit(a->deps.committer, &a->photo);
    pthread_mutex_lock(&a->lock);
    while (!a->settled)
        pthread_cond_wait(&a->changed, &a->lock);
    pthread_mutex_unlock(&a->lock);
    const struct commit_item *item = &a->photo.item;
    if (item->outcome == COMMIT_STORED)
        log_line(LOG_LEVEL_INFO, "recording stored name=%s bytes=%llu", item->photo.name,
                 (unsigned long long)item->photo.size_bytes);
    return item->outcome == COMMIT_FAILED ? item->error : ERR_OK;
}

/* A file without sound, or one that somebody else has changed. */
static enum err set_aside(struct archive *a, const char *path, const char *name)
{
    const struct fs *fs = a->deps.fs;
    char to[FS_PATH_MAX];
    bool near = strcmp(a->deps.folder, LAYOUT_AUDIO) != 0;
    snprintf(to, sizeof to, "%s/%s", near ? LAYOUT_NEAR_QUARANTINE : LAYOUT_QUARANTINE, name);
    log_line(LOG_LEVEL_WARN, "a damaged recording was set aside name=%s", name);
    return fs->rename(fs->ctx, path, to);
}

static void describe(struct archive *a, const struct recordname *n, struct photo *p)
{
    char stamp[NAMES_STAMP_MAX];
    p->name[0] = '\0';
    a->deps.stamp(a->deps.ctx, n->began, stamp);
    snprintf(p->original, sizeof p->original, "%s_%s%s", n->source, stamp,
             medium_extension(n->medium));
    snprintf(p->camera, sizeof p->camera, "%s", n->source);
    p->captured = n->began;
    p->received = a->deps.clock->wall_now(a->deps.clock->ctx);
}

/* The record goes where the file is, before it has its name in the folder. */
static bool keep_record(struct archive *a, const char *path, struct photo *p)
{
    snprintf(p->name, sizeof p->name, "%s", path);
    bool kept = adopt_keep_tag(a->deps.fs, p);
    p->name[0] = '\0';
    return kept;
}

static enum err sync_file(const struct fs *fs, const char *path)
{
    bool found = false;
    int fd = -1;
    enum err e = fs->open(fs->ctx, path, &found, &fd);
    if (e != ERR_OK || !found)
        return e;
    e = fs->sync(fs->ctx, fd);
    (void)fs->close(fs->ctx, fd); /* only flushed */
    return e;
}

static enum err hand_in(struct archive *a, const char *name)
{
    struct recordname n;
    struct adopt_found found;
    char path[FS_PATH_MAX];
    if (!recordname_read(slice_of(name), &n))
        return ERR_OK;
    snprintf(path, sizeof path, "%s/%s", a->deps.folder, name);
    struct adopt_look look = {.name = path, .accept = MEDIUM_BIT(n.medium)};
    look.now = a->deps.clock->wall_now(a->deps.clock->ctx);
    enum err e = adopt_examine(a->deps.fs, a->deps.hash, &look, &found);
    if (e != ERR_OK)
        return e;
    if (found.verdict != ADOPT_TAKE)
        return set_aside(a, path, name);
    a->photo = (struct committer_photo){0};
    struct commit_item *item = &a->photo.item;
    item->photo = found.photo;
    item->medium = n.medium;
    item->kept = true;
    snprintf(item->path, sizeof item->path, "%s", path);
    describe(a, &n, &item->photo);
    item->tagged = keep_record(a, path, &item->photo);
    e = sync_file(a->deps.fs, path);
    return e == ERR_OK ? commit(a) : e;
}

/* --- the thread ------------------------------------------------------------------------------- */

static void repair(struct archive *a)
{
    size_t done = 1;
    while (done > 0 && list(a, take_open) == ERR_OK) {
        done = 0;
        for (size_t i = 0; i < a->count; i++) {
            struct recordname n;
            bool flac = recordname_read(slice_of(a->names[i]), &n) && n.medium == MEDIUM_FLAC;
            enum err e = a->deps.repair(a->deps.path, a->names[i], flac);
            if (e == ERR_OK)
                log_line(LOG_LEVEL_INFO, "a recording was repaired name=%s", a->names[i]);
            else
                log_line(LOG_LEVEL_WARN, "a recording could not be repaired name=%s err=%s",
                         a->names[i], err_name(e));
            done += e == ERR_OK;
        }
    }
    atomic_store(&a->repaired, true);
}

/* Answers whether some could not be handed in now. */
static bool hand_in_all(struct archive *a)
{
    size_t done = 1;
    bool failed = false;
    while (done > 0 && !failed) {
        done = 0;
        failed = list(a, take_finished) != ERR_OK;
        atomic_store(&a->waiting, a->count);
        for (size_t i = 0; i < a->count && !failed && !is_stopping(a); i++) {
            enum err e = hand_in(a, a->names[i]);
            failed = e != ERR_OK;
            done += e == ERR_OK;
            atomic_store(&a->waiting, a->count - done);
            if (failed)
                log_line(LOG_LEVEL_WARN,
                         "a recording waits: it cannot be stored now name=%s err=%s", a->names[i],
                         err_name(e));
        }
    }
    return failed;
}

static void rest(struct archive *a, unsigned seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    int rc = 0;
    pthread_mutex_lock(&a->lock);
    while (rc == 0 && !a->woken && !a->stopping)
        rc = pthread_cond_timedwait(&a->changed, &a->lock, &until);
    a->woken = false;
    pthread_mutex_unlock(&a->lock);
}

static void *run(void *arg)
{
    struct archive *a = arg;
    repair(a);
    while (!is_stopping(a))
        rest(a, hand_in_all(a) ? RETRY_S : IDLE_S);
    return NULL;
}

static void wake(struct archive *a, bool stop)
{
    pthread_mutex_lock(&a->lock);
    a->woken = true;
    a->stopping = a->stopping || stop;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

void archive_wake(struct archive *a)
{
    wake(a, false);
}

enum err archive_start(const struct archive_deps *deps, struct archive **out)
{
    struct archive *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_FULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    a->deps = *deps;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    a->started = pthread_create(&a->thread, NULL, run, a) == 0;
    if (!a->started) {
        archive_destroy(a);
        return ERR_FULL;
    }
    *out = a;
    return ERR_OK;
}

void archive_stop(struct archive *a)
{
    if (!a->started)
        return;
    wake(a, true);
    pthread_join(a->thread, NULL);
    a->started = false;
}

void archive_destroy(struct archive *a)
{
    if (a == NULL)
        return;
    archive_stop(a);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
