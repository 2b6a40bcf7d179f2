#include "relay/port/exchange_mhd.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "lib/port/log.h"
#include "relay/port/reply.h"

enum {
    EXCHANGE_SEND_BYTES = 16 * 1024, /* what the library holds of a body from a source */
    EXCHANGE_HEAD_OUT_MAX = 4096,    /* a head written by ourselves */
};

/* ---- parking: a race between "nothing to do" and "go on" must not lose the second ---- */

void exchange_unpark(struct front_exchange *x)
{
    (void)pthread_mutex_lock(&x->lock);
    x->called = true;
    if (x->parked) {
        x->parked = false;
        MHD_resume_connection(x->connection);
    }
    (void)pthread_mutex_unlock(&x->lock);
}

/* Calls from here on count. Answers whether the exchange has its answer. */
bool exchange_attend(struct front_exchange *x)
{
    (void)pthread_mutex_lock(&x->lock);
    x->called = false;
    bool answered = x->answered;
    (void)pthread_mutex_unlock(&x->lock);
    return answered;
}

/* True: suspended. False: somebody called meanwhile, or the server stops: look again. */
bool exchange_park(struct front_exchange *x)
{
    bool stays = false;
    (void)pthread_mutex_lock(&x->lock);
    if (!x->called && !atomic_load(&x->ground->stopping)) {
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
        exchange_unpark(x);
}

/* A source that nobody will read is closed where it may wait for a disk. */
static void drop_source(struct pump *pump, const struct front_source *source)
{
    struct pump_flow *flow = NULL;
    if (source->read != NULL && pump_flow_open(pump, source, NULL, NULL, &flow) == ERR_OK)
        pump_flow_close(flow);
}

static void free_reply(struct pump *pump, struct front_reply *reply)
{
    if (reply != NULL)
        drop_source(pump, &reply->source);
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
        exchange_unpark(x);
    else
        free_reply(x->ground->pump, reply);
}

void front_answer(struct front_exchange *x, const struct front_reply *reply)
{
    struct front_reply *copy = reply_copy(reply);
    if (copy == NULL)
        drop_source(x->ground->pump, &reply->source);
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
        (void)exchange_attend(x);
        if (!warden_keep(&x->mark, WARDEN_ANSWER))
            return MHD_CONTENT_READER_END_WITH_ERROR;
        switch (pump_flow_take(x->flow, out, cap, &len)) {
        case PUMP_BYTES:
            x->source_left -= x->source_left > len ? len : x->source_left;
            return (ssize_t)len;
        case PUMP_END:
            /* Less than was promised must not look complete. */
            return x->source_left == 0 ? MHD_CONTENT_READER_END_OF_STREAM
                                       : MHD_CONTENT_READER_END_WITH_ERROR;
        case PUMP_FAILED: return MHD_CONTENT_READER_END_WITH_ERROR;
        case PUMP_LATER: break;
        }
        (void)warden_enter(&x->mark, WARDEN_HANDLER);
        if (exchange_park(x))
            return 0;
        if (atomic_load(&x->ground->stopping))
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

static void wake(void *arg)
{
    exchange_unpark(arg);
}

static struct MHD_Response *response_from_source(struct front_exchange *x, uint64_t size)
{
    struct pump_flow *flow = NULL;
    struct front_source source = x->reply->source;
    x->reply->source = (struct front_source){0};
    if (source.read != NULL && pump_flow_open(x->ground->pump, &source, wake, x, &flow) != ERR_OK)
        return NULL;
    (void)pthread_mutex_lock(&x->lock);
    x->flow = flow;
    (void)pthread_mutex_unlock(&x->lock);
    x->source_left = size == MHD_SIZE_UNKNOWN ? 0 : size;
    struct MHD_Response *r =
        MHD_create_response_from_callback(size, EXCHANGE_SEND_BYTES, pull, x, end_flow);
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
enum MHD_Result exchange_queue(struct front_exchange *x)
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
        x->stage = EXCHANGE_QUEUED;
    return good;
}

/* In the middle of a body the library takes no answer. It is short and nothing else was sent, so it
 * fits into the socket at once. */
void exchange_write(struct front_exchange *x)
{
    char memory[EXCHANGE_HEAD_OUT_MAX];
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

void exchange_refuse(struct front_exchange *x, unsigned status, const char *code, const char *error)
{
    log_line(LOG_LEVEL_DEBUG, "request refused peer=%s status=%u why=\"%s\"", x->peer, status,
             error);
    answer_with(x, reply_refusal(status, code, error));
}

void exchange_reset(struct front_exchange *x)
{
    free_reply(x->ground->pump, x->reply);
    free(x->decoded);
    free(x->target_copy);
    x->reply = NULL;
    x->decoded = NULL;
    x->target_copy = NULL;
    x->stage = EXCHANGE_NONE;
    x->in_handler = x->has_body = x->sent = x->answered = x->no_memory = false;
    x->user = NULL;
    x->discarded = 0;
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

/* NOLINTNEXTLINE(readability-function-size): the library's parameters */
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
    return x->decoded != NULL ? target_argument(x->decoded, slice_of(name)) : (struct slice){0};
}
