#include "relay/main/snapshot.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct snapshots {
    struct snapshot_deps deps;
    pthread_t reader, watch;
    bool has_reader, has_watch;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* somebody asks, was answered, or all ends */
    struct snapshot_wait *waiting;
    uint64_t round; /* reads begun */
    bool stopping;
    struct snapshot last;  /* under the lock */
    struct snapshot fresh; /* the reader's own */
    struct snapshot late;  /* the watch's own */
};

static enum err read_state(struct snapshots *s, struct snapshot *out)
{
    struct state_view *view;
    enum err e = views_take(s->deps.views, &view);
    if (e != ERR_OK)
        return e;
    int64_t seen = s->deps.seen(s->deps.ctx);
    e = view->counts(view->ctx, seen, &out->counts);
    if (e == ERR_OK)
        e = view->list(view->ctx, seen, INT64_MAX, NULL, out->latest, OVERVIEW_LATEST,
                       &out->latest_count);
    if (e == ERR_OK)
        e = view->cameras(view->ctx, out->cameras, METRICS_CAMERAS_MAX, &out->camera_count);
    views_give(s->deps.views, view);
    return e;
}

static enum err read_all(struct snapshots *s, struct snapshot *out)
{
    *out = (struct snapshot){0};
    enum err e = read_state(s, out);
    if (e == ERR_OK)
        e = s->deps.fs->space(s->deps.fs->ctx, &out->space);
    out->taken = s->deps.clock->mono_now(s->deps.clock->ctx);
    out->have = e == ERR_OK;
    return e;
}

/* Takes those out that asked before round `before`, or whose time is over at `now`. Lock held. */
static struct snapshot_wait *take_waiting(struct snapshots *s, uint64_t before, struct mono now)
{
    struct snapshot_wait *taken = NULL, **at = &s->waiting;
    while (*at != NULL) {
        struct snapshot_wait *w = *at;
        if (w->round >= before && w->deadline.ms > now.ms) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->next = taken;
        taken = w;
    }
    return taken;
}

static void answer_all(struct snapshot_wait *taken, const struct snapshot *with)
{
    while (taken != NULL) {
        struct snapshot_wait *w = taken;
        taken = w->next; /* `w` may be gone after the call */
        w->done(w->arg, with);
    }
}

static void *read_on_demand(void *arg)
{
    struct snapshots *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        if (s->waiting == NULL) {
            pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        uint64_t round = ++s->round;
        pthread_mutex_unlock(&s->lock);
        enum err e = read_all(s, &s->fresh);
        pthread_mutex_lock(&s->lock);
        if (e == ERR_OK)
            s->last = s->fresh;
        else
            s->fresh = s->last; /* what was known before; its age tells */
        struct snapshot_wait *taken = take_waiting(s, round, (struct mono){0});
        pthread_mutex_unlock(&s->lock);
        answer_all(taken, &s->fresh);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void wait_until(struct snapshots *s, struct mono now)
{
    uint64_t ms = UINT64_MAX;
    for (struct snapshot_wait *w = s->waiting; w != NULL; w = w->next) {
        uint64_t left = w->deadline.ms > now.ms ? w->deadline.ms - now.ms : 0;
        ms = left < ms ? left : ms;
    }
    if (ms == UINT64_MAX) {
        pthread_cond_wait(&s->changed, &s->lock);
        return;
    }
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000 + 1000000; /* a little late, never early */
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&s->changed, &s->lock, &until);
}

static void *watch_deadlines(void *arg)
{
    struct snapshots *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        struct mono now = s->deps.clock->mono_now(s->deps.clock->ctx);
        struct snapshot_wait *taken = take_waiting(s, 0, now);
        if (taken == NULL) {
            wait_until(s, now);
            continue;
        }
        s->late = s->last;
        pthread_mutex_unlock(&s->lock);
        answer_all(taken, &s->late);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

enum err snapshot_create(const struct snapshot_deps *deps, struct snapshots **out)
{
    struct snapshots *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_FULL;
    s->deps = *deps;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    s->has_reader = pthread_create(&s->reader, NULL, read_on_demand, s) == 0;
    s->has_watch = pthread_create(&s->watch, NULL, watch_deadlines, s) == 0;
    if (!s->has_reader || !s->has_watch) {
        snapshot_destroy(s);
        return ERR_FULL;
    }
    *out = s;
    return ERR_OK;
}

void snapshot_ask(struct snapshots *s, struct snapshot_wait *w)
{
    struct mono now = s->deps.clock->mono_now(s->deps.clock->ctx);
    pthread_mutex_lock(&s->lock);
    assert(!s->stopping);
    w->deadline.ms = now.ms + SNAPSHOT_WAIT_MS;
    w->round = s->round;
    w->next = s->waiting;
    s->waiting = w;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

void snapshot_destroy(struct snapshots *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (s->has_reader)
        pthread_join(s->reader, NULL);
    if (s->has_watch)
        pthread_join(s->watch, NULL);
    answer_all(s->waiting, &s->last);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
