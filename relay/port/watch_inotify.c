#include "relay/port/watch_inotify.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "relay/port/fs_posix_errno.h"

enum {
    EVENTS_BYTES = 16384,
    READS_MAX = 16, /* in one call: what is left comes with the next one */
    /* Where one event just came, more gather for so long: each photo the relay stores is one, and
     * hearing of them one by one would cost more than a twentieth of storing them. */
    GATHER_MS = 50,
};

/* The names of one bunch of events. ERR_IO: the folder is no longer there. */
static enum err tell(const char *bytes, size_t len, void (*each)(void *arg, const char *name),
                     void *arg, bool *out_rescan)
{
    for (size_t at = 0; at < len;) {
        const struct inotify_event *event = (const void *)(bytes + at);
        at += sizeof *event + event->len;
        if ((event->mask & IN_Q_OVERFLOW) != 0)
            *out_rescan = true;
        if ((event->mask & (IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF)) != 0)
            return ERR_IO;
        if (event->len > 0 && (event->mask & IN_ISDIR) == 0)
            each(arg, event->name);
    }
    return ERR_OK;
}

static void wait_for_events(struct watch_inotify *w, uint32_t timeout_ms)
{
    struct pollfd fds[2] = {{.fd = w->wake, .events = POLLIN}, {.fd = w->events, .events = POLLIN}};
    uint32_t gather_ms = timeout_ms < GATHER_MS ? timeout_ms : GATHER_MS;
    if (!w->busy)
        gather_ms = 0;
    timeout_ms -= gather_ms;
    int timeout = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
    bool woken = gather_ms > 0 && poll(fds, 1, (int)gather_ms) != 0;
    if (!woken)
        (void)poll(fds, 2, timeout); /* a signal ends it early, which does no harm */
    eventfd_t count;
    (void)eventfd_read(w->wake, &count); /* only to make it quiet again */
}

static enum err wait(void *ctx, uint32_t timeout_ms, void (*each)(void *arg, const char *name),
                     void *arg, bool *out_rescan)
{
    struct watch_inotify *w = ctx;
    *out_rescan = false;
    wait_for_events(w, timeout_ms);
    w->busy = false;
    for (int i = 0; i < READS_MAX; i++) {
        _Alignas(struct inotify_event) char bytes[EVENTS_BYTES];
        ssize_t n = read(w->events, bytes, sizeof bytes);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return ERR_OK;
        if (n < 0)
            return fs_posix_from_errno("read", "inotify", errno);
        w->busy = true;
        enum err e = tell(bytes, (size_t)n, each, arg, out_rescan);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static void wake(void *ctx)
{
    const struct watch_inotify *w = ctx;
    (void)eventfd_write(w->wake, 1); /* full means it is awake already */
}

enum err watch_inotify_open(struct watch_inotify *w, const char *folder)
{
    *w = (struct watch_inotify){.watch = {w, wait, wake}, .events = -1, .wake = -1};
    w->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (w->events < 0)
        return fs_posix_from_errno("inotify_init", folder, errno);
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake < 0)
        return fs_posix_from_errno("eventfd", folder, errno);
    const uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    if (inotify_add_watch(w->events, folder, mask) < 0)
        return fs_posix_from_errno("inotify_add_watch", folder, errno);
    return ERR_OK;
}

void watch_inotify_close(struct watch_inotify *w)
{
    if (w->watch.ctx == NULL)
        return;
    if (w->events >= 0)
        (void)close(w->events);
    if (w->wake >= 0)
        (void)close(w->wake);
    w->events = w->wake = -1;
}
