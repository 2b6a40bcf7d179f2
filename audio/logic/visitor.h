/* audio/logic/visitor.h - one connection: reads its request, answers it, and if it asked for sound,
 * plays to it for as long as it takes it.
 *
 * No socket and no clock: bytes come in, bytes go out, time is an argument. One request a
 * connection; what is sent always fits the memory here. A visitor that does not finish its request
 * in 10 s, takes nothing for 5 s, or answers no ping is done with. */
#pragma once

#include "audio/logic/ask.h"
#include "audio/logic/stream.h"
#include "lib/base/buf.h"
#include "lib/pace/deadline.h"
#include "lib/wire/websocket.h"

enum {
    VISITOR_MEMORY_BYTES = 1280, /* a request's head, an answer's head with /stats, or a packet */
    VISITOR_HEAD_MS = 10000,
    VISITOR_STALL_MS = 5000,
    VISITOR_LINGER_MS = 1000, /* for the last bytes to arrive */
    VISITOR_PING_MS = 10000,
    VISITOR_PINGS_MAX = 2,       /* without an answer */
    VISITOR_LEAD_SAMPLES = 1600, /* of the past, so that a player starts at once */
};

enum visitor_state {
    VISITOR_HEAD,
    VISITOR_BODY,
    VISITOR_ANSWERING, /* what is in memory and the file behind it, then the end */
    VISITOR_PLAYING,   /* bytes of sound, `left` of them */
    VISITOR_SOCKET,
    VISITOR_LINGERING, /* everything is sent, our side is closed */
    VISITOR_DONE,
};

/* Touch no field. */
struct visitor {
    struct studio *studio; /* borrowed */
    enum visitor_state state;
    struct deadline patience; /* for the request, for being taken, for lingering */
    struct deadline ping;
    union {
        struct ask ask;          /* until the answer's head is written */
        struct websocket socket; /* in VISITOR_SOCKET and when that ends */
    };
    struct stream stream;
    const unsigned char *file; /* borrowed from the studio; behind what is in memory */
    size_t file_len;
    uint64_t left; /* bytes of sound still to be given */
    bool listens;  /* counted in the studio */
    bool closing;  /* the WebSocket's last frame is under way */
    uint8_t pings_missed;
    uint8_t skip; /* bytes of the next packet that stand before a range */
    uint8_t pong_len;
    bool has_pong;
    uint8_t pong[WEBSOCKET_CONTROL_MAX];
    uint32_t lost_told; /* of stream.reader.lost, already in the studio's number */
    size_t used;        /* bytes in memory */
    size_t at;          /* of them given out */
    uint8_t memory[VISITOR_MEMORY_BYTES];
};

void visitor_open(struct visitor *v, struct studio *studio, struct mono now);

/* Bytes the peer sent. */
void visitor_take(struct visitor *v, const void *data, size_t len, struct mono now);
/* The peer has closed its side. */
void visitor_end(struct visitor *v);

/* What should be sent now; empty: nothing. Borrowed until visitor_gave. */
struct slice visitor_give(struct visitor *v, struct mono now);
/* That many of those bytes are under way. */
void visitor_gave(struct visitor *v, size_t len, struct mono now);

/* Everything was sent: close our side, and go on reading. */
bool visitor_is_lingering(const struct visitor *v);
/* Close the connection. Then call visitor_close. */
bool visitor_is_done(struct visitor *v, struct mono now);
/* The connection is gone, for whatever reason. */
void visitor_close(struct visitor *v);
