#include "relay/port/pump.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/port/log.h"

/* Everything below is guarded by the pump's lock, but the bytes a worker fills while `busy`. */
struct pump_flow {
    struct pump *pump;
    struct pump_flow *next; /* in the queue */
    struct front_source source;
    void (*wake)(void *arg);
    void *arg;
    char *buffer; /* lent while bytes are wanted or there */
    size_t cap, at, len;
    bool queued, busy; /* waits for a worker; is with one */
    bool wanting;      /* the consumer is to be woken */
    bool dry;          /* the source said "later" */
    bool again;        /* ... and was called upon again while a worker was asking it */
    bool ended, failed, closed;
};

struct pump {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_cond_t done;
    struct pump_flow *first, *last;
    unsigned threads; /* running */
    unsigned flows;   /* open, or closed and not yet freed */
    bool stopping;
    bool abandoned; /* nobody waits any more: the last thread leaves things as they are */
    unsigned buffers_left;
    unsigned free_count;
    char *free_buffers[]; /* large ones that came back */
};

/* Large while there are any, so that a busy gallery is quick; small then, so that slow readers
 * cannot starve the others. */
static bool lend_buffer(struct pump *p, struct pump_flow *f)
{
    if (f->buffer != NULL)
        return true;
    f->at = f->len = 0;
    f->cap = PUMP_BUFFER_BYTES;
    if (p->free_count > 0) {
        f->buffer = p->free_buffers[--p->free_count];
        return true;
    }
    if (p->buffers_left > 0 && (f->buffer = malloc(PUMP_BUFFER_BYTES)) != NULL) {
        p->buffers_left--;
        return true;
    }
    f->cap = PUMP_SMALL_BYTES;
    f->buffer = malloc(PUMP_SMALL_BYTES);
    return f->buffer != NULL;
}

static void give_back_buffer(struct pump *p, struct pump_flow *f)
{
    if (f->buffer != NULL && f->cap == PUMP_BUFFER_BYTES)
        p->free_buffers[p->free_count++] = f->buffer;
    else
        free(f->buffer);
    f->buffer = NULL;
    f->at = f->len = 0;
}

static void enqueue(struct pump *p, struct pump_flow *f)
{
    if (f->queued || f->busy)
        return;
    f->queued = true;
    f->next = NULL;
    if (p->last != NULL)
        p->last->next = f;
    else
        p->first = f;
    p->last = f;
    (void)pthread_cond_signal(&p->work);
}

static void fill(struct pump *p, struct pump_flow *f)
{
    if (!lend_buffer(p, f)) {
        f->failed = true;
        return;
    }
    f->busy = true;
    f->again = false;
    (void)pthread_mutex_unlock(&p->lock);
    size_t len = 0;
    enum err e = f->source.read(f->source.ctx, f->buffer, f->cap, &len);
    (void)pthread_mutex_lock(&p->lock);
    f->busy = false;
    f->at = 0;
    f->len = e == ERR_OK ? len : 0;
    f->dry = e == ERR_FULL && !f->again;
    f->failed = e != ERR_OK && e != ERR_FULL;
    f->ended = e == ERR_OK && len == 0;
}

static void free_flow(struct pump *p, struct pump_flow *f)
{
    give_back_buffer(p, f);
    (void)pthread_mutex_unlock(&p->lock);
    f->source.close(f->source.ctx);
    free(f);
    (void)pthread_mutex_lock(&p->lock);
    p->flows--;
}

static void serve(struct pump *p, struct pump_flow *f)
{
    f->queued = false;
    if (!f->closed && f->len == 0 && !f->ended && !f->failed)
        fill(p, f);
    if (f->closed) {
        free_flow(p, f);
        return;
    }
    if (f->len == 0 || f->failed)
        give_back_buffer(p, f);
    if (!f->wanting || f->dry)
        return;
    if (f->len == 0 && !f->ended && !f->failed) {
        enqueue(p, f); /* "later", but somebody called upon it meanwhile */
        return;
    }
    f->wanting = false;
    f->wake(f->arg);
}

