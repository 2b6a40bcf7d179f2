#include "audio/logic/visitor.h"

#include <assert.h>
#include <string.h>

#include "audio/logic/order.h"
#include "audio/logic/visitor_reply.h"

void visitor_open(struct visitor *v, struct studio *studio, struct mono now)
{
    memset(v, 0, sizeof *v);
    v->studio = studio;
    v->state = VISITOR_HEAD;
    v->patience = deadline_in(now, VISITOR_HEAD_MS);
}

static void count_lost(struct visitor *v)
{
    v->studio->lost += v->stream.reader.lost - v->lost_told;
    v->lost_told = v->stream.reader.lost;
}

static void begin_listening(struct visitor *v, struct mono now)
{
    enum ask_route route = v->ask.route;
    enum audioframe_codec codec = v->ask.codec;
    bool is_socket = route == ASK_SOCKET;
    enum stream_form form = is_socket ? STREAM_WEBSOCKET : STREAM_LITTLE;
    if (route == ASK_L16)
        form = STREAM_BIG;
    bool from_the_past = v->studio->listeners > 0 && route != ASK_RECORDING && !is_socket;
    studio_enter(v->studio);
    v->listens = true;
    stream_open(&v->stream, v->studio->chain->tape, form, v->studio->block,
                from_the_past ? VISITOR_LEAD_SAMPLES : 0);
    v->stream.codec = codec;
    if (is_socket) /* it lies where the request lay */
        v->socket = (struct websocket){0};
    v->state = is_socket ? VISITOR_SOCKET : VISITOR_PLAYING;
    v->patience = deadline_never();
    v->ping = deadline_in(now, VISITOR_PING_MS);
}

static void begin_answer(struct visitor *v, struct mono now)
{
    struct buf out;
    bool plays;
    buf_init(&out, v->memory, sizeof v->memory);
    visitor_reply(v, &out, &plays);
    assert(!out.overflowed);
    v->used = out.len;
    v->at = 0;
    v->studio->served++;
    v->state = VISITOR_ANSWERING;
    v->patience = deadline_in(now, VISITOR_STALL_MS);
    if (plays)
        begin_listening(v, now);
}

/* The memory held the head and takes the body from here on. */
static void end_head(struct visitor *v, struct mono now)
{
    char scratch[VISITOR_MEMORY_BYTES];
    ask_read(&v->ask, (struct slice){(const char *)v->memory, v->used}, scratch, v->studio);
    v->used = 0;
    if (v->ask.status != 0 || v->ask.body_len == 0) {
        begin_answer(v, now);
        return;
    }
    v->state = VISITOR_BODY;
    if (v->ask.expects_continue) {
        /* A client that waits for this would wait in vain otherwise; the body is tiny. */
        v->ask.status = 417;
        v->ask.error = "Send the settings at once, without Expect.";
        begin_answer(v, now);
    }
}

static void end_body(struct visitor *v, struct mono now)
{
    struct order order;
    enum err e = order_read((struct slice){(const char *)v->memory, v->used}, &order);
    if (e != ERR_OK) {
        v->ask.status = 400;
        v->ask.error = "Settings look like {\"op\":\"gain\",\"db\":6}, with -20 to 40 decibels.";
    } else {
        studio_set_gain(v->studio, order.gain_db);
    }
    begin_answer(v, now);
}

/* One byte of the request. */
static void take_byte(struct visitor *v, uint8_t byte, struct mono now)
{
    v->memory[v->used++] = byte;
    if (v->state == VISITOR_BODY) {
        if (v->used == v->ask.body_len)
            end_body(v, now);
        return;
    }
    const uint8_t *end = v->memory + v->used;
    bool lf = byte == '\n' && v->used >= 2 && end[-2] == '\n';
    bool crlf = byte == '\n' && v->used >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0;
    if (lf || crlf) {
        end_head(v, now);
    } else if (v->used == sizeof v->memory) {
        v->ask = (struct ask){.status = 431, .error = "The head of the request is too long."};
        begin_answer(v, now);
    }
}

static void hang_up(struct visitor *v, uint16_t code)
{
    v->closing = true;
    v->has_pong = true; /* the place of the pong serves the last frame too */
    v->pong[0] = (uint8_t)(code >> 8);
    v->pong[1] = (uint8_t)code;
    v->pong_len = 2;
}

static void hear(struct visitor *v)
{
    const struct websocket *w = &v->socket;
    struct order order;
    v->pings_missed = 0;
    switch (w->op) {
    case WEBSOCKET_TEXT:
        if (order_read((struct slice){(const char *)w->bytes, w->len}, &order) == ERR_OK)
            studio_set_gain(v->studio, order.gain_db);
        break;
    case WEBSOCKET_BINARY:
    case WEBSOCKET_PONG: break;
    case WEBSOCKET_CLOSE: hang_up(v, 1000); break;
    case WEBSOCKET_PING:
        memcpy(v->pong, w->bytes, w->len);
        v->pong_len = (uint8_t)w->len;
        v->has_pong = true;
        break;
    }
}

