#include "relay/port/http_mhd.h"

#include <assert.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/port/log.h"
#include "lib/wire/framing.h"
#include "relay/port/exchange_mhd.h"
#include "relay/port/listener.h"

enum {
    /* The library clears all of it between two requests, so that an idle connection costs it all.
     * Twice as much makes an upload of 64 KiB 2 us cheaper, of some 15; half costs it 4. */
    HTTP_MHD_CONNECTION_BYTES = 7168,
};

struct http_mhd {
    struct front_handler handler;
    struct exchange_ground ground;
    struct MHD_Daemon *daemons[HTTP_MHD_HOSTS_MAX];
    int listen_fds[HTTP_MHD_HOSTS_MAX];
    bool shares_socket; /* others may hold it too: it must not be shut down */
    size_t count;
    uint16_t port;
    bool accounts_for_bytes; /* the library needs it, see layout_step() */
    atomic_uint connections;
};

/* ---- requests ---- */

/* libmicrohttpd before 1.0 unfolds headers, ends lines at a bare LF and drops what stands behind a
 * NUL, all in silence. It leaves the head where it was received, with NULs for the separators, so
 * that every byte can be accounted for: line by line, each begins exactly where the one before
 * ended. What was folded, cut or moved leaves a gap. */
struct layout {
    struct framing *framing;
    const char *expected; /* where the next line begins */
    bool whole;
};

/* NOLINTNEXTLINE(readability-function-size): the library's parameters */
static enum MHD_Result layout_step(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    struct layout *l = cls;
    (void)kind;
    framing_header(l->framing, (struct slice){name, name_len}, (struct slice){value, value_len});
    if (value == NULL || name != l->expected || value <= name + name_len) {
        l->whole = false;
        return MHD_YES;
    }
    for (const char *p = name + name_len + 1; p < value; p++)
        l->whole = l->whole && (*p == ' ' || *p == '\t');
    l->whole = l->whole && value[value_len] == '\0' && value[value_len + 1] == '\0';
    l->expected = value + value_len + 2;
    return MHD_YES;
}

static struct slice whole_target(const struct front_exchange *x)
{
    return (struct slice){x->target_copy != NULL ? x->target_copy : x->target, x->target_len};
}

static bool head_is_sound(const struct http_mhd *h, struct front_exchange *x, struct framing *f,
                          const char *method, const char *version)
{
    framing_begin(f, slice_of(method), whole_target(x), slice_of(version));
    struct layout l = {.framing = f, .expected = version + strlen(version) + 2, .whole = true};
    (void)MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, layout_step, &l);
    bool good = framing_end(f);
    if (!h->accounts_for_bytes || !good)
        return good;
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    l.whole = l.whole && x->target == method + strlen(method) + 1 &&
              version == x->target + x->target_len + 1 && size != NULL &&
              l.expected + 2 == method + size->header_size;
    if (!l.whole) {
        f->status = 400;
        f->code = "malformed";
        f->error = "A header is folded or holds a NUL, or a line does not end in CR LF.";
    }
    return l.whole;
}

static enum err decode_path(struct front_exchange *x, struct slice *out_path)
{
    struct slice target = whole_target(x);
    *out_path = target;
    if (target_is_plain(target))
        return ERR_OK;
    x->decoded = malloc(sizeof *x->decoded + target.len);
    if (x->decoded == NULL)
        return ERR_FULL;
    enum err e = target_decode(target, (char *)(x->decoded + 1), x->decoded);
    *out_path = x->decoded->path;
    return e;
}

static enum front_method method_of(struct slice text)
{
    static const struct {
        const char *name;
        enum front_method method;
    } known[] = {
        {"GET", FRONT_GET}, {"HEAD", FRONT_HEAD},     {"POST", FRONT_POST},
        {"PUT", FRONT_PUT}, {"DELETE", FRONT_DELETE}, {"OPTIONS", FRONT_OPTIONS},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (slice_eq(text, slice_of(known[i].name)))
            return known[i].method;
    }
    return FRONT_OTHER;
}

