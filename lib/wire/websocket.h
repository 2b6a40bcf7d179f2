/* lib/wire/websocket.h - the server's side of WebSocket framing (RFC 6455), without extensions.
 *
 * What a client sends is read byte by byte, as it comes; a message may lie in fragments with
 * control frames between them, and is bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

enum {
    WEBSOCKET_ACCEPT_LEN = 28,
    WEBSOCKET_HEAD_BYTES_MAX = 4, /* of what we send: 65535 bytes at most in one frame */
    WEBSOCKET_MESSAGE_MAX = 128,  /* what a client may say in one message */
    WEBSOCKET_CONTROL_MAX = 125,  /* RFC 6455 5.5 */
};

enum websocket_opcode {
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10,
};

/* Sec-WebSocket-Accept for the client's key (4.2.2). False: the key is not 16 bytes in base64. */
bool websocket_accept(struct slice key, char out[WEBSOCKET_ACCEPT_LEN + 1]);

/* The head of an unmasked, whole frame; answers its length, 2 or 4. `len` is at most 65535. */
size_t websocket_write_head(enum websocket_opcode op, size_t len,
                            uint8_t out[WEBSOCKET_HEAD_BYTES_MAX]);

enum websocket_event {
    WEBSOCKET_MORE,    /* all was used up */
    WEBSOCKET_MESSAGE, /* `op` (text, binary, ping, pong or close) with `bytes` of `len` */
    WEBSOCKET_BAD,     /* `close_code` says why; stays so */
};

/* Zeroed at the start of a connection. Fields marked so may be read. */
struct websocket {
    enum websocket_opcode op; /* read, at MESSAGE */
    const uint8_t *bytes;     /* read, at MESSAGE; until the next feed; not ended by NUL */
    size_t len;               /* read, at MESSAGE */
    uint16_t close_code;      /* read, at BAD: 1002 protocol error, 1009 too big */
    uint8_t head[14];
    uint8_t head_len;
    uint64_t left; /* of this frame's payload */
    uint64_t done;
    bool in_payload;
    bool in_message; /* a fragmented one has begun */
    enum websocket_opcode message_op;
    size_t message_len;
    uint8_t message[WEBSOCKET_MESSAGE_MAX];
    uint8_t control[WEBSOCKET_CONTROL_MAX];
};

enum websocket_event websocket_feed(struct websocket *w, const void *data, size_t len,
                                    size_t *out_used);