static void take_socket(struct visitor *v, const uint8_t *p, size_t len)
{
    while (len > 0 && !v->closing) {
        size_t used;
        switch (websocket_feed(&v->socket, p, len, &used)) {
        case WEBSOCKET_MORE: break;
        case WEBSOCKET_MESSAGE: hear(v); break;
        case WEBSOCKET_BAD: hang_up(v, v->socket.close_code); break;
        }
        p += used;
        len -= used;
    }
}

void visitor_take(struct visitor *v, const void *data, size_t len, struct mono now)
{
    const uint8_t *p = data;
    size_t i = 0;
    while (i < len && (v->state == VISITOR_HEAD || v->state == VISITOR_BODY))
        take_byte(v, p[i++], now);
    if (v->state == VISITOR_SOCKET)
        take_socket(v, p + i, len - i);
}

void visitor_end(struct visitor *v)
{
    /* Half a request gets no answer; who shut its sending side down may still be reading. */
    if (v->state == VISITOR_HEAD || v->state == VISITOR_BODY || v->state == VISITOR_LINGERING ||
        v->state == VISITOR_SOCKET)
        v->state = VISITOR_DONE;
}

static void linger(struct visitor *v, struct mono now)
{
    v->state = VISITOR_LINGERING;
    v->patience = deadline_in(now, VISITOR_LINGER_MS);
}

/* Puts a pong, the last frame or a ping into the empty memory. */
static void say(struct visitor *v, enum websocket_opcode op, size_t len)
{
    v->used = websocket_write_head(op, len, v->memory);
    memcpy(v->memory + v->used, v->pong, len);
    v->used += len;
    v->has_pong = false;
}

static void play(struct visitor *v)
{
    size_t count = v->stream.block;
    if (v->state == VISITOR_PLAYING && v->left + v->skip < 2 * count)
        count = (size_t)(v->left + v->skip + 1) / 2;
    v->used = stream_next(&v->stream, v->studio->chain->tape, count, v->memory);
    count_lost(v);
    if (v->used == 0)
        return;
    v->studio->packets++;
    if (v->state == VISITOR_SOCKET)
        return;
    v->at = v->skip;
    v->skip = 0;
    if (v->used - v->at > v->left)
        v->used = v->at + (size_t)v->left;
    v->left -= v->used - v->at;
}

static void refill_socket(struct visitor *v, struct mono now)
{
    if (v->has_pong) {
        say(v, v->closing ? WEBSOCKET_CLOSE : WEBSOCKET_PONG, v->pong_len);
    } else if (v->closing) {
        linger(v, now);
    } else if (deadline_passed(v->ping, now)) {
        v->ping = deadline_in(now, VISITOR_PING_MS);
        if (v->pings_missed++ < VISITOR_PINGS_MAX)
            say(v, WEBSOCKET_PING, 0);
        else
            v->state = VISITOR_DONE;
    } else {
        play(v);
    }
}

static void refill(struct visitor *v, struct mono now)
{
    v->used = v->at = 0;
    switch (v->state) {
    case VISITOR_ANSWERING: linger(v, now); break;
    case VISITOR_PLAYING:
        if (v->left == 0)
            linger(v, now);
        else
            play(v);
        break;
    case VISITOR_SOCKET: refill_socket(v, now); break;
    case VISITOR_HEAD:
    case VISITOR_BODY:
    case VISITOR_LINGERING:
    case VISITOR_DONE: break;
    }
    if (v->used > 0)
        v->patience = deadline_in(now, VISITOR_STALL_MS);
}

struct slice visitor_give(struct visitor *v, struct mono now)
{
    if (v->state == VISITOR_HEAD || v->state == VISITOR_BODY || v->state == VISITOR_DONE)
        return (struct slice){NULL, 0};
    if (v->at == v->used && v->file_len == 0)
        refill(v, now);
    if (v->at < v->used)
        return (struct slice){(const char *)v->memory + v->at, v->used - v->at};
    return (struct slice){(const char *)v->file, v->file_len};
}

void visitor_gave(struct visitor *v, size_t len, struct mono now)
{
    if (len == 0)
        return;
    if (v->at < v->used) {
        assert(len <= v->used - v->at);
        v->at += len;
    } else {
        assert(len <= v->file_len);
        v->file += len;
        v->file_len -= len;
    }
    bool waits = v->at < v->used || v->file_len > 0;
    if (v->state == VISITOR_ANSWERING || waits)
        v->patience = deadline_in(now, VISITOR_STALL_MS);
    else if (v->state == VISITOR_PLAYING || v->state == VISITOR_SOCKET)
        v->patience = deadline_never();
}

bool visitor_is_lingering(const struct visitor *v)
{
    return v->state == VISITOR_LINGERING;
}

bool visitor_is_done(struct visitor *v, struct mono now)
{
    if (v->state != VISITOR_DONE && deadline_passed(v->patience, now)) {
        v->studio->stalled += v->listens && v->state != VISITOR_LINGERING;
        v->state = VISITOR_DONE;
    }
    return v->state == VISITOR_DONE;
}

void visitor_close(struct visitor *v)
{
    if (v->listens)
        studio_leave(v->studio);
    v->listens = false;
    v->state = VISITOR_DONE;
}
