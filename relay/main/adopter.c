#include "relay/main/adopter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/crc32.h"
#include "lib/port/log.h"
#include "relay/logic/adopt.h"
#include "relay/logic/journal.h"
#include "relay/logic/recovery.h"

enum {
    SLOTS = 64,        /* commits of adopted files in flight */
    HEARD_MAX = 256,   /* names waiting to be still; more mean a scan */
    OWN_NAMES = 16384, /* the last names we gave ourselves, by hash; must be a power of two */
    VERIFY_ROWS = 64,
    STEP_MS = 500,
    IDLE_MS = 60000,
    SCAN_PAUSE_MS = 5000,
    REBUILD_READ_BYTES = 64 << 20,     /* read at once when rebuilding: 2 s of a slow card */
    REBUILD_YOUNG_MS = 60 * 60 * 1000, /* and everything that was written so recently */
};

/* An adopted photo on its way through the committer. */
struct slot {
    struct committer_photo photo; /* first: `done` gets its address */
    struct adopter *owner;
    char name[PHOTO_NAME_MAX];
    bool used;    /* the keeper's thread's */
    bool settled; /* under the adopter's lock */
};

struct heard {
    char name[PHOTO_NAME_MAX];
    struct mono look_at;
};

struct adopter {
    struct adopter_deps deps;
    atomic_bool rebuilding;
    _Atomic uint32_t still_ms;
    atomic_uint accept;
    _Atomic uint32_t own[OWN_NAMES];
    pthread_mutex_t lock; /* of slots[].settled */
    pthread_cond_t settled;
    struct slot slots[SLOTS];
    struct heard heard[HEARD_MAX];
    size_t heard_count;
    bool scan_again;
    struct mono scan_not_before; /* a large folder is not looked through all the time */
    uint64_t taken;
    uint64_t read_bytes; /* of REBUILD_READ_BYTES */
    uint64_t missing;    /* rows whose file is gone */
};

static bool stopping(const struct adopter *a)
{
    return a->deps.stop(a->deps.ctx);
}

bool adopter_is_rebuilding(const struct adopter *a)
{
    return atomic_load(&a->rebuilding);
}

void adopter_set_rules(struct adopter *a, uint32_t still_ms, unsigned accept)
{
    atomic_store(&a->still_ms, still_ms);
    atomic_store(&a->accept, accept);
}

static uint32_t hash_name(const char *name)
{
    uint32_t h = crc32_add(0, name, strlen(name));
    return h == 0 ? 1 : h;
}

void adopter_note(struct adopter *a, const char *name)
{
    uint32_t h = hash_name(name);
    atomic_store(&a->own[h & (OWN_NAMES - 1)], h);
}

static bool is_own(const struct adopter *a, const char *name)
{
    uint32_t h = hash_name(name);
    return atomic_load(&a->own[h & (OWN_NAMES - 1)]) == h;
}

/* --- commits in flight ------------------------------------------------------------------------ */

static void slot_done(struct committer_photo *p)
{
    struct slot *slot = (struct slot *)p;
    pthread_mutex_lock(&slot->owner->lock);
    slot->settled = true;
    pthread_cond_signal(&slot->owner->settled);
    pthread_mutex_unlock(&slot->owner->lock);
}

/* Its key belongs to a photo with the same bytes. Is that one here, whole, and another file? */
static bool is_stored_elsewhere(struct adopter *a, const struct slot *slot)
{
    const struct photo *first = &slot->photo.item.photo;
    bool same = false;
    return first->id != 0 && strcmp(first->name, slot->name) != 0 &&
           recovery_compare(a->deps.fs, a->deps.hash, first, false, &same) == ERR_OK && same;
}

/* A photo that was renamed by hand, or put back after it was deleted, is one of its own: the key
 * stays where it is. */
static void submit_without_key(struct adopter *a, struct slot *slot)
{
    struct photo *p = &slot->photo.item.photo;
    p->id = 0;
    p->key[0] = '\0';
    snprintf(p->name, sizeof p->name, "%s", slot->name);
    committer_submit(a->deps.committer, &slot->photo);
}

