#include "relay/main/committer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/port/log.h"
#include "relay/logic/gather.h"
#include "relay/logic/limits.h"

enum {
    IDLE_MS = 1000,        /* longest sleep: the watchdog wants to hear from us */
    RECOVER_MIN_MS = 1000, /* between two tries to get over a failed flush */
    RECOVER_MAX_MS = 30000,
    RESULTS_MAX = 4096, /* delivery results waiting; more are taken in steps by their sender */
};

struct call {
    void (*run)(void *arg, struct commit *commit);
    void *arg;
    bool done;
    struct call *next;
};

struct committer {
    struct committer_deps deps;
    struct commit commit;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work; /* something was queued, or stop */
    pthread_cond_t call_done;
    /* under lock */
    struct committer_photo *first, **last;
    size_t queued;
    struct delivery_result *results;
    size_t result_count, result_cap;
    struct call *calls;
    bool stopping;
    bool stopped;
    struct mono work_began; /* ms 0 = idle */
    struct committer_status status;
    /* the thread's own */
    struct gather gather;
    struct mono recover_at;
    uint32_t recover_wait_ms;
    atomic_llong seen;
    _Atomic uint32_t dedupe_window_s;
};

static struct mono now(const struct committer *c)
{
    return c->deps.commit.clock->mono_now(c->deps.commit.clock->ctx);
}

