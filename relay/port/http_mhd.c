#include "relay/port/http_mhd.h"

#include <assert.h>
#include <microhttpd.h>
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
#include <sys/uio.h>
#include <unistd.h>

#include "lib/port/log.h"
#include "lib/wire/framing.h"
#include "relay/port/listener.h"
#include "relay/port/pump.h"
#include "relay/port/reply.h"
#include "relay/port/warden.h"

enum {
    HTTP_MHD_QUERY_MAX = 16,         /* arguments of one request that front_query() knows */
    HTTP_MHD_SEND_BYTES = 16 * 1024, /* what the library holds of a body from a source */
    HTTP_MHD_HEAD_OUT_MAX = 4096,    /* a head written by ourselves */
    HTTP_MHD_PEER_MAX = 64,          /* an IPv6 address with its scope */
};

/* What the network thread expects of the library next. */
enum stage {
    STAGE_NONE,   /* between requests */
    STAGE_LINE,   /* the request line came */
    STAGE_BODY,   /* head() was called; the rest of the request comes */
    STAGE_WHOLE,  /* finish() was called, or is not to be: only the answer is missing */
    STAGE_QUEUED, /* the library has the answer */
};

struct argument {
    struct slice name, value;
};

/* One connection, and the one exchange that is under way on it. */
struct front_exchange {
    struct warden_mark mark; /* first: warden_each() hands it back */
    struct http_mhd *h;
    struct MHD_Connection *connection;

    pthread_mutex_t lock;      /* guards these: */
    struct front_reply *reply; /* until it was sent */
    struct pump_flow *flow;
    bool answered;
    bool parked;    /* the library has it suspended */
    bool called;    /* front_resume() came since the handler was last asked */
    bool no_memory; /* answered, but the answer could not be kept */

    /* The network thread's own: */
    enum stage stage;
    bool in_handler; /* head() was called: gone() is owed */
    bool kept_alive; /* not the first request of the connection */
    bool linger;     /* the client may still be sending */
    bool sent;
    bool has_body;
    void *user;
    const char *target; /* as sent; the library's memory */
    size_t target_len;
    char *target_copy; /* if it has arguments: the library takes them apart */
    char *decoded;     /* path and arguments, if they had to be decoded */
    struct argument *arguments;
    size_t argument_count;
    uint64_t source_left; /* of a body whose length was promised */
    size_t discarded;
    uint32_t discard_since_ms;
    char peer[HTTP_MHD_PEER_MAX];
};

struct http_mhd {
    struct front_handler handler;
    struct warden *warden;
    struct pump *pump;
    struct MHD_Daemon *daemons[HTTP_MHD_HOSTS_MAX];
    int listen_fds[HTTP_MHD_HOSTS_MAX];
    size_t count;
    uint16_t port;
    bool tls;
    bool
        accounts_for_bytes; /* this library needs every byte of a head checked, see layout_step() */
    atomic_bool stopping;
    atomic_uint connections;
};

/* ---- parking: a race between "nothing to do" and "go on" must not lose the second ---- */

static void unpark(void *arg)
{
    struct front_exchange *x = arg;
    (void)pthread_mutex_lock(&x->lock);
    x->called = true;
    if (x->parked) {
        x->parked = false;
        MHD_resume_connection(x->connection);
    }
    (void)pthread_mutex_unlock(&x->lock);
}

/* Calls from here on count. Answers whether the exchange has its answer. */
static bool attend(struct front_exchange *x)
{
    (void)pthread_mutex_lock(&x->lock);
    x->called = false;
    bool answered = x->answered;
    (void)pthread_mutex_unlock(&x->lock);
    return answered;
}

/* True: suspended. False: somebody called meanwhile, or the server stops: look again. */
static bool park(struct front_exchange *x)
{
    bool stays = false;
    (void)pthread_mutex_lock(&x->lock);
    if (!x->called && !atomic_load(&x->h->stopping)) {
        stays = true;
        x->parked = true;
        MHD_suspend_connection(x->connection);
    }
    (void)pthread_mutex_unlock(&x->lock);
    return stays;
}

void front_resume(struct front_exchange *x)
{
    (void)pthread_mutex_lock(&x->lock);
    struct pump_flow *flow = x->flow;
    (void)pthread_mutex_unlock(&x->lock);
    if (flow != NULL)
        pump_flow_again(flow); /* wakes the exchange when there is something to send */
    else
        unpark(x);
}

