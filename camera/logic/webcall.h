/* camera/logic/webcall.h - one HTTP/1.1 request with a long body over a stream that never waits.
 *
 * Step by step: every webcall_step() does what can be done now and says what to wait for. The body
 * goes out in pieces of the caller's buffer; its length was announced exactly and exactly that many
 * bytes follow. An answer that comes early ends the sending: its status counts, the connection is
 * closed. When a write fails, what the peer said before it closed is still read. A kept connection
 * that turns out dead before a byte of answer came is replaced by a new one, once, without a
 * failure. No step takes longer than the time limits together. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/ports/stream.h"
#include "camera/logic/reply.h"
#include "lib/base/slice.h"
#include "lib/pace/deadline.h"

enum { WEBCALL_DRAIN_MAX_MS = 2000 }; /* after a failed write, wait this long for an answer */

/* Milliseconds; each of them more than 0. */
struct webcall_limits {
    uint32_t connect_ms;
    uint32_t stall_ms; /* no byte could be sent for so long */
    uint32_t reply_ms; /* from the last byte sent to the whole answer */
    uint32_t total_ms; /* all of it */
};

struct webcall_request {
    struct stream_target target; /* host borrowed */
    struct slice lead;           /* borrowed: request line, fields, and what precedes the file */
    struct slice trail;          /* borrowed: what follows the file */
    uint32_t body_bytes;         /* of the file */
    enum err (*read)(void *ctx, uint32_t offset, void *out, size_t len);
    void *read_ctx;
};

enum webcall_state {
    WEBCALL_IDLE,
    WEBCALL_CONNECTING,
    WEBCALL_SENDING,
    WEBCALL_WAITING, /* for the answer */
    WEBCALL_ANSWERED,
    WEBCALL_FAILED,
};

/* Why it failed. */
enum webcall_cause {
    WEBCALL_NO_CONNECTION,
    WEBCALL_CUT,       /* closed or reset before a whole answer */
    WEBCALL_LATE,      /* one of the limits */
    WEBCALL_NOT_HTTP,  /* the answer is none */
    WEBCALL_UNREADABLE /* our own photo could not be read */
};

/* The caller owns the memory and reads the fields marked so. */
struct webcall {
    enum webcall_state state; /* read */
    enum webcall_cause cause; /* read, if FAILED */
    bool wants_write;         /* read: wake me when the stream can be written, too */
    struct deadline wake;     /* read: and at this time in any case */
    struct reply reply;       /* read, if ANSWERED */
    uint32_t sent_bytes;      /* read: of lead, file and trail */
    bool connected;           /* an open connection is being kept for the next request */
    const struct stream *stream;
    struct webcall_request request;
    struct webcall_limits limits;
    struct deadline total;
    struct deadline step;
    uint8_t *piece; /* borrowed: file bytes on their way */
    uint32_t piece_cap;
    uint32_t piece_at; /* offset in the whole of piece[0] */
    uint32_t piece_len;
    bool reused; /* this request goes over a kept connection */
};

/* `piece` is borrowed: the buffer through which the file goes, e.g. 4 KiB. */
void webcall_init(struct webcall *w, const struct stream *stream, uint8_t *piece,
                  uint32_t piece_cap);

/* Starts a request; allowed unless one is under way. */
void webcall_begin(struct webcall *w, const struct webcall_request *request,
                   const struct webcall_limits *limits, struct mono now);

/* Goes on as far as it can now. */
enum webcall_state webcall_step(struct webcall *w, struct mono now);

/* Ends whatever is under way and closes the connection. */
void webcall_abort(struct webcall *w);

/* A sentence for a person: why it failed. */
const char *webcall_cause_text(enum webcall_cause cause);