/* The keeper's thread deals with what the committer said: it may touch files. */
static void finish_slot(struct adopter *a, struct slot *slot)
{
    switch (slot->photo.item.outcome) {
    case COMMIT_STORED:
        a->taken++;
        metrics_add(a->deps.metrics, METRIC_ADOPTED_TOTAL, 1);
        break;
    case COMMIT_DUPLICATE:
        if (!is_stored_elsewhere(a, slot)) {
            submit_without_key(a, slot);
            return;
        }
        /* Left by a crash before its answer; its sender has repeated it meanwhile. */
        (void)a->deps.fs->remove(a->deps.fs->ctx, slot->name);
        break;
    case COMMIT_KNOWN: break;
    case COMMIT_KEY_REUSED:
    case COMMIT_FAILED:
    case COMMIT_WAITING: a->scan_again = true; break;
    }
    slot->used = false;
}

static bool take_settled(struct adopter *a, struct slot *slot)
{
    pthread_mutex_lock(&a->lock);
    bool settled = slot->settled;
    slot->settled = false;
    pthread_mutex_unlock(&a->lock);
    return settled;
}

/* Deals with what is settled; answers how many are still in flight, and one that is free. */
static size_t look_through(struct adopter *a, struct slot **out_free)
{
    size_t used = 0;
    *out_free = NULL;
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &a->slots[i];
        if (slot->used && take_settled(a, slot))
            finish_slot(a, slot);
        used += slot->used;
        if (!slot->used)
            *out_free = slot;
    }
    return used;
}

static bool any_settled(const struct adopter *a)
{
    bool any = false;
    for (size_t i = 0; i < SLOTS; i++)
        any = any || a->slots[i].settled;
    return any;
}

static void wait_settled(struct adopter *a)
{
    pthread_mutex_lock(&a->lock);
    while (!any_settled(a))
        pthread_cond_wait(&a->settled, &a->lock);
    pthread_mutex_unlock(&a->lock);
}

static void submit(struct adopter *a, const struct photo *p, bool tagged)
{
    struct slot *slot;
    while (look_through(a, &slot) == SLOTS)
        wait_settled(a);
    slot->used = true;
    slot->owner = a;
    slot->photo = (struct committer_photo){.done = slot_done};
    slot->photo.item.photo = *p;
    slot->photo.item.in_place = true;
    slot->photo.item.tagged = tagged;
    snprintf(slot->name, sizeof slot->name, "%s", p->name);
    committer_submit(a->deps.committer, &slot->photo);
}

static void drain(struct adopter *a)
{
    struct slot *slot;
    while (look_through(a, &slot) > 0)
        wait_settled(a);
}

/* --- single files ----------------------------------------------------------------------------- */

static bool is_known(struct adopter *a, const char *name)
{
    struct listed_photo row;
    bool found = false;
    const struct state_view *view = a->deps.view;
    return view->by_name(view->ctx, INT64_MAX, name, &found, &row) != ERR_OK || found;
}

static void set_aside(struct adopter *a, const char *name)
{
    enum err e = recovery_set_aside(a->deps.fs, name);
    log_line(LOG_LEVEL_WARN, "a damaged file was set aside name=%s err=%s", name, err_name(e));
    metrics_add(a->deps.metrics, METRIC_QUARANTINED_TOTAL, e == ERR_OK);
}

/* Answers true if the file has to be looked at again later. */
static bool look_at(struct adopter *a, const char *name, const struct photo *record)
{
    if (is_known(a, name))
        return false;
    struct adopt_look look = {name, record, a->deps.clock->wall_now(a->deps.clock->ctx),
                              atomic_load(&a->still_ms), atomic_load(&a->accept)};
    struct adopt_found found;
    enum err e = adopt_examine(a->deps.fs, a->deps.hash, &look, &found);
    if (e != ERR_OK) {
        log_line(LOG_LEVEL_WARN, "a file cannot be read name=%s err=%s", name, err_name(e));
        return false;
    }
    switch (found.verdict) {
    case ADOPT_TAKE: break;
    case ADOPT_NOT_YET: return true;
    case ADOPT_DAMAGED:
        /* A line of the journal may speak of an older file of that name: a later one may fit. */
        if (found.tagged)
            set_aside(a, name);
        return false;
    case ADOPT_NEVER: return false;
    }
    bool tagged = found.tagged || adopt_keep_tag(a->deps.fs, &found.photo);
    submit(a, &found.photo, tagged);
    return false;
}

