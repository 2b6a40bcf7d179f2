#include "lib/wire/websocket.h"

#include <assert.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/sha1.h"

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    MASKED = 0x80,
    OPCODE = 0x0F,
    LEN_16 = 126,
    LEN_64 = 127,
    CONTINUATION = 0,
    PROTOCOL_ERROR = 1002,
    TOO_BIG = 1009,
    KEY_LEN = 24,
};

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool websocket_accept(struct slice key, char out[WEBSOCKET_ACCEPT_LEN + 1])
{
    uint8_t nonce[18];
    size_t nonce_len;
    if (key.len != KEY_LEN || !base64_read(key, nonce, sizeof nonce, &nonce_len) || nonce_len != 16)
        return false;
    char text[KEY_LEN + sizeof guid];
    memcpy(text, key.ptr, KEY_LEN);
    memcpy(text + KEY_LEN, guid, sizeof guid);
    uint8_t digest[SHA1_BYTES];
    sha1_digest(text, sizeof text - 1, digest);
    base64_write(digest, sizeof digest, out);
    return true;
}

size_t websocket_write_head(enum websocket_opcode op, size_t len,
                            uint8_t out[WEBSOCKET_HEAD_BYTES_MAX])
{
    assert(len <= UINT16_MAX);
    out[0] = (uint8_t)(FIN | op);
    if (len < LEN_16) {
        out[1] = (uint8_t)len;
        return 2;
    }
    out[1] = LEN_16;
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)len;
    return 4;
}

static enum websocket_event bad(struct websocket *w, uint16_t code)
{
    w->close_code = code;
    return WEBSOCKET_BAD;
}

static size_t head_size(const struct websocket *w)
{
    if (w->head_len < 2)
        return 2;
    unsigned kind = w->head[1] & 0x7F;
    return 2 + (kind == LEN_16 ? 2 : kind == LEN_64 ? 8 : 0) + 4; /* a client's frame has a mask */
}

static bool is_control(unsigned op)
{
    return op >= WEBSOCKET_CLOSE;
}

/* The first two bytes: what they may be depends on what went before. */
static bool opcode_fits(const struct websocket *w)
{
    unsigned op = w->head[0] & OPCODE;
    if ((w->head[0] & RESERVED) != 0 || (w->head[1] & MASKED) == 0)
        return false;
    if (is_control(op))
        return op <= WEBSOCKET_PONG && (w->head[0] & FIN) != 0 &&
               (w->head[1] & 0x7F) <= WEBSOCKET_CONTROL_MAX;
    if (op == CONTINUATION)
        return w->in_message;
    return (op == WEBSOCKET_TEXT || op == WEBSOCKET_BINARY) && !w->in_message;
}

static bool length_is_shortest(const struct websocket *w, uint64_t len)
{
    unsigned kind = w->head[1] & 0x7F;
    if (kind == LEN_16)
        return len >= LEN_16;
    return kind != LEN_64 || (len > UINT16_MAX && len <= INT64_MAX);
}

static enum websocket_event begin_payload(struct websocket *w)
{
    unsigned kind = w->head[1] & 0x7F;
    unsigned bytes = kind == LEN_16 ? 2 : kind == LEN_64 ? 8 : 0;
    uint64_t len = bytes == 0 ? kind : 0;
    for (unsigned i = 0; i < bytes; i++)
        len = len << 8 | w->head[2 + i];
    if (!length_is_shortest(w, len))
        return bad(w, PROTOCOL_ERROR);

    unsigned op = w->head[0] & OPCODE;
    if (!is_control(op)) {
        if (op != CONTINUATION) {
            w->message_op = (enum websocket_opcode)op;
            w->message_len = 0;
            w->in_message = true;
        }
        if (len > WEBSOCKET_MESSAGE_MAX - w->message_len)
            return bad(w, TOO_BIG);
    }
    w->left = len;
    w->done = 0;
    w->in_payload = true;
    return WEBSOCKET_MORE;
}

/* Behind the last byte of a frame. */
static enum websocket_event end_frame(struct websocket *w)
{
    unsigned op = w->head[0] & OPCODE;
    bool whole = (w->head[0] & FIN) != 0;
    w->in_payload = false;
    w->head_len = 0;
    if (is_control(op)) {
        w->op = (enum websocket_opcode)op;
        w->bytes = w->control;
        w->len = (size_t)w->done;
        return op == WEBSOCKET_CLOSE && w->len == 1 ? bad(w, PROTOCOL_ERROR) : WEBSOCKET_MESSAGE;
    }
    if (!whole)
        return WEBSOCKET_MORE;
    w->in_message = false;
    w->op = w->message_op;
    w->bytes = w->message;
    w->len = w->message_len;
    return WEBSOCKET_MESSAGE;
}

static void take_byte(struct websocket *w, uint8_t byte)
{
    const uint8_t *mask = w->head + head_size(w) - 4;
    byte ^= mask[w->done % 4];
    if (is_control(w->head[0] & OPCODE))
        w->control[w->done] = byte;
    else
        w->message[w->message_len++] = byte;
    w->done++;
    w->left--;
}

static enum websocket_event take_head(struct websocket *w, uint8_t byte)
{
    w->head[w->head_len++] = byte;
    if (w->head_len == 2 && !opcode_fits(w))
        return bad(w, PROTOCOL_ERROR);
    return w->head_len == head_size(w) ? begin_payload(w) : WEBSOCKET_MORE;
}

enum websocket_event websocket_feed(struct websocket *w, const void *data, size_t len,
                                    size_t *out_used)
{
    const uint8_t *p = data;
    *out_used = 0;
    while (w->close_code == 0 && *out_used < len) {
        uint8_t byte = p[(*out_used)++];
        enum websocket_event e = WEBSOCKET_MORE;
        if (w->in_payload)
            take_byte(w, byte);
        else
            e = take_head(w, byte);
        if (e == WEBSOCKET_MORE && w->in_payload && w->left == 0)
            e = end_frame(w);
        if (e != WEBSOCKET_MORE)
            return e;
    }
    return w->close_code != 0 ? WEBSOCKET_BAD : WEBSOCKET_MORE;
}