/* The first call for a request: its head is complete. */
static enum MHD_Result begin(struct http_mhd *h, struct front_exchange *x, const char *method,
                             const char *version)
{
    struct framing f;
    struct slice path = {0};
    enum err e = ERR_OK;
    bool sound = head_is_sound(h, x, &f, method, version);
    if (sound)
        e = decode_path(x, &path);
    x->has_body = f.chunked || f.length > 0;
    x->stage = EXCHANGE_BODY;
    if (!sound) {
        exchange_refuse(x, f.status, f.code, f.error);
    } else if (e == ERR_INPUT || e == ERR_LIMIT) {
        exchange_refuse(x, 400, "malformed",
                        "The path or an argument is not percent-encoded properly.");
    } else if (e != ERR_OK) {
        exchange_refuse(x, 503, "busy", "There is no memory left; try again later.");
    } else {
        struct front_head head = {.method = method_of(slice_of(method)),
                                  .method_text = slice_of(method),
                                  .path = path,
                                  .has_length = f.has_length,
                                  .length = f.length,
                                  .chunked = f.chunked,
                                  .expects_continue = f.expects_continue && x->has_body,
                                  .peer = slice_of(x->peer)};
        (void)warden_enter(&x->mark, x->has_body ? WARDEN_BODY : WARDEN_HANDLER);
        x->in_handler = true;
        (void)h->handler.head(h->handler.ctx, x, &head, &x->user);
    }
    bool refused = !x->in_handler;
    if (!exchange_attend(x) || !(x->has_body || refused))
        return MHD_YES;
    /* The library ends the connection after an answer that comes before the body. */
    x->linger = true;
    return exchange_queue(x);
}

/* The request is complete, or was resumed while waiting for its answer. */
static enum MHD_Result complete(struct http_mhd *h, struct front_exchange *x)
{
    if (x->stage == EXCHANGE_BODY) {
        x->stage = EXCHANGE_WHOLE;
        if (!warden_enter(&x->mark, WARDEN_HANDLER))
            return MHD_NO;
        if (!exchange_attend(x))
            h->handler.finish(h->handler.ctx, x, x->user);
    }
    while (!exchange_attend(x)) {
        if (exchange_park(x))
            return MHD_YES;
        if (atomic_load(&x->ground->stopping))
            return MHD_NO;
    }
    return exchange_queue(x);
}

/* An answer was given before the whole body came. */
static enum MHD_Result discard(struct front_exchange *x, size_t *size)
{
    if (x->no_memory || !warden_keep(&x->mark, WARDEN_BODY))
        return MHD_NO;
    x->linger = true;
    if (!x->ground->encrypted && x->reply->source.read == NULL) {
        exchange_write(x);
        return MHD_NO;
    }
    if (x->discarded == 0)
        x->discard_since_ms = warden_now_ms();
    x->discarded += *size;
    warden_moved(&x->mark, *size);
    *size = 0;
    bool enough = x->discarded > HTTP_MHD_DISCARD_BYTES ||
                  warden_now_ms() - x->discard_since_ms > HTTP_MHD_DISCARD_MS;
    x->reply->close = true;
    return enough ? MHD_NO : MHD_YES;
}

static enum MHD_Result take_body(struct http_mhd *h, struct front_exchange *x, const char *data,
                                 size_t *size)
{
    if (!warden_keep(&x->mark, WARDEN_BODY))
        return MHD_NO;
    while (!exchange_attend(x)) {
        size_t took = h->handler.body(h->handler.ctx, x, x->user, data, *size);
        assert(took <= *size);
        warden_moved(&x->mark, took);
        data += took;
        *size -= took;
        if (*size == 0)
            return MHD_YES;
        (void)warden_enter(&x->mark, WARDEN_HANDLER);
        if (exchange_park(x))
            return MHD_YES;
        if (atomic_load(&x->ground->stopping) || !warden_enter(&x->mark, WARDEN_BODY))
            return MHD_NO;
    }
    return discard(x, size);
}

/* NOLINTNEXTLINE(readability-function-size): the library's parameters */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    struct http_mhd *h = cls;
    struct front_exchange *x = *context;
    (void)connection;
    (void)url;
    if (x == NULL || atomic_load(&h->ground.stopping))
        return MHD_NO;
    switch (x->stage) {
    case EXCHANGE_LINE: return begin(h, x, method, version);
    case EXCHANGE_BODY: return *size > 0 ? take_body(h, x, data, size) : complete(h, x);
    case EXCHANGE_WHOLE: return complete(h, x);
    case EXCHANGE_NONE:
    case EXCHANGE_QUEUED: break;
    }
    return MHD_NO;
}

/* ---- what the library tells about connections ---- */