/* --- the whole folder ------------------------------------------------------------------------- */

/* The watch may tell of a name a moment before adopter_note does. */
static void forget_own(struct adopter *a)
{
    for (size_t i = a->heard_count; i > 0; i--) {
        if (is_own(a, a->heard[i - 1].name))
            a->heard[i - 1] = a->heard[--a->heard_count];
    }
}

static void remember(struct adopter *a, const char *name)
{
    for (size_t i = 0; i < a->heard_count; i++) {
        if (strcmp(a->heard[i].name, name) == 0)
            return;
    }
    if (a->heard_count == HEARD_MAX)
        forget_own(a);
    if (a->heard_count == HEARD_MAX) {
        a->scan_again = true;
        return;
    }
    struct heard *h = &a->heard[a->heard_count++];
    snprintf(h->name, sizeof h->name, "%s", name);
    h->look_at = a->deps.clock->mono_now(a->deps.clock->ctx);
    h->look_at.ms += atomic_load(&a->still_ms);
}

static bool scan_one(void *arg, const char *name)
{
    struct adopter *a = arg;
    if (adopt_is_name(name) && look_at(a, name, NULL))
        remember(a, name);
    return !stopping(a);
}

/* A file that was written just before a cut may be torn, and there is no row to tell. Old files are
 * on the medium for long: with many of them only their sizes are compared before they are shown. */
static bool is_worth_reading(struct adopter *a, const struct photo *p)
{
    bool found = false;
    struct fs_stat st;
    if (p->size_bytes <= REBUILD_READ_BYTES - a->read_bytes) {
        a->read_bytes += p->size_bytes;
        return true;
    }
    return a->deps.fs->stat(a->deps.fs->ctx, p->name, &found, &st) == ERR_OK && found &&
           st.modified.ms > a->deps.clock->wall_now(a->deps.clock->ctx).ms - REBUILD_YOUNG_MS;
}

static bool scan_records(void *arg, const char *name)
{
    struct adopter *a = arg;
    bool found = false;
    struct photo p;
    if (adopt_is_name(name) && !is_known(a, name) &&
        adopt_read_tag(a->deps.fs, name, &found, &p) == ERR_OK && found) {
        if (is_worth_reading(a, &p))
            (void)look_at(a, name, NULL); /* it has a record: the answer is final */
        else
            submit(a, &p, true);
    }
    return !stopping(a);
}

void adopter_scan(struct adopter *a)
{
    struct mono begin = a->deps.clock->mono_now(a->deps.clock->ctx);
    a->taken = 0;
    a->scan_again = false;
    enum err e = a->deps.fs->list(a->deps.fs->ctx, ".", scan_one, a);
    drain(a);
    struct mono end = a->deps.clock->mono_now(a->deps.clock->ctx);
    a->scan_not_before = (struct mono){end.ms + SCAN_PAUSE_MS + 10 * (end.ms - begin.ms)};
    if (e != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the photo folder could not be looked through err=%s",
                 err_name(e));
    if (a->taken > 0)
        log_line(LOG_LEVEL_INFO, "files taken in from the folder count=%llu",
                 (unsigned long long)a->taken);
}

/* --- rebuilding ------------------------------------------------------------------------------- */

struct restore {
    const struct photo *photo;
    enum err error;
};

static void restore_key(void *arg, struct commit *commit)
{
    struct restore *r = arg;
    const struct state *state = commit->deps.state;
    r->error = state->key_restore(state->ctx, r->photo);
}

static bool restore_line(void *arg, enum journal_kind kind, const struct photo *p)
{
    struct adopter *a = arg;
    if (kind == JOURNAL_STORED) {
        (void)look_at(a, p->name, p);
    } else {
        struct restore r = {.photo = p};
        if (committer_call(a->deps.committer, restore_key, &r) && r.error != ERR_OK)
            log_line(LOG_LEVEL_WARN, "a key was not brought back err=%s", err_name(r.error));
    }
    return !stopping(a);
}

struct forget {
    int64_t id;
    enum err error;
};

static void forget_row(void *arg, struct commit *commit)
{
    struct forget *f = arg;
    const struct state *state = commit->deps.state;
    f->error = state->photos_forget(state->ctx, &f->id, 1, false);
}

