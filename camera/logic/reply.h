/* camera/logic/reply.h - reads one HTTP/1.x response as it arrives (RFC 9112).
 *
 * Interim responses (1xx) are read over. The first REPLY_BODY_KEEP_MAX bytes of the body are kept.
 * A response that ends before its stated length is not a response: BAD. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

enum {
    REPLY_LINE_MAX = 512,       /* bytes of a status line or field line; longer ones are skipped */
    REPLY_HEAD_MAX = 16 * 1024, /* bytes of all heads together */
    REPLY_BODY_KEEP_MAX = 768,  /* bytes of the body kept: a relay's answer is about 300 */
    REPLY_BODY_MAX = 1024 * 1024, /* a longer body is read no further: the connection is not kept */
};

enum reply_state {
    REPLY_MORE, /* feed the next bytes */
    REPLY_DONE,
    REPLY_BAD, /* not HTTP, or broken off; stays BAD */
};

/* The caller owns the memory and reads the fields marked so, once DONE. */
struct reply {
    unsigned status;                /* read: 200..999 */
    bool keep_alive;                /* read: the connection can carry another request */
    bool has_retry_after;           /* read: */
    char retry_after[40];           /* read: the value as sent, if has_retry_after */
    char date[40];                  /* read: the value as sent, or "" */
    char body[REPLY_BODY_KEEP_MAX]; /* read: the first body_kept bytes */
    size_t body_kept;               /* read: */
    bool body_cut;                  /* read: the body was longer than what was kept */
    bool head_done;                 /* read also before DONE: `status` is final */
    enum reply_state state;
    uint8_t step;
    uint8_t framing;
    bool length_set;
    bool http_1_0;
    bool close_asked;
    bool keep_asked;
    bool line_skipped;
    bool any; /* at least one byte came */
    uint64_t left;
    uint64_t body_bytes;
    uint32_t head_bytes;
    uint32_t line_len;
    char line[REPLY_LINE_MAX];
};

void reply_init(struct reply *r);

/* `*out_used` may be less than `len` only when it is DONE or BAD. */
enum reply_state reply_feed(struct reply *r, const char *data, size_t len, size_t *out_used);

/* The peer closed the connection. */
enum reply_state reply_end(struct reply *r);