static void *work(void *arg)
{
    struct pump *p = arg;
    (void)pthread_mutex_lock(&p->lock);
    for (;;) {
        struct pump_flow *f = p->first;
        if (f != NULL) {
            p->first = f->next;
            if (p->first == NULL)
                p->last = NULL;
            serve(p, f);
        } else if (p->stopping) {
            break;
        } else {
            (void)pthread_cond_wait(&p->work, &p->lock);
        }
    }
    p->threads--;
    (void)pthread_cond_signal(&p->done);
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void stop(struct pump *p)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PUMP_STOP_MS / 1000;
    (void)pthread_mutex_lock(&p->lock);
    p->stopping = true;
    (void)pthread_cond_broadcast(&p->work);
    while (p->threads > 0 && !p->abandoned)
        p->abandoned = pthread_cond_timedwait(&p->done, &p->lock, &until) == ETIMEDOUT;
    p->abandoned = p->threads > 0;
    (void)pthread_mutex_unlock(&p->lock);
}

void pump_close(struct pump *p)
{
    if (p == NULL)
        return;
    stop(p);
    if (p->abandoned) {
        log_line(LOG_LEVEL_WARN, "a file that was being sent cannot be read; left behind");
        return;
    }
    assert(p->flows == 0);
    while (p->free_count > 0)
        free(p->free_buffers[--p->free_count]);
    (void)pthread_cond_destroy(&p->work);
    (void)pthread_cond_destroy(&p->done);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

enum err pump_open(unsigned threads, unsigned buffers, struct pump **out)
{
    struct pump *p = calloc(1, sizeof *p + buffers * sizeof p->free_buffers[0]);
    if (p == NULL)
        return ERR_FULL;
    p->buffers_left = buffers;
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->work, NULL);
    (void)pthread_cond_init(&p->done, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    while (p->threads < threads) {
        pthread_t thread;
        (void)pthread_mutex_lock(&p->lock);
        bool good = pthread_create(&thread, NULL, work, p) == 0;
        if (good)
            p->threads++;
        (void)pthread_mutex_unlock(&p->lock);
        if (!good) {
            pump_close(p);
            return ERR_FULL;
        }
        (void)pthread_detach(thread); /* pump_close() counts them instead: it must not wait long */
    }
    *out = p;
    return ERR_OK;
}

enum err pump_flow_open(struct pump *p, const struct front_source *source, void (*wake)(void *arg),
                        void *arg, struct pump_flow **out)
{
    struct pump_flow *f = calloc(1, sizeof *f);
    if (f == NULL) {
        source->close(source->ctx);
        return ERR_FULL;
    }
    f->pump = p;
    f->source = *source;
    f->wake = wake;
    f->arg = arg;
    (void)pthread_mutex_lock(&p->lock);
    p->flows++;
    (void)pthread_mutex_unlock(&p->lock);
    *out = f;
    return ERR_OK;
}

enum pump_got pump_flow_take(struct pump_flow *f, void *out, size_t cap, size_t *out_len)
{
    struct pump *p = f->pump;
    enum pump_got got = PUMP_LATER;
    (void)pthread_mutex_lock(&p->lock);
    if (!f->busy && f->len > 0) {
        size_t n = f->len < cap ? f->len : cap;
        memcpy(out, f->buffer + f->at, n);
        f->at += n;
        f->len -= n;
        *out_len = n;
        got = PUMP_BYTES;
        if (f->len == 0)
            give_back_buffer(p, f);
    } else if (!f->busy && f->failed) {
        got = PUMP_FAILED;
    } else if (!f->busy && f->ended) {
        got = PUMP_END;
    }
    f->wanting = got == PUMP_LATER;
    /* Read ahead as soon as the last bytes are on their way. */
    if (!f->busy && f->len == 0 && !f->ended && !f->failed && !f->dry)
        enqueue(p, f);
    (void)pthread_mutex_unlock(&p->lock);
    return got;
}

void pump_flow_again(struct pump_flow *f)
{
    (void)pthread_mutex_lock(&f->pump->lock);
    f->dry = false;
    f->again = true;
    if (f->wanting)
        enqueue(f->pump, f);
    (void)pthread_mutex_unlock(&f->pump->lock);
}

void pump_flow_close(struct pump_flow *f)
{
    (void)pthread_mutex_lock(&f->pump->lock);
    f->closed = true;
    enqueue(f->pump, f);
    (void)pthread_mutex_unlock(&f->pump->lock);
}