/* A source that nobody will read is closed where it may wait for a disk. */
static void drop_source(struct http_mhd *h, const struct front_source *source)
{
    struct pump_flow *flow = NULL;
    if (source->read != NULL && pump_flow_open(h->pump, source, NULL, NULL, &flow) == ERR_OK)
        pump_flow_close(flow);
}

static void free_reply(struct http_mhd *h, struct front_reply *reply)
{
    if (reply != NULL)
        drop_source(h, &reply->source);
    free(reply);
}

/* Takes `reply`; NULL: there was no memory for it. */
static void answer_with(struct front_exchange *x, struct front_reply *reply)
{
    (void)pthread_mutex_lock(&x->lock);
    bool first = !x->answered;
    if (first) {
        x->answered = true;
        x->reply = reply;
        x->no_memory = reply == NULL;
    }
    (void)pthread_mutex_unlock(&x->lock);
    if (first)
        unpark(x);
    else
        free_reply(x->h, reply);
}

void front_answer(struct front_exchange *x, const struct front_reply *reply)
{
    struct front_reply *copy = reply_copy(reply);
    if (copy == NULL)
        drop_source(x->h, &reply->source);
    answer_with(x, copy);
}

/* ---- answers ---- */

static ssize_t pull(void *cls, uint64_t position, char *out, size_t cap)
{
    struct front_exchange *x = cls;
    (void)position;
    size_t len = 0;
    if (x->flow == NULL)
        return MHD_CONTENT_READER_END_WITH_ERROR; /* the body of a HEAD: never asked for */
    for (;;) {
        (void)attend(x);
        if (!warden_keep(&x->mark, WARDEN_ANSWER))
            return MHD_CONTENT_READER_END_WITH_ERROR;
        switch (pump_flow_take(x->flow, out, cap, &len)) {
        case PUMP_BYTES: x->source_left -= len; return (ssize_t)len;
        case PUMP_END:
            /* Less than was promised must not look complete. */
            return x->source_left == 0 ? MHD_CONTENT_READER_END_OF_STREAM
                                       : MHD_CONTENT_READER_END_WITH_ERROR;
        case PUMP_FAILED: return MHD_CONTENT_READER_END_WITH_ERROR;
        case PUMP_LATER: break;
        }
        (void)warden_enter(&x->mark, WARDEN_HANDLER);
        if (park(x))
            return 0;
        if (atomic_load(&x->h->stopping))
            return MHD_CONTENT_READER_END_WITH_ERROR;
    }
}

static void end_flow(void *cls)
{
    struct front_exchange *x = cls;
    (void)pthread_mutex_lock(&x->lock);
    struct pump_flow *flow = x->flow;
    x->flow = NULL;
    (void)pthread_mutex_unlock(&x->lock);
    if (flow != NULL)
        pump_flow_close(flow);
}

static struct MHD_Response *response_from_source(struct front_exchange *x, uint64_t size)
{
    struct pump_flow *flow = NULL;
    struct front_source source = x->reply->source;
    x->reply->source = (struct front_source){0};
    if (source.read != NULL && pump_flow_open(x->h->pump, &source, unpark, x, &flow) != ERR_OK)
        return NULL;
    (void)pthread_mutex_lock(&x->lock);
    x->flow = flow;
    (void)pthread_mutex_unlock(&x->lock);
    x->source_left = size == MHD_SIZE_UNKNOWN ? 0 : size;
    struct MHD_Response *r =
        MHD_create_response_from_callback(size, HTTP_MHD_SEND_BYTES, pull, x, end_flow);
    if (r == NULL)
        end_flow(x);
    return r;
}

