/* relay/logic/ports/front.h - HTTP as the relay sees it: requests come in pieces, answers go out
 * once.
 *
 * The port owns sockets, framing, limits of head and idle time, and refuses by itself what is not
 * proper HTTP/1.x (RFC 9112): two Content-Lengths, Content-Length with Transfer-Encoding, codings
 * other than chunked, folded headers, blanks in header names. What passes is handed to the handler.
 *
 * Threads: `head`, `body`, `finish` and `gone` of one exchange come from one network thread, in
 * that order, never two at once, and must not wait for a disk, a lock held over I/O, or a database.
 * front_answer() and front_resume() may be called from any thread until `gone` came. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum { FRONT_HEADERS_MAX = 16 };

enum front_method {
    FRONT_GET,
    FRONT_HEAD,
    FRONT_POST,
    FRONT_PUT,
    FRONT_DELETE,
    FRONT_OPTIONS,
    FRONT_OTHER,
};

struct front_exchange; /* the port's */

struct front_head {
    enum front_method method;
    struct slice method_text;
    struct slice path; /* percent-decoded, no query; starts with '/'; may hold any byte but NUL */
    bool has_length;
    uint64_t length; /* of the body, if has_length */
    bool chunked;
    bool expects_continue; /* "Expect: 100-continue": answering in `head` refuses before the body */
    struct slice peer;     /* address as text */
};

/* Header of the current request, any case; empty slice (ptr NULL) if absent. For repeated fields
 * the first. Borrowed until `gone`. Only in calls from the network thread. */
struct slice front_header(const struct front_exchange *x, const char *name);
/* Calls `each` for every header. */
void front_each_header(const struct front_exchange *x,
                       void (*each)(void *arg, struct slice name, struct slice value), void *arg);
/* Query argument, percent-decoded; ptr NULL if absent. */
struct slice front_query(const struct front_exchange *x, const char *name);

/* A body that is pulled while it is sent. `read` runs on a worker of the port's own and may wait
 * for disks: fills up to `cap` bytes; 0 = the end. ERR_FULL: nothing to send now, ask again after
 * front_resume() (an endless body must not hold a worker). On another error the connection is
 * closed, so that nobody takes a part for the whole. */
struct front_source {
    void *ctx;
    enum err (*read)(void *ctx, void *out, size_t cap, size_t *out_len);
    void (*close)(void *ctx); /* called once, also when nothing was read; may come after `gone` */
};

struct front_header_line {
    const char *name;  /* static text */
    const char *value; /* copied */
};

struct front_reply {
    unsigned status;
    const char *content_type; /* static text; NULL: no body and no type */
    struct front_header_line headers[FRONT_HEADERS_MAX];
    size_t header_count;
    const void *body; /* copied unless body_is_static */
    size_t body_len;
    bool body_is_static;
    struct front_source source; /* used if .read is set, instead of body */
    bool has_source_length;     /* without one the body goes out chunked (or till close, 1.0) */
    uint64_t source_length;
    bool head_only; /* HEAD: send the length, not the body */
    bool close;     /* close the connection after it */
};

enum front_want {
    FRONT_WANT_BODY, /* go on: body pieces, then finish */
    FRONT_ANSWERED, /* front_answer() was called; the rest of the body is discarded within limits */
};

struct front_handler {
    void *ctx;
    /* A request begins. `*out_user` is handed to the other calls. */
    enum front_want (*head)(void *ctx, struct front_exchange *x, const struct front_head *h,
                            void **out_user);
    /* A piece of the body. Answers how many bytes it took; fewer than `len` parks the exchange
     * until front_resume(), then the rest comes again. Not called once front_answer() was. */
    size_t (*body)(void *ctx, struct front_exchange *x, void *user, const void *data, size_t len);
    /* The body is complete and well framed. The answer may come at once or later. */
    void (*finish)(void *ctx, struct front_exchange *x, void *user);
    /* The exchange is over: answered and sent (`sent`), or the peer left, or the server stops. */
    void (*gone)(void *ctx, struct front_exchange *x, void *user, bool sent);
};

/* Gives the one answer of this exchange. The first call wins, later ones are ignored (and their
 * source closed). Everything in `reply` is copied before it returns, but the source. */
void front_answer(struct front_exchange *x, const struct front_reply *reply);

/* Lets a parked exchange go on. Harmless if it is not parked. */
void front_resume(struct front_exchange *x);
