#include "relay/main/forwarder.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/slice.h"
#include "lib/port/log.h"

/* What other threads leave for ours; under the lock. */
struct mailbox {
    int64_t seen;
    bool retry;
    bool sent_changed;
    bool new_targets;
    struct dispatch_target targets[DESTINATIONS_MAX];
    size_t written_count;
    struct delivery_result written[COURIER_BUSY_MAX];
};

struct forwarder {
    struct forwarder_setup setup;
    char names[DESTINATIONS_MAX][DESTINATION_NAME_MAX];
    bool immediate;
    struct dispatch dispatch;

    pthread_t thread;
    bool running;
    atomic_bool stopping;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* ends the pause after the uplink failed */
    struct mailbox mail;
    bool poked; /* the uplink was woken and has not looked yet */
    struct destination_status status[DESTINATIONS_MAX];

    struct mailbox taken; /* ours alone */
    enum destination_state shown[DESTINATIONS_MAX];
    int64_t last_seen;
    uint64_t last_write_end_ms;
};

/* ---- other threads ---- */

/* Called with the lock held. */
static void poke(struct forwarder *f)
{
    if (f->poked)
        return;
    f->poked = true;
    pthread_cond_signal(&f->changed);
    f->setup.ports.uplink->wake(f->setup.ports.uplink->ctx);
}

void forwarder_wake(struct forwarder *f, int64_t seen)
{
    pthread_mutex_lock(&f->lock);
    if (seen > f->mail.seen)
        f->mail.seen = seen;
    if (f->immediate)
        poke(f);
    pthread_mutex_unlock(&f->lock);
}

void forwarder_written(struct forwarder *f, const struct delivery_result *results, size_t count)
{
    pthread_mutex_lock(&f->lock);
    struct mailbox *m = &f->mail;
    assert(m->written_count + count <= COURIER_BUSY_MAX); /* only what was posted comes back */
    memcpy(&m->written[m->written_count], results, count * sizeof *results);
    m->written_count += count;
    poke(f);
    pthread_mutex_unlock(&f->lock);
}

void forwarder_retry(struct forwarder *f)
{
    pthread_mutex_lock(&f->lock);
    f->mail.retry = true;
    poke(f);
    pthread_mutex_unlock(&f->lock);
}

void forwarder_note_sent(struct forwarder *f)
{
    pthread_mutex_lock(&f->lock);
    f->mail.sent_changed = true;
    poke(f);
    pthread_mutex_unlock(&f->lock);
}

static bool any_immediate(const struct dispatch_target *targets, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || targets[i].immediate;
    return any;
}

void forwarder_set_targets(struct forwarder *f, const struct dispatch_target *targets)
{
    pthread_mutex_lock(&f->lock);
    memcpy(f->mail.targets, targets, f->setup.count * sizeof *targets);
    f->mail.new_targets = true;
    f->immediate = any_immediate(targets, f->setup.count);
    poke(f);
    pthread_mutex_unlock(&f->lock);
}

bool forwarder_status(struct forwarder *f, unsigned destination,
                      struct destination_status *out_status)
{
    if (destination >= f->setup.count)
        return false;
    pthread_mutex_lock(&f->lock);
    *out_status = f->status[destination];
    pthread_mutex_unlock(&f->lock);
    return true;
}

/* ---- our thread ---- */

static void take_mail(struct forwarder *f)
{
    struct mailbox *m = &f->mail, *t = &f->taken;
    pthread_mutex_lock(&f->lock);
    f->poked = false;
    t->seen = m->seen;
    t->retry = m->retry;
    t->sent_changed = m->sent_changed;
    t->new_targets = m->new_targets;
    t->written_count = m->written_count;
    memcpy(t->written, m->written, m->written_count * sizeof m->written[0]);
    if (m->new_targets)
        memcpy(t->targets, m->targets, sizeof t->targets);
    m->retry = m->sent_changed = m->new_targets = false;
    m->written_count = 0;
    pthread_mutex_unlock(&f->lock);
}

static bool any_sent(const struct mailbox *m)
{
    for (size_t i = 0; i < m->written_count; i++) {
        if (m->written[i].outcome == DELIVERY_SENT)
            return true;
    }
    return false;
}

static void read_mail(struct forwarder *f)
{
    take_mail(f);
    const struct mailbox *t = &f->taken;
    f->last_seen = t->seen;
    dispatch_seen(&f->dispatch, t->seen);
    dispatch_written(&f->dispatch, t->written, t->written_count);
    if (t->new_targets)
        dispatch_set_targets(&f->dispatch, t->targets);
    if (t->retry)
        dispatch_retry(&f->dispatch);
    if (f->setup.sentfile != NULL && (t->sent_changed || any_sent(t)))
        sentfile_note(f->setup.sentfile);
}

static void log_change(const struct forwarder *f, size_t i, const struct destination_status *s)
{
    if (s->state == DESTINATION_UP)
        log_line(LOG_LEVEL_INFO, "destination works again name=%s", f->names[i]);
    else
        log_line(LOG_LEVEL_WARN, "destination does not take photos name=%s state=%s error=\"%s\"",
                 f->names[i], destination_state_name(s->state), s->last_error);
}

static void show_status(struct forwarder *f)
{
    for (size_t i = 0; i < f->setup.count; i++) {
        struct destination_status s = dispatch_status(&f->dispatch, (unsigned)i);
        if (s.state != f->shown[i])
            log_change(f, i, &s);
        f->shown[i] = s.state;
        pthread_mutex_lock(&f->lock);
        f->status[i] = s;
        pthread_mutex_unlock(&f->lock);
    }
}