static struct front_exchange *exchange_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static void *on_line(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct front_exchange *x = exchange_of(connection);
    (void)cls;
    if (x == NULL || target == NULL)
        return NULL;
    x->target = target;
    x->target_len = strlen(target);
    x->stage = EXCHANGE_LINE;
    if (x->kept_alive) /* the first head has been timed since the connection was made */
        (void)warden_enter(&x->mark, WARDEN_HEAD);
    x->kept_alive = true;
    /* The library is about to cut the target at the '?' and all arguments at their '&' and '='. */
    if (strchr(target, '?') != NULL)
        x->target_copy = strdup(target);
    return x;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct front_exchange *x = *context;
    struct http_mhd *h = cls;
    (void)connection;
    if (x == NULL)
        return;
    (void)exchange_attend(x); /* whoever woke us up has let go of the lock */
    if (x->stage == EXCHANGE_QUEUED && why == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        x->sent = true;
    if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK && why != MHD_REQUEST_TERMINATED_CLIENT_ABORT &&
        why != MHD_REQUEST_TERMINATED_READ_ERROR)
        x->linger = true;
    if (x->in_handler)
        h->handler.gone(h->handler.ctx, x, x->user, x->sent);
    exchange_reset(x);
    (void)warden_enter(&x->mark, WARDEN_IDLE);
}

static void peer_text(const struct sockaddr *address, char *out, size_t cap)
{
    static const char mapped[] = "::ffff:";
    socklen_t len =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getnameinfo(address, len, out, (socklen_t)cap, NULL, 0, NI_NUMERICHOST) != 0)
        (void)snprintf(out, cap, "?");
    if (strncmp(out, mapped, sizeof mapped - 1) == 0) /* IPv4 that came to an IPv6 socket */
        memmove(out, out + sizeof mapped - 1, strlen(out) - (sizeof mapped - 1) + 1);
}

static void on_started(struct http_mhd *h, struct MHD_Connection *connection, void **context)
{
    struct front_exchange *x = calloc(1, sizeof *x);
    /* One at a time: the library gives them all back in the same memory. */
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    assert(info != NULL);
    int fd = info->connect_fd;
    *context = x;
    if (x == NULL)
        return; /* its requests are refused */
    x->ground = &h->ground;
    x->connection = connection;
    (void)pthread_mutex_init(&x->lock, NULL);
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info != NULL)
        peer_text(info->client_addr, x->peer, sizeof x->peer);
    warden_add(h->ground.warden, &x->mark, fd, h->ground.encrypted);
    atomic_fetch_add(&h->connections, 1);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_mhd *h = cls;
    struct front_exchange *x = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        on_started(h, connection, context);
    } else if (x != NULL) {
        int unread = 0;
        (void)ioctl(x->mark.fd, FIONREAD, &unread);
        warden_remove(h->ground.warden, &x->mark, x->linger || unread > 0);
        atomic_fetch_sub(&h->connections, 1);
        (void)pthread_mutex_destroy(&x->lock);
        free(x);
        *context = NULL;
    }
}

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *format,
                                                         va_list list)
{
    char line[256];
    (void)cls;
    int len = vsnprintf(line, sizeof line, format, list);
    if (len <= 0)
        return;
    line[strcspn(line, "\r\n")] = '\0';
    log_line(LOG_LEVEL_DEBUG, "libmicrohttpd: %s", line);
}

/* Targets are decoded by decode_target(), which knows what to refuse. */
static size_t leave_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

/* ---- open and close ---- */

static enum err open_sockets(struct http_mhd *h, const struct http_mhd_options *o)
{
    if (o->listen_fd > 0) {
        h->listen_fds[h->count++] = o->listen_fd;
        h->shares_socket = true;
        h->port = listener_port(o->listen_fd);
        return ERR_OK;
    }
    bool any = false;
    enum err e = ERR_OK;
    h->port = o->port;
    for (size_t i = 0; i < HTTP_MHD_HOSTS_MAX && e == ERR_OK; i++) {
        size_t found = 0;
        if (o->hosts[i] == NULL)
            continue;
        any = true;
        e = listener_open(o->hosts[i], &h->port, h->listen_fds + h->count,
                          HTTP_MHD_HOSTS_MAX - h->count, &found);
        h->count += e == ERR_OK ? found : 0;
    }
    if (any || e != ERR_OK)
        return e;
    if (listener_open("::", &h->port, h->listen_fds, 1, &h->count) == ERR_OK)
        return ERR_OK;
    return listener_open("0.0.0.0", &h->port, h->listen_fds, 1, &h->count); /* no IPv6 here */
}

static struct MHD_Daemon *start_daemon(struct http_mhd *h, const struct http_mhd_options *o, int fd)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    size_t bytes = o->connection_bytes;
    struct MHD_OptionItem more[8] = {{0}};
    size_t n = 0;
    if (o->threads > 1)
        more[n++] =
            (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)o->threads, NULL};
    /* From 1.0 on the library is strict by itself; before, the same number would have it answer
     * some faults with pages of its own and change nothing else. */
    if (!h->accounts_for_bytes)
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL};
    if (h->ground.encrypted) {
        flags |= MHD_USE_TLS;
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0,
                                            (void *)(uintptr_t)o->tls_cert_pem};
        more[n++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->tls_key_pem};
    }
    more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, h,
        /* first, so that it hears of everything */
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        h, MHD_OPTION_URI_LOG_CALLBACK, on_line, h, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes,
        NULL, MHD_OPTION_CONNECTION_LIMIT, o->connections_max / (unsigned)h->count,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, o->per_address_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        bytes, MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