static struct timespec deadline(uint32_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

void committer_submit(struct committer *c, struct committer_photo *p)
{
    p->next = NULL;
    p->submitted = now(c);
    pthread_mutex_lock(&c->lock);
    assert(!c->stopped);
    *c->last = p;
    c->last = &p->next;
    c->queued++;
    pthread_mutex_unlock(&c->lock);
    pthread_cond_signal(&c->work); /* outside the lock: who wakes up does not run into it */
}

void committer_post_results(struct committer *c, const struct delivery_result *results,
                            size_t count)
{
    pthread_mutex_lock(&c->lock);
    bool room = c->result_count + count <= c->result_cap;
    if (!room && c->result_count + count <= RESULTS_MAX) {
        size_t cap = c->result_cap == 0 ? 64 : c->result_cap * 2;
        while (cap < c->result_count + count)
            cap *= 2;
        struct delivery_result *more = realloc(c->results, cap * sizeof *more);
        if (more != NULL) {
            c->results = more;
            c->result_cap = cap;
            room = true;
        }
    }
    if (room) {
        memcpy(c->results + c->result_count, results, count * sizeof *results);
        c->result_count += count;
        pthread_cond_signal(&c->work);
    }
    pthread_mutex_unlock(&c->lock);
    if (!room) /* the photo is due again, and its key keeps it from being stored twice */
        c->deps.written(c->deps.ctx, results, count);
}

bool committer_call(struct committer *c, void (*run)(void *arg, struct commit *commit), void *arg)
{
    struct call call = {.run = run, .arg = arg};
    pthread_mutex_lock(&c->lock);
    bool taken = !c->stopping;
    if (taken) {
        struct call **end = &c->calls;
        while (*end != NULL)
            end = &(*end)->next;
        *end = &call;
        pthread_cond_signal(&c->work);
        while (!call.done)
            pthread_cond_wait(&c->call_done, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return taken;
}

void committer_set_dedupe(struct committer *c, uint32_t window_s)
{
    atomic_store(&c->dedupe_window_s, window_s);
}

int64_t committer_seen(const struct committer *c)
{
    return atomic_load(&c->seen);
}

void committer_status(struct committer *c, struct committer_status *out)
{
    pthread_mutex_lock(&c->lock);
    *out = c->status;
    if (c->work_began.ms != 0)
        out->busy_ms = (uint32_t)(now(c).ms - c->work_began.ms);
    pthread_mutex_unlock(&c->lock);
    out->seen = committer_seen(c);
}

/* Takes up to a batch of photos off the queue. */
static size_t take_photos(struct committer *c, struct committer_photo **photos)
{
    size_t n = 0;
    pthread_mutex_lock(&c->lock);
    while (c->first != NULL && n < BATCH_PHOTOS_MAX) {
        photos[n++] = c->first;
        c->first = c->first->next;
    }
    if (c->first == NULL)
        c->last = &c->first;
    c->queued -= n;
    pthread_mutex_unlock(&c->lock);
    return n;
}

static size_t count_queued(struct committer *c)
{
    pthread_mutex_lock(&c->lock);
    size_t n = c->queued;
    pthread_mutex_unlock(&c->lock);
    return n;
}

/* What arrives within a moment shares this flush instead of waiting for the next. */
static void wait_for_more(struct committer *c)
{
    pthread_mutex_lock(&c->lock);
    if (c->first != NULL)
        gather_begin(&c->gather, c->queued, c->first->submitted, now(c));
    while (c->first != NULL && c->queued < BATCH_PHOTOS_MAX && !c->stopping) {
        uint32_t wait_ms =
            gather_wait_ms(&c->gather, c->queued, atomic_load(c->deps.uploads_coming), now(c));
        if (wait_ms == 0)
            break;
        struct timespec until = deadline(wait_ms);
        (void)pthread_cond_timedwait(&c->work, &c->lock, &until);
    }
    pthread_mutex_unlock(&c->lock);
}

static void count_photo(struct committer *c, const struct committer_photo *p)
{
    struct metrics *m = c->deps.metrics;
    switch (p->item.outcome) {
    case COMMIT_STORED:
        if (p->item.in_place || p->item.kept)
            break; /* adopted or recorded: counted by who did it */
        metrics_add(m, METRIC_RECEIVED_TOTAL, 1);
        metrics_add(m, METRIC_RECEIVED_BYTES_TOTAL, p->item.photo.size_bytes);
        break;
    case COMMIT_DUPLICATE: metrics_add(m, METRIC_DUPLICATES_TOTAL, 1); break;
    case COMMIT_KEY_REUSED:
    case COMMIT_KNOWN:
    case COMMIT_FAILED:
    case COMMIT_WAITING: break;
    }
    metrics_observe(m, METRIC_COMMIT_SECONDS, (now(c).ms - p->submitted.ms) * 1000);
}

static void note_batch(struct committer *c, struct committer_photo **photos, size_t count)
{
    uint64_t stored = 0;
    bool failed = false;
    for (size_t i = 0; i < count; i++) {
        count_photo(c, photos[i]);
        stored += photos[i]->item.outcome == COMMIT_STORED && !photos[i]->item.in_place &&
                  !photos[i]->item.kept;
        failed |= photos[i]->item.outcome == COMMIT_FAILED;
    }
    metrics_add(c->deps.metrics, METRIC_BATCHES_TOTAL, 1);
    metrics_observe(c->deps.metrics, METRIC_BATCH_PHOTOS, count);
    metrics_observe(c->deps.metrics, METRIC_FLUSH_SECONDS,
                    (uint64_t)c->commit.last_flush_ms * 1000);
    atomic_store(&c->seen, c->commit.seen);
    pthread_mutex_lock(&c->lock);
    c->status.batches++;
    c->status.received_session += stored;
    c->status.last_flush_ms = c->commit.last_flush_ms;
    c->status.database_failing = failed;
    pthread_mutex_unlock(&c->lock);
}

/* Did a flush fail just now? Then nobody is let in any more, and the disk is looked at in a while.
 */
static void note_failing(struct committer *c)
{
    if (!c->commit.failing || c->recover_wait_ms != 0)
        return;
    pthread_mutex_lock(&c->lock);
    c->status.failing = true;
    pthread_mutex_unlock(&c->lock);
    metrics_add(c->deps.metrics, METRIC_FLUSH_FAILURES_TOTAL, 1);
    log_line(LOG_LEVEL_ERROR, "the disk failed a flush: nothing is acknowledged until it is sound");
    c->recover_wait_ms = RECOVER_MIN_MS;
    c->recover_at = (struct mono){now(c).ms + RECOVER_MIN_MS};
}

static void commit_photos(struct committer *c)
{
    struct committer_photo *photos[BATCH_PHOTOS_MAX];
    struct commit_item *items[BATCH_PHOTOS_MAX];
    size_t n = take_photos(c, photos);
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        items[i] = &photos[i]->item;
    c->commit.deps.dedupe_window_s = atomic_load(&c->dedupe_window_s);
    commit_batch(&c->commit, items, n);
    note_batch(c, photos, n);
    note_failing(c);
    if (!c->commit.failing)
        c->deps.seen(c->deps.ctx, c->commit.seen);
    gather_answered(&c->gather, n, count_queued(c), c->commit.last_flush_ms);
    for (size_t i = 0; i < n; i++)
        photos[i]->done(photos[i]);
    gather_ended(&c->gather, now(c));
}

static void write_results(struct committer *c)
{
    pthread_mutex_lock(&c->lock);
    struct delivery_result *results = c->results;
    size_t n = c->result_count;
    c->results = NULL;
    c->result_count = 0;
    c->result_cap = 0;
    pthread_mutex_unlock(&c->lock);
    if (n > 0) {
        const struct state *state = c->deps.commit.state;
        enum err e = state->deliveries_record(state->ctx, results, n);
        if (e != ERR_OK) /* sent again under the same key */
            log_line(LOG_LEVEL_WARN, "results of forwarding were not written err=%s count=%zu",
                     err_name(e), n);
        c->deps.written(c->deps.ctx, results, n);
    }
    free(results);
}

static void run_calls(struct committer *c)
{
    pthread_mutex_lock(&c->lock);
    while (c->calls != NULL) {
        struct call *call = c->calls;
        c->calls = call->next;
        pthread_mutex_unlock(&c->lock);
        call->run(call->arg, &c->commit);
        note_failing(c);
        pthread_mutex_lock(&c->lock);
        call->done = true;
        pthread_cond_broadcast(&c->call_done);
    }
    pthread_mutex_unlock(&c->lock);
}

static void recover(struct committer *c)
{
    if (!c->commit.failing || now(c).ms < c->recover_at.ms)
        return;
    enum err e = commit_recover(&c->commit);
    if (e == ERR_OK) {
        c->recover_wait_ms = 0;
        atomic_store(&c->seen, c->commit.seen);
        log_line(LOG_LEVEL_WARN, "the disk is sound again: photos are acknowledged again");
        c->deps.seen(c->deps.ctx, c->commit.seen);
    } else {
        c->recover_wait_ms =
            c->recover_wait_ms * 2 > RECOVER_MAX_MS ? RECOVER_MAX_MS : c->recover_wait_ms * 2;
        c->recover_at = (struct mono){now(c).ms + c->recover_wait_ms};
        log_line(LOG_LEVEL_ERROR, "the disk still fails err=%s next_try_s=%u", err_name(e),
                 (unsigned)(c->recover_wait_ms / 1000));
    }
    pthread_mutex_lock(&c->lock);
    c->status.failing = c->commit.failing;
    c->status.database_failing = c->status.database_failing && c->commit.failing;
    pthread_mutex_unlock(&c->lock);
}

static void shorten_log(struct committer *c)
{
    const struct state *state = c->deps.commit.state;
    if (c->commit.failing || state->log_bytes(state->ctx) < STATE_LOG_BYTES_MAX)
        return;
    enum err e = state->checkpoint(state->ctx);
    if (e != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the database could not be checkpointed err=%s", err_name(e));
}

/* Waits until there is work. Answers false when it is time to end. */
static bool wait_for_work(struct committer *c)
{
    struct timespec until = deadline(IDLE_MS);
    pthread_mutex_lock(&c->lock);
    int rc = 0;
    while (rc == 0 && c->first == NULL && c->result_count == 0 && c->calls == NULL && !c->stopping)
        rc = pthread_cond_timedwait(&c->work, &c->lock, &until);
    bool go_on = !c->stopping || c->first != NULL || c->result_count > 0 || c->calls != NULL;
    pthread_mutex_unlock(&c->lock);
    return go_on;
}

static void note_work(struct committer *c, struct mono began)
{
    pthread_mutex_lock(&c->lock);
    c->work_began = began;
    pthread_mutex_unlock(&c->lock);
}

static void *run(void *arg)
{
    struct committer *c = arg;
    while (wait_for_work(c)) {
        c->deps.beat(c->deps.ctx);
        note_work(c, now(c));
        recover(c);
        wait_for_more(c);
        commit_photos(c);
        write_results(c);
        run_calls(c);
        shorten_log(c);
        note_work(c, (struct mono){0});
    }
    pthread_mutex_lock(&c->lock);
    c->stopped = true;
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

enum err committer_start(const struct committer_deps *deps, struct committer **out)
{
    struct committer *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_FULL;
    c->deps = *deps;
    c->last = &c->first;
    commit_init(&c->commit, &deps->commit, &deps->mark);
    atomic_store(&c->seen, c->commit.seen);
    committer_set_dedupe(c, deps->commit.dedupe_window_s);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, &attr);
    pthread_cond_init(&c->call_done, NULL);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&c->thread, NULL, run, c) != 0) {
        pthread_cond_destroy(&c->work);
        pthread_cond_destroy(&c->call_done);
        pthread_mutex_destroy(&c->lock);
        free(c);
        return ERR_FULL;
    }
    *out = c;
    return ERR_OK;
}

void committer_stop(struct committer *c)
{
    pthread_mutex_lock(&c->lock);
    bool first = !c->stopping;
    c->stopping = true;
    pthread_cond_broadcast(&c->work);
    pthread_mutex_unlock(&c->lock);
    if (!first)
        return;
    pthread_join(c->thread, NULL);
    commit_close(&c->commit);
}

int64_t committer_flushed(const struct committer *c)
{
    return c->commit.flushed;
}

void committer_destroy(struct committer *c)
{
    if (c == NULL)
        return;
    committer_stop(c);
    pthread_cond_destroy(&c->work);
    pthread_cond_destroy(&c->call_done);
    pthread_mutex_destroy(&c->lock);
    free(c->results);
    free(c);
}
