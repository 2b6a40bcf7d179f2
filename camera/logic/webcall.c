#include "camera/logic/webcall.h"

#include <assert.h>

void webcall_init(struct webcall *w, const struct stream *stream, uint8_t *piece,
                  uint32_t piece_cap)
{
    assert(piece_cap > 0);
    *w = (struct webcall){.stream = stream, .piece = piece, .piece_cap = piece_cap};
}

static uint32_t whole_bytes(const struct webcall *w)
{
    return (uint32_t)(w->request.lead.len + w->request.trail.len) + w->request.body_bytes;
}

static void hang_up(struct webcall *w)
{
    w->stream->close(w->stream->ctx);
    w->connected = false;
}

static enum webcall_state fail(struct webcall *w, enum webcall_cause cause)
{
    hang_up(w);
    w->cause = cause;
    w->wake = deadline_never();
    return w->state = WEBCALL_FAILED;
}

static void connect_anew(struct webcall *w, struct mono now)
{
    w->reused = false;
    w->connected = false;
    w->sent_bytes = 0;
    w->piece_len = 0;
    reply_init(&w->reply);
    w->step = deadline_in(now, w->limits.connect_ms);
    w->state = WEBCALL_CONNECTING;
    if (w->stream->open(w->stream->ctx, &w->request.target) != ERR_OK)
        (void)fail(w, WEBCALL_NO_CONNECTION); /* the state says it */
}

void webcall_begin(struct webcall *w, const struct webcall_request *request,
                   const struct webcall_limits *limits, struct mono now)
{
    assert(w->state == WEBCALL_IDLE || w->state == WEBCALL_ANSWERED || w->state == WEBCALL_FAILED);
    w->request = *request;
    w->limits = *limits;
    w->total = deadline_in(now, limits->total_ms);
    w->wants_write = true;
    w->wake = deadline_in(now, 0);
    if (!w->connected) {
        connect_anew(w, now);
        return;
    }
    w->reused = true;
    w->sent_bytes = 0;
    w->piece_len = 0;
    reply_init(&w->reply);
    w->step = deadline_in(now, limits->stall_ms);
    w->state = WEBCALL_SENDING;
}

/* The connection ended without an answer. A kept one may have been closed by the peer before our
 * request reached it (RFC 9110 9.3.1, 9112 9.3.1): then a new one deserves the first try. */
static enum webcall_state cut_off(struct webcall *w, enum webcall_cause cause, struct mono now)
{
    if (!w->reused || w->reply.any)
        return fail(w, cause);
    hang_up(w);
    connect_anew(w, now);
    return w->state;
}

static enum webcall_state answered(struct webcall *w)
{
    bool whole = w->sent_bytes == whole_bytes(w);
    if (whole && w->reply.keep_alive && w->reply.state == REPLY_DONE)
        w->connected = true;
    else
        hang_up(w);
    w->wake = deadline_never();
    return w->state = WEBCALL_ANSWERED;
}

/* Reads what is there. Stays in its state when that was not a whole answer yet. */
static enum webcall_state hear(struct webcall *w, struct mono now)
{
    for (;;) {
        char bytes[256];
        size_t len = 0, used = 0;
        bool end = false;
        enum err e = w->stream->read(w->stream->ctx, bytes, sizeof bytes, &len, &end);
        if (e != ERR_OK)
            return cut_off(w, WEBCALL_CUT, now);
        enum reply_state r = reply_feed(&w->reply, bytes, len, &used);
        if (r == REPLY_MORE && end)
            r = w->reply.any ? reply_end(&w->reply) : REPLY_MORE;
        if (r == REPLY_DONE) {
            if (used < len)
                w->reply.keep_alive = false; /* more than one answer: not a peer to go on with */
            return answered(w);
        }
        if (r == REPLY_BAD)
            return fail(w, end ? WEBCALL_CUT : WEBCALL_NOT_HTTP);
        if (end)
            return cut_off(w, WEBCALL_CUT, now);
        if (len == 0)
            return w->state;
    }
}

/* Fills the piece with file bytes from `offset` of the file. */
static enum err fetch_piece(struct webcall *w, uint32_t offset)
{
    uint32_t left = w->request.body_bytes - offset;
    uint32_t n = left < w->piece_cap ? left : w->piece_cap;
    enum err e = w->request.read(w->request.read_ctx, offset, w->piece, n);
    w->piece_at = offset;
    w->piece_len = e == ERR_OK ? n : 0;
    return e;
}