static struct MHD_Response *make_response(struct front_exchange *x)
{
    const struct front_reply *reply = x->reply;
    struct MHD_Response *r = NULL;
    if (reply->source.read != NULL || (reply->head_only && reply->has_source_length))
        r = response_from_source(x, reply->has_source_length ? reply->source_length
                                                             : MHD_SIZE_UNKNOWN);
    else if (reply->body == NULL && reply->body_len > 0)
        r = response_from_source(x, reply->body_len);
    else /* `reply` outlives the response: it goes when the exchange ends */
        r = MHD_create_response_from_buffer(reply->body_len, (void *)(uintptr_t)reply->body,
                                            MHD_RESPMEM_PERSISTENT);
    if (r == NULL)
        return NULL;
    enum MHD_Result good = MHD_YES;
    if (reply->content_type != NULL)
        good = MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
    for (size_t i = 0; i < reply->header_count && good == MHD_YES; i++)
        good = MHD_add_response_header(r, reply->headers[i].name, reply->headers[i].value);
    if (good == MHD_YES && reply->close)
        good = MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
    if (good == MHD_YES)
        return r;
    MHD_destroy_response(r);
    return NULL;
}

/* Only where the library allows it: on the first call, and when the request is complete. */
static enum MHD_Result queue_answer(struct front_exchange *x)
{
    if (x->no_memory || !warden_enter(&x->mark, WARDEN_ANSWER))
        return MHD_NO;
    struct MHD_Response *r = make_response(x);
    if (r == NULL) {
        log_line(LOG_LEVEL_ERROR, "answer dropped peer=%s why=\"no memory, or a bad header\"",
                 x->peer);
        return MHD_NO;
    }
    enum MHD_Result good = MHD_queue_response(x->connection, x->reply->status, r);
    MHD_destroy_response(r);
    if (good == MHD_YES)
        x->stage = STAGE_QUEUED;
    return good;
}

/* In the middle of a body the library takes no answer. It is short and nothing else was sent, so it
 * fits into the socket at once. */
static void write_answer(struct front_exchange *x)
{
    char memory[HTTP_MHD_HEAD_OUT_MAX];
    struct buf head;
    const struct front_reply *reply = x->reply;
    buf_init(&head, memory, sizeof memory);
    reply_head(reply, MHD_get_reason_phrase_for(reply->status), &head);
    if (head.overflowed)
        return;
    struct iovec parts[2] = {{head.ptr, head.len},
                             {(void *)(uintptr_t)reply->body, reply->body_len}};
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = reply->head_only || reply->body == NULL ? 1 : 2};
    ssize_t n = sendmsg(x->mark.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    x->sent = n >= 0 && (size_t)n == head.len + (message.msg_iovlen == 2 ? reply->body_len : 0);
}

/* ---- requests ---- */

static void refuse(struct front_exchange *x, unsigned status, const char *code, const char *error)
{
    log_line(LOG_LEVEL_DEBUG, "request refused peer=%s status=%u why=\"%s\"", x->peer, status,
             error);
    answer_with(x, reply_refusal(status, code, error));
}

/* libmicrohttpd before 1.0 unfolds headers, ends lines at a bare LF and drops what stands behind a
 * NUL, all in silence. It leaves the head where it was received, with NULs for the separators, so
 * that every byte can be accounted for: line by line, each begins exactly where the one before
 * ended. What was folded, cut or moved leaves a gap. */
struct layout {
    struct framing *framing;
    const char *expected; /* where the next line begins */
    bool whole;
};

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

static bool head_is_sound(struct front_exchange *x, struct framing *f, const char *method,
                          const char *version)
{
    framing_begin(f, slice_of(method), whole_target(x), slice_of(version));
    struct layout l = {.framing = f, .expected = version + strlen(version) + 2, .whole = true};
    (void)MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, layout_step, &l);
    bool good = framing_end(f);
    if (!x->h->accounts_for_bytes || !good)
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

static enum err decode_arguments(struct front_exchange *x, struct slice query, char *memory)
{
    x->arguments = calloc(HTTP_MHD_QUERY_MAX, sizeof *x->arguments);
    if (x->arguments == NULL)
        return ERR_FULL;
    while (query.len > 0 && x->argument_count < HTTP_MHD_QUERY_MAX) {
        struct slice value;
        struct slice name = slice_cut(slice_cut(query, '&', &query), '=', &value);
        struct argument *a = &x->arguments[x->argument_count++];
        a->name.ptr = memory;
        if (framing_decode(name, true, memory, &a->name.len) != ERR_OK)
            return ERR_INPUT;
        memory += name.len;
        a->value.ptr = memory;
        if (framing_decode(value, true, memory, &a->value.len) != ERR_OK)
            return ERR_INPUT;
        memory += value.len;
    }
    return ERR_OK;
}