static struct http_mhd_options with_defaults(const struct http_mhd_options *options)
{
    struct http_mhd_options o = *options;
    o.threads = o.threads != 0 ? o.threads : 2;
    o.source_threads = o.source_threads != 0 ? o.source_threads : 2;
    o.source_buffers = o.source_buffers != 0 ? o.source_buffers : 16;
    o.connections_max = o.connections_max != 0 ? o.connections_max : 4096;
    o.head_timeout_ms = o.head_timeout_ms != 0 ? o.head_timeout_ms : 15000;
    o.idle_timeout_ms = o.idle_timeout_ms != 0 ? o.idle_timeout_ms : 60000;
    o.rate_window_ms = o.rate_window_ms != 0 ? o.rate_window_ms : 15000;
    o.body_rate_min = o.body_rate_min != 0 ? o.body_rate_min : 100;
    o.connection_bytes = o.connection_bytes != 0 ? o.connection_bytes : HTTP_MHD_CONNECTION_BYTES;
    return o;
}

static enum err start(struct http_mhd *h, const struct http_mhd_options *o)
{
    struct warden_options w = {.head_timeout_ms = o->head_timeout_ms,
                               .idle_timeout_ms = o->idle_timeout_ms,
                               .rate_min = o->body_rate_min,
                               .rate_window_ms = o->rate_window_ms,
                               .linger_bytes = HTTP_MHD_DISCARD_BYTES,
                               .linger_ms = HTTP_MHD_DISCARD_MS,
                               .linger_max = HTTP_MHD_LINGER_MAX};
    enum err e = open_sockets(h, o);
    if (e == ERR_OK)
        e = warden_open(&w, &h->ground.warden);
    if (e == ERR_OK)
        e = pump_open(o->source_threads, o->source_buffers, &h->ground.pump);
    for (size_t i = 0; i < h->count && e == ERR_OK; i++) {
        h->daemons[i] = start_daemon(h, o, h->listen_fds[i]);
        if (h->daemons[i] == NULL) {
            log_line(LOG_LEVEL_ERROR, "the HTTP server does not start%s",
                     h->ground.encrypted ? "; are certificate and key a pair?" : "");
            e = h->ground.encrypted ? ERR_INPUT : ERR_IO;
        }
    }
    return e;
}

enum err http_mhd_open(const struct http_mhd_options *options, const struct front_handler *handler,
                       struct http_mhd **out)
{
    struct http_mhd *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_FULL;
    struct http_mhd_options o = with_defaults(options);
    tzset(); /* else the first Date header would have a network thread read a file */
    h->handler = *handler;
    h->ground.encrypted = o.tls_cert_pem != NULL && o.tls_key_pem != NULL;
    h->accounts_for_bytes = MHD_get_version()[0] == '0';
    enum err e = start(h, &o);
    if (e != ERR_OK) {
        http_mhd_close(h);
        return e;
    }
    *out = h;
    return ERR_OK;
}

uint16_t http_mhd_port(const struct http_mhd *h)
{
    return h->port;
}

unsigned http_mhd_connections(const struct http_mhd *h)
{
    return atomic_load(&h->connections);
}

void http_mhd_stop_listening(struct http_mhd *h)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->daemons[i] != NULL) /* else stopping it would shut down a socket systemd shares */
            (void)MHD_quiesce_daemon(h->daemons[i]);
        /* Its number is closed last: a thread of the library may be about to use it. */
        if (!h->shares_socket)
            (void)shutdown(h->listen_fds[i], SHUT_RDWR); /* fails at the second call */
    }
}

static void wake_parked(void *arg, struct warden_mark *mark)
{
    (void)arg;
    exchange_unpark((struct front_exchange *)mark);
}

void http_mhd_close(struct http_mhd *h)
{
    if (h == NULL)
        return;
    http_mhd_stop_listening(h);
    /* In this order nothing stays suspended: who parks from now on sees `stopping`. */
    atomic_store(&h->ground.stopping, true);
    if (h->ground.warden != NULL)
        warden_each(h->ground.warden, wake_parked, NULL);
    for (size_t i = 0; i < h->count; i++) {
        if (h->daemons[i] != NULL)
            MHD_stop_daemon(h->daemons[i]);
        (void)close(h->listen_fds[i]);
    }
    pump_close(h->ground.pump);
    warden_close(h->ground.warden);
    free(h);
}