/* The next bytes to send; empty when all are out. */
static enum err next_bytes(struct webcall *w, struct slice *out)
{
    const struct webcall_request *q = &w->request;
    uint32_t lead = (uint32_t)q->lead.len, at = w->sent_bytes;
    if (at < lead) {
        *out = (struct slice){q->lead.ptr + at, lead - at};
        return ERR_OK;
    }
    at -= lead;
    if (at < q->body_bytes) {
        if (at < w->piece_at || at >= w->piece_at + w->piece_len || w->piece_len == 0) {
            enum err e = fetch_piece(w, at);
            if (e != ERR_OK)
                return e;
        }
        uint32_t in_piece = at - w->piece_at;
        *out = (struct slice){(const char *)w->piece + in_piece, w->piece_len - in_piece};
        return ERR_OK;
    }
    at -= q->body_bytes;
    *out = (struct slice){q->trail.ptr + at, q->trail.len - at};
    return ERR_OK;
}

static void await_reply(struct webcall *w, uint32_t ms, struct mono now)
{
    w->state = WEBCALL_WAITING;
    w->wants_write = false;
    w->step = deadline_in(now, ms);
}

static enum webcall_state send(struct webcall *w, struct mono now)
{
    while (w->state == WEBCALL_SENDING) {
        /* An answer while we still speak: a refusal, or the kept connection is gone. */
        if (hear(w, now) != WEBCALL_SENDING)
            return w->state;
        struct slice bytes;
        if (next_bytes(w, &bytes) != ERR_OK)
            return fail(w, WEBCALL_UNREADABLE);
        if (bytes.len == 0) {
            await_reply(w, w->limits.reply_ms, now);
            return w->state;
        }
        size_t n = 0;
        if (w->stream->write(w->stream->ctx, bytes.ptr, bytes.len, &n) != ERR_OK) {
            await_reply(w, WEBCALL_DRAIN_MAX_MS, now);
            return hear(w, now);
        }
        if (n == 0)
            return w->state;
        w->sent_bytes += (uint32_t)n;
        w->step = deadline_in(now, w->limits.stall_ms);
    }
    return w->state;
}

static enum webcall_state finish_connect(struct webcall *w, struct mono now)
{
    bool ready = false;
    if (w->stream->ready(w->stream->ctx, &ready) != ERR_OK)
        return fail(w, WEBCALL_NO_CONNECTION);
    if (ready) {
        w->state = WEBCALL_SENDING;
        w->step = deadline_in(now, w->limits.stall_ms);
    }
    return w->state;
}

static bool is_over(const struct webcall *w)
{
    return w->state == WEBCALL_IDLE || w->state == WEBCALL_ANSWERED || w->state == WEBCALL_FAILED;
}

enum webcall_state webcall_step(struct webcall *w, struct mono now)
{
    if (w->state == WEBCALL_CONNECTING)
        (void)finish_connect(w, now); /* the state says it */
    if (w->state == WEBCALL_SENDING)
        (void)send(w, now);
    if (w->state == WEBCALL_WAITING)
        (void)hear(w, now);
    if (is_over(w))
        return w->state;
    if (deadline_passed(w->total, now) || deadline_passed(w->step, now))
        return fail(w, w->state == WEBCALL_CONNECTING ? WEBCALL_NO_CONNECTION : WEBCALL_LATE);
    w->wants_write = w->state != WEBCALL_WAITING;
    w->wake = deadline_earlier(w->total, w->step);
    return w->state;
}

void webcall_abort(struct webcall *w)
{
    hang_up(w);
    w->state = WEBCALL_IDLE;
    w->wake = deadline_never();
}

const char *webcall_cause_text(enum webcall_cause cause)
{
    switch (cause) {
    case WEBCALL_NO_CONNECTION: return "no connection";
    case WEBCALL_CUT: return "the connection broke off before the answer";
    case WEBCALL_LATE: return "the relay was too slow";
    case WEBCALL_NOT_HTTP: return "the answer was not HTTP";
    case WEBCALL_UNREADABLE: return "the photo could not be read back";
    }
    return "unknown";
}