static enum err decode_target(struct front_exchange *x, struct slice *out_path)
{
    struct slice raw = whole_target(x);
    struct framing_target t;
    framing_split_target(raw, &t);
    *out_path = t.path;
    if (t.query.len == 0 && memchr(t.path.ptr, '%', t.path.len) == NULL)
        return ERR_OK;
    x->decoded = malloc(raw.len + 1);
    if (x->decoded == NULL)
        return ERR_FULL;
    out_path->ptr = x->decoded;
    enum err e = framing_decode(t.path, false, x->decoded, &out_path->len);
    return e == ERR_OK ? decode_arguments(x, t.query, x->decoded + t.path.len) : e;
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
static enum MHD_Result begin(struct front_exchange *x, const char *method, const char *version)
{
    struct framing f;
    struct slice path = {0};
    enum err e = ERR_OK;
    bool sound = head_is_sound(x, &f, method, version);
    if (sound)
        e = decode_target(x, &path);
    x->has_body = f.chunked || f.length > 0;
    x->stage = STAGE_BODY;
    if (!sound) {
        refuse(x, f.status, f.code, f.error);
    } else if (e == ERR_INPUT) {
        refuse(x, 400, "malformed", "The path or an argument is not percent-encoded properly.");
    } else if (e != ERR_OK) {
        refuse(x, 503, "busy", "There is no memory left; try again later.");
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
        (void)x->h->handler.head(x->h->handler.ctx, x, &head, &x->user);
    }
    bool refused = !x->in_handler;
    if (!attend(x) || !(x->has_body || refused))
        return MHD_YES;
    /* The library ends the connection after an answer that comes before the body. */
    x->linger = true;
    return queue_answer(x);
}

/* The request is complete, or was resumed while waiting for its answer. */
static enum MHD_Result complete(struct front_exchange *x)
{
    if (x->stage == STAGE_BODY) {
        x->stage = STAGE_WHOLE;
        if (!warden_enter(&x->mark, WARDEN_HANDLER))
            return MHD_NO;
        if (!attend(x))
            x->h->handler.finish(x->h->handler.ctx, x, x->user);
    }
    while (!attend(x)) {
        if (park(x))
            return MHD_YES;
        if (atomic_load(&x->h->stopping))
            return MHD_NO;
    }
    return queue_answer(x);
}

/* An answer was given before the whole body came. */
static enum MHD_Result discard(struct front_exchange *x, size_t *size)
{
    if (x->no_memory || !warden_keep(&x->mark, WARDEN_BODY))
        return MHD_NO;
    x->linger = true;
    if (!x->h->tls && x->reply->source.read == NULL) {
        write_answer(x);
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

static enum MHD_Result take_body(struct front_exchange *x, const char *data, size_t *size)
{
    if (!warden_keep(&x->mark, WARDEN_BODY))
        return MHD_NO;
    while (!attend(x)) {
        size_t took = x->h->handler.body(x->h->handler.ctx, x, x->user, data, *size);
        assert(took <= *size);
        warden_moved(&x->mark, took);
        data += took;
        *size -= took;
        if (*size == 0)
            return MHD_YES;
        (void)warden_enter(&x->mark, WARDEN_HANDLER);
        if (park(x))
            return MHD_YES;
        if (atomic_load(&x->h->stopping) || !warden_enter(&x->mark, WARDEN_BODY))
            return MHD_NO;
    }
    return discard(x, size);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    struct front_exchange *x = *context;
    (void)cls;
    (void)connection;
    (void)url;
    if (x == NULL || atomic_load(&x->h->stopping))
        return MHD_NO;
    switch (x->stage) {
    case STAGE_LINE: return begin(x, method, version);
    case STAGE_BODY: return *size > 0 ? take_body(x, data, size) : complete(x);
    case STAGE_WHOLE: return complete(x);
    case STAGE_NONE:
    case STAGE_QUEUED: break;
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
    x->stage = STAGE_LINE;
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
    (void)attend(x); /* whoever woke us up has let go of the lock */
    if (x->stage == STAGE_QUEUED && why == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        x->sent = true;
    if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK && why != MHD_REQUEST_TERMINATED_CLIENT_ABORT &&
        why != MHD_REQUEST_TERMINATED_READ_ERROR)
        x->linger = true;
    if (x->in_handler)
        h->handler.gone(h->handler.ctx, x, x->user, x->sent);
    free_reply(h, x->reply);
    free(x->decoded);
    free(x->target_copy);
    free(x->arguments);
    x->reply = NULL;
    x->decoded = x->target_copy = NULL;
    x->arguments = NULL;
    x->argument_count = 0;
    x->stage = STAGE_NONE;
    x->in_handler = x->sent = x->answered = x->no_memory = false;
    x->discarded = 0;
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
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    assert(fd != NULL);
    *context = x;
    if (x == NULL)
        return; /* its requests are refused */
    x->h = h;
    x->connection = connection;
    (void)pthread_mutex_init(&x->lock, NULL);
    if (address != NULL)
        peer_text(address->client_addr, x->peer, sizeof x->peer);
    warden_add(h->warden, &x->mark, fd->connect_fd, h->tls);
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
        warden_remove(h->warden, &x->mark, x->linger || unread > 0);
        atomic_fetch_sub(&h->connections, 1);
        (void)pthread_mutex_destroy(&x->lock);
        free(x);
        *context = NULL;
    }
}

static void on_log(void *cls, const char *format, va_list list)
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

/* ---- what the handler may ask ---- */

struct slice front_header(const struct front_exchange *x, const char *name)
{
    struct slice value = {0};
    if (MHD_lookup_connection_value_n(x->connection, MHD_HEADER_KIND, name, strlen(name),
                                      &value.ptr, &value.len) != MHD_YES)
        return (struct slice){0};
    if (value.ptr == NULL)
        return (struct slice){"", 0};
    return slice_trim(value);
}

struct visit {
    void (*each)(void *arg, struct slice name, struct slice value);
    void *arg;
};

static enum MHD_Result visit_step(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    const struct visit *v = cls;
    (void)kind;
    struct slice text = {value != NULL ? value : "", value_len};
    v->each(v->arg, (struct slice){name, name_len}, slice_trim(text));
    return MHD_YES;
}

void front_each_header(const struct front_exchange *x,
                       void (*each)(void *arg, struct slice name, struct slice value), void *arg)
{
    struct visit v = {each, arg};
    (void)MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, visit_step, &v);
}

struct slice front_query(const struct front_exchange *x, const char *name)
{
    for (size_t i = 0; i < x->argument_count; i++) {
        if (slice_eq(x->arguments[i].name, slice_of(name)))
            return x->arguments[i].value;
    }
    return (struct slice){0};
}

/* ---- open and close ---- */

static enum err open_sockets(struct http_mhd *h, const struct http_mhd_options *o)
{
    if (o->listen_fd > 0) {
        h->listen_fds[h->count++] = o->listen_fd;
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
    if (h->tls) {
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
    o.connection_bytes = o.connection_bytes != 0 ? o.connection_bytes : 8192;
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
        e = warden_open(&w, &h->warden);
    if (e == ERR_OK)
        e = pump_open(o->source_threads, o->source_buffers, &h->pump);
    for (size_t i = 0; i < h->count && e == ERR_OK; i++) {
        h->daemons[i] = start_daemon(h, o, h->listen_fds[i]);
        if (h->daemons[i] == NULL) {
            log_line(LOG_LEVEL_ERROR, "the HTTP server does not start%s",
                     h->tls ? "; are certificate and key a pair?" : "");
            e = h->tls ? ERR_INPUT : ERR_IO;
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
    h->handler = *handler;
    h->tls = o.tls_cert_pem != NULL && o.tls_key_pem != NULL;
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
        if (h->listen_fds[i] >= 0)
            (void)close(h->listen_fds[i]);
        h->listen_fds[i] = -1;
    }
}

static void wake_parked(void *arg, struct warden_mark *mark)
{
    (void)arg;
    unpark((struct front_exchange *)mark);
}

void http_mhd_close(struct http_mhd *h)
{
    if (h == NULL)
        return;
    http_mhd_stop_listening(h);
    /* In this order nothing stays suspended: who parks from now on sees `stopping`. */
    atomic_store(&h->stopping, true);
    if (h->warden != NULL)
        warden_each(h->warden, wake_parked, NULL);
    for (size_t i = 0; i < h->count; i++) {
        if (h->daemons[i] != NULL)
            MHD_stop_daemon(h->daemons[i]);
    }
    pump_close(h->pump);
    warden_close(h->warden);
    free(h);
}