static bool must_stop(void *arg)
{
    struct forwarder *f = arg;
    const struct clock *clock = f->setup.ports.clock;
    if (f->last_write_end_ms != 0)
        return clock->mono_now(clock->ctx).ms >= f->last_write_end_ms;
    return atomic_load(&f->stopping);
}

static void write_sentfile(struct forwarder *f)
{
    struct sentfile_writing w = {
        .view = f->setup.ports.view,
        .seen = f->last_seen,
        .clock = f->setup.ports.clock,
        .stop = must_stop,
        .stop_arg = f,
    };
    enum err e = sentfile_write(f->setup.sentfile, &w);
    if (e != ERR_OK && !must_stop(f))
        log_line(LOG_LEVEL_WARN, "list of sent photos not written file=%s err=%s",
                 f->setup.sentfile->name, err_name(e));
}

static struct mono now_of(const struct forwarder *f)
{
    return f->setup.ports.clock->mono_now(f->setup.ports.clock->ctx);
}

/* Writes the list if that is due; answers how long the next step may wait. */
static uint32_t keep_sentfile(struct forwarder *f)
{
    struct sentfile *s = f->setup.sentfile;
    if (s == NULL)
        return DISPATCH_WAIT_MAX_MS;
    struct mono now = now_of(f);
    if (sentfile_due(s, now)) {
        write_sentfile(f);
        now = now_of(f);
    }
    uint64_t next_ms = sentfile_next(s).ms;
    if (next_ms <= now.ms)
        return 0;
    uint64_t wait_ms = next_ms - now.ms;
    return wait_ms < DISPATCH_WAIT_MAX_MS ? (uint32_t)wait_ms : DISPATCH_WAIT_MAX_MS;
}

/* The uplink cannot even wait: breathe, so that the processor is left to others. */
static void pause_a_moment(struct forwarder *f)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += FORWARDER_PAUSE_MS / 1000;
    pthread_mutex_lock(&f->lock);
    int rc = 0;
    while (rc == 0 && !atomic_load(&f->stopping) && !f->poked)
        rc = pthread_cond_timedwait(&f->changed, &f->lock, &until);
    pthread_mutex_unlock(&f->lock);
}

static void *run(void *arg)
{
    struct forwarder *f = arg;
    while (!atomic_load(&f->stopping)) {
        read_mail(f);
        uint32_t wait_ms = keep_sentfile(f);
        if (dispatch_step(&f->dispatch, wait_ms) != ERR_OK)
            pause_a_moment(f);
        show_status(f);
    }
    dispatch_cancel(&f->dispatch);
    show_status(f);
    return NULL;
}

/* One line for all of them: a folder emptied by hand would fill the log. */
static void log_dead(const struct forwarder *f, const struct delivery_result *results, size_t count)
{
    size_t dead = 0;
    const struct delivery_result *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (results[i].outcome != DELIVERY_DEAD)
            continue;
        first = first == NULL ? &results[i] : first;
        dead++;
    }
    if (first != NULL)
        log_line(LOG_LEVEL_WARN,
                 "photos put aside count=%zu photo=%lld destination=%s error=\"%s\"", dead,
                 (long long)first->photo, f->names[first->destination], first->error);
}

static void post(void *ctx, const struct delivery_result *results, size_t count)
{
    struct forwarder *f = ctx;
    log_dead(f, results, count);
    f->setup.ports.post(f->setup.ports.post_ctx, results, count);
}

/* ---- beginning and end ---- */

static bool init_locks(struct forwarder *f)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return false;
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* cannot fail: the clock exists */
    bool good = pthread_cond_init(&f->changed, &attr) == 0;
    (void)pthread_condattr_destroy(&attr);
    return good && pthread_mutex_init(&f->lock, NULL) == 0;
}

/* Signals are for the main thread. */
static bool start_thread(struct forwarder *f)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    f->running = pthread_create(&f->thread, NULL, run, f) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return f->running;
}

enum err forwarder_start(const struct forwarder_setup *setup, struct forwarder **out)
{
    assert(setup->count <= DESTINATIONS_MAX);
    struct forwarder *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_FULL;
    f->setup = *setup;
    f->mail.seen = f->last_seen = setup->seen;
    f->immediate = any_immediate(setup->targets, setup->count);
    for (size_t i = 0; i < setup->count; i++)
        (void)slice_to_text(slice_of(setup->names[i]), f->names[i], sizeof f->names[i]);
    struct dispatch_ports ports = setup->ports;
    ports.post = post;
    ports.post_ctx = f;
    dispatch_init(&f->dispatch, &ports, setup->targets, setup->count);
    /* The thread may have results at once, and who writes them has to find the forwarder then. */
    *out = f;
    if (!init_locks(f) || !start_thread(f)) {
        *out = NULL;
        free(f);
        return ERR_FULL;
    }
    return ERR_OK;
}

void forwarder_stop(struct forwarder *f)
{
    if (!f->running)
        return;
    pthread_mutex_lock(&f->lock);
    atomic_store(&f->stopping, true);
    pthread_cond_signal(&f->changed);
    f->setup.ports.uplink->wake(f->setup.ports.uplink->ctx);
    pthread_mutex_unlock(&f->lock);
    (void)pthread_join(f->thread, NULL);
    f->running = false;
}

void forwarder_close(struct forwarder *f)
{
    if (f == NULL)
        return;
    forwarder_stop(f);
    struct sentfile *s = f->setup.sentfile;
    f->last_seen = f->mail.seen;
    if (s != NULL && (s->changed || f->mail.sent_changed || any_sent(&f->mail))) {
        f->last_write_end_ms = now_of(f).ms + FORWARDER_LAST_WRITE_MS;
        write_sentfile(f);
    }
    (void)pthread_cond_destroy(&f->changed);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}