static void verify_row(struct adopter *a, const struct photo *p)
{
    bool same = true;
    struct fs_stat st;
    bool there = true;
    if (recovery_compare(a->deps.fs, a->deps.hash, p, false, &same) != ERR_OK || same ||
        a->deps.fs->stat(a->deps.fs->ctx, p->name, &there, &st) != ERR_OK)
        return;
    if (there)
        set_aside(a, p->name);
    else
        a->missing++;
    struct forget f = {.id = p->id};
    if (committer_call(a->deps.committer, forget_row, &f) && f.error != ERR_OK)
        log_line(LOG_LEVEL_WARN, "a row was not forgotten name=%s err=%s", p->name,
                 err_name(f.error));
}

/* The rows brought back by size alone are checked against their bytes, newest first. */
static void verify_rows(struct adopter *a)
{
    const struct state_view *view = a->deps.view;
    struct listed_photo rows[VERIFY_ROWS];
    int64_t before = INT64_MAX;
    size_t n = 1;
    while (n > 0 && !stopping(a)) {
        if (view->list(view->ctx, INT64_MAX, before, NULL, rows, VERIFY_ROWS, &n) != ERR_OK)
            return;
        for (size_t i = 0; i < n && !stopping(a); i++)
            verify_row(a, &rows[i].photo);
        if (n > 0)
            before = rows[n - 1].photo.id;
    }
    if (a->missing > 0)
        log_line(LOG_LEVEL_WARN, "rows without a file were forgotten count=%llu",
                 (unsigned long long)a->missing);
}

static void note_rebuilt(void *arg, struct commit *commit)
{
    enum err *e = arg;
    const struct state *state = commit->deps.state;
    *e = state->rebuild_done(state->ctx);
}

void adopter_rebuild(struct adopter *a)
{
    if (!atomic_load(&a->rebuilding))
        return;
    uint64_t damaged = 0;
    a->taken = 0;
    a->read_bytes = 0;
    enum err e = journal_read(a->deps.fs, restore_line, a, &damaged);
    if (e == ERR_OK)
        e = a->deps.fs->list(a->deps.fs->ctx, ".", scan_records, a);
    drain(a);
    if (e != ERR_OK)
        log_line(LOG_LEVEL_WARN, "records could not all be read err=%s", err_name(e));
    atomic_store(&a->rebuilding, false);
    if (a->taken > 0)
        log_line(LOG_LEVEL_INFO, "brought back from records photos=%llu damaged_lines=%llu",
                 (unsigned long long)a->taken, (unsigned long long)damaged);
    adopter_scan(a);
    verify_rows(a);
    if (!stopping(a) && committer_call(a->deps.committer, note_rebuilt, &e) && e != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the end of rebuilding was not noted err=%s", err_name(e));
}

/* --- the watch -------------------------------------------------------------------------------- */

void adopter_hear(struct adopter *a, const char *name)
{
    if (adopt_is_name(name) && !is_own(a, name))
        remember(a, name);
}

void adopter_missed(struct adopter *a)
{
    a->scan_again = true;
}

uint32_t adopter_step(struct adopter *a)
{
    struct mono now = a->deps.clock->mono_now(a->deps.clock->ctx);
    forget_own(a);
    for (size_t i = a->heard_count; i > 0 && !stopping(a); i--) {
        struct heard *h = &a->heard[i - 1];
        if (now.ms < h->look_at.ms)
            continue;
        if (look_at(a, h->name, NULL)) {
            h->look_at.ms = now.ms + atomic_load(&a->still_ms);
            continue;
        }
        *h = a->heard[--a->heard_count];
    }
    drain(a);
    if (a->scan_again && a->heard_count < HEARD_MAX / 2 && now.ms >= a->scan_not_before.ms)
        adopter_scan(a);
    return a->heard_count > 0 ? STEP_MS : IDLE_MS;
}

enum err adopter_create(const struct adopter_deps *deps, bool rebuilding, struct adopter **out)
{
    struct adopter *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_FULL;
    a->deps = *deps;
    atomic_init(&a->rebuilding, rebuilding);
    adopter_set_rules(a, deps->still_ms, deps->accept);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->settled, NULL);
    *out = a;
    return ERR_OK;
}

void adopter_destroy(struct adopter *a)
{
    if (a == NULL)
        return;
    drain(a);
    pthread_cond_destroy(&a->settled);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
