#include "relay/port/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WARDEN_TICK_MS = 250, WARDEN_READ_BYTES = 16384, WARDEN_POLL_MAX = 128 };

struct lingering {
    int fd;
    uint32_t since_ms;
    size_t left_bytes;
};

struct warden {
    struct warden_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    struct warden_mark *marks;
    int wake_fd;
    bool asleep;
    bool stopping;
    size_t fresh_count; /* handed over, not yet taken up by the thread */
    size_t linger_count;
    struct lingering *fresh;     /* linger_max each */
    struct lingering *lingering; /* the thread's own */
    struct pollfd *polls;        /* linger_max + 1 */
};

static const char timeout_answer[] =
    "HTTP/1.1 408 Request Timeout\r\n"
    "Content-Type: application/json\r\nContent-Length: 92\r\nConnection: close\r\n\r\n"
    "{\"success\": false, \"error\": \"The request came too slowly or not at all.\", "
    "\"code\": \"timeout\"}";

uint32_t warden_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t); /* cannot fail with a known clock */
    return (uint32_t)((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
}

static void wake(struct warden *w)
{
    uint64_t one = 1;
    ssize_t n = write(w->wake_fd, &one, sizeof one);
    (void)n; /* a full counter wakes as well */
}

bool warden_enter(struct warden_mark *m, enum warden_phase phase)
{
    unsigned was = atomic_load(&m->phase);
    atomic_store(&m->since_ms, warden_now_ms());
    while (was != WARDEN_BROKEN) {
        if (atomic_compare_exchange_weak(&m->phase, &was, phase))
            return true;
    }
    return false;
}

bool warden_keep(struct warden_mark *m, enum warden_phase phase)
{
    return atomic_load(&m->phase) == (unsigned)phase || warden_enter(m, phase);
}

void warden_moved(struct warden_mark *m, size_t bytes)
{
    atomic_fetch_add_explicit(&m->moved, (unsigned)bytes, memory_order_relaxed);
}

void warden_add(struct warden *w, struct warden_mark *m, int fd, bool encrypted)
{
    m->fd = fd;
    m->encrypted = encrypted;
    atomic_init(&m->since_ms, warden_now_ms());
    atomic_init(&m->phase, WARDEN_HEAD);
    atomic_init(&m->moved, 0);
    m->window_phase_ms = m->window_ms = m->window_moved = 0;
    m->nudged = false;
    m->prev = NULL;
    (void)pthread_mutex_lock(&w->lock);
    m->next = w->marks;
    if (w->marks != NULL)
        w->marks->prev = m;
    w->marks = m;
    bool asleep = w->asleep;
    w->asleep = false;
    (void)pthread_mutex_unlock(&w->lock);
    if (asleep)
        wake(w);
}

void warden_remove(struct warden *w, struct warden_mark *m, bool linger)
{
    (void)pthread_mutex_lock(&w->lock);
    if (m->prev != NULL)
        m->prev->next = m->next;
    else
        w->marks = m->next;
    if (m->next != NULL)
        m->next->prev = m->prev;
    int fd = -1;
    if (linger && w->fresh_count + w->linger_count < w->options.linger_max)
        fd = fcntl(m->fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) {
        w->fresh[w->fresh_count++] = (struct lingering){
            .fd = fd, .since_ms = warden_now_ms(), .left_bytes = w->options.linger_bytes};
        w->asleep = false;
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (fd < 0)
        return;
    (void)shutdown(fd, SHUT_WR); /* the answer ends here, also where the owner forgot to say so */
    wake(w);
}

void warden_each(struct warden *w, void (*each)(void *arg, struct warden_mark *m), void *arg)
{
    (void)pthread_mutex_lock(&w->lock);
    for (struct warden_mark *m = w->marks; m != NULL; m = m->next)
        each(arg, m);
    (void)pthread_mutex_unlock(&w->lock);
}

/* Gives the connection up, unless it went on to another phase meanwhile. */
static void break_off(struct warden_mark *m, unsigned phase)
{
    unsigned expected = phase;
    if (!atomic_compare_exchange_strong(&m->phase, &expected, WARDEN_BROKEN))
        return;
    if (!m->encrypted && (phase == WARDEN_HEAD || phase == WARDEN_BODY)) {
        ssize_t n =
            send(m->fd, timeout_answer, sizeof timeout_answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)n; /* who does not read does not learn why */
    }
    (void)shutdown(m->fd, SHUT_RDWR);
}

/* The bytes that moved so far: of a body those taken, of an answer those the client confirmed. */
static uint32_t moved_bytes(struct warden_mark *m, unsigned phase, bool *out_waiting)
{
    *out_waiting = true;
    if (phase == WARDEN_BODY)
        return atomic_load(&m->moved);
    int queued = 0;
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (ioctl(m->fd, SIOCOUTQ, &queued) != 0 || queued == 0)
        *out_waiting = false;
    if (getsockopt(m->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        *out_waiting = false;
    return (uint32_t)info.tcpi_bytes_acked;
}

static void look_at_rate(const struct warden_options *o, struct warden_mark *m, unsigned phase,
                         uint32_t now)
{
    uint32_t since = atomic_load(&m->since_ms);
    bool waiting = true;
    if (m->window_phase_ms != since || m->window_ms == 0) {
        m->window_phase_ms = since;
        m->window_ms = now | 1; /* 0 means none yet */
        m->window_moved = moved_bytes(m, phase, &waiting);
        return;
    }
    uint32_t age = now - m->window_ms;
    if ((int32_t)age < (int32_t)o->rate_window_ms)
        return;
    uint32_t moved = moved_bytes(m, phase, &waiting);
    if (waiting && moved - m->window_moved < (uint64_t)o->rate_min * o->rate_window_ms / 1000) {
        break_off(m, phase);
        return;
    }
    m->window_ms = now | 1;
    m->window_moved = moved;
}

static void look_at(const struct warden_options *o, struct warden_mark *m, uint32_t now)
{
    unsigned phase = atomic_load(&m->phase);
    int32_t age = (int32_t)(now - atomic_load(&m->since_ms));
    switch ((enum warden_phase)phase) {
    case WARDEN_HEAD:
        if (age > (int32_t)o->head_timeout_ms)
            break_off(m, phase);
        break;
    case WARDEN_IDLE:
        if (age > (int32_t)o->idle_timeout_ms)
            break_off(m, phase);
        break;
    case WARDEN_BODY:
    case WARDEN_ANSWER: look_at_rate(o, m, phase, now); break;
    case WARDEN_HANDLER:
    case WARDEN_BROKEN: break;
    }
}

/* libmicrohttpd takes a short read for "nothing more there" and then waits for the next event; a
 * client that said goodbye together with its last bytes causes none, and would stay unnoticed until
 * its time is up. Shutting our side of the reading down causes one, and loses no byte. */
static void nudge(struct warden_mark **marks, struct pollfd *polls, nfds_t count)
{
    if (poll(polls, count, 0) <= 0)
        return;
    for (nfds_t i = 0; i < count; i++) {
        if ((polls[i].revents & POLLRDHUP) == 0)
            continue;
        marks[i]->nudged = true;
        (void)shutdown(marks[i]->fd, SHUT_RD);
    }
}

static void nudge_those_who_left(struct warden_mark *all)
{
    struct warden_mark *marks[WARDEN_POLL_MAX];
    struct pollfd polls[WARDEN_POLL_MAX];
    nfds_t count = 0;
    for (struct warden_mark *m = all; m != NULL; m = m->next) {
        unsigned phase = atomic_load(&m->phase);
        if (m->nudged || phase == WARDEN_ANSWER || phase == WARDEN_HANDLER)
            continue;
        marks[count] = m;
        polls[count++] = (struct pollfd){.fd = m->fd, .events = POLLRDHUP};
        if (count == WARDEN_POLL_MAX) {
            nudge(marks, polls, count);
            count = 0;
        }
    }
    nudge(marks, polls, count);
}

/* False when this socket is done with. */
static bool read_out(const struct warden *w, struct lingering *l, uint32_t now)
{
    char waste[WARDEN_READ_BYTES];
    if (now - l->since_ms > w->options.linger_ms)
        return false;
    ssize_t n = recv(l->fd, waste, sizeof waste, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0 || (size_t)n >= l->left_bytes)
        return false;
    l->left_bytes -= (size_t)n;
    return true;
}

static void look_at_lingering(struct warden *w, uint32_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->linger_count; i++) {
        if (read_out(w, &w->lingering[i], now))
            w->lingering[kept++] = w->lingering[i];
        else
            (void)close(w->lingering[i].fd);
    }
    w->linger_count = kept;
}

/* Answers how long to sleep: -1 = until woken. */
static int make_round(struct warden *w, uint32_t *last_ms)
{
    uint32_t now = warden_now_ms();
    for (size_t i = 0; i < w->fresh_count; i++)
        w->lingering[w->linger_count++] = w->fresh[i];
    w->fresh_count = 0;
    look_at_lingering(w, now);
    if (now - *last_ms >= WARDEN_TICK_MS) {
        *last_ms = now;
        for (struct warden_mark *m = w->marks; m != NULL; m = m->next)
            look_at(&w->options, m, now);
        nudge_those_who_left(w->marks);
    }
    w->asleep = w->marks == NULL && w->linger_count == 0;
    return w->asleep ? -1 : WARDEN_TICK_MS;
}

static void *watch(void *arg)
{
    struct warden *w = arg;
    uint32_t last_ms = warden_now_ms();
    (void)pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        int sleep_ms = make_round(w, &last_ms);
        nfds_t count = 0;
        w->polls[count++] = (struct pollfd){.fd = w->wake_fd, .events = POLLIN};
        for (size_t i = 0; i < w->linger_count; i++)
            w->polls[count++] = (struct pollfd){.fd = w->lingering[i].fd, .events = POLLIN};
        (void)pthread_mutex_unlock(&w->lock);
        (void)poll(w->polls, count, sleep_ms);
        uint64_t times = 0;
        ssize_t n = read(w->wake_fd, &times, sizeof times);
        (void)n; /* nothing there: the time was up, or a socket has something */
        (void)pthread_mutex_lock(&w->lock);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void release(struct warden *w)
{
    if (w->wake_fd >= 0)
        (void)close(w->wake_fd);
    free(w->fresh);
    free(w->lingering);
    free(w->polls);
    free(w);
}

enum err warden_open(const struct warden_options *options, struct warden **out)
{
    struct warden *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_FULL;
    w->options = *options;
    w->fresh = calloc(options->linger_max, sizeof *w->fresh);
    w->lingering = calloc(options->linger_max, sizeof *w->lingering);
    w->polls = calloc(options->linger_max + 1, sizeof *w->polls);
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)pthread_mutex_init(&w->lock, NULL); /* cannot fail without attributes */
    bool good = w->fresh != NULL && w->lingering != NULL && w->polls != NULL && w->wake_fd >= 0;
    if (!good || pthread_create(&w->thread, NULL, watch, w) != 0) {
        release(w);
        return ERR_FULL;
    }
    *out = w;
    return ERR_OK;
}

void warden_close(struct warden *w)
{
    if (w == NULL)
        return;
    (void)pthread_mutex_lock(&w->lock);
    w->stopping = true;
    (void)pthread_mutex_unlock(&w->lock);
    wake(w);
    (void)pthread_join(w->thread, NULL);
    for (size_t i = 0; i < w->linger_count; i++)
        (void)close(w->lingering[i].fd);
    for (size_t i = 0; i < w->fresh_count; i++)
        (void)close(w->fresh[i].fd);
    (void)pthread_mutex_destroy(&w->lock);
    release(w);
}
