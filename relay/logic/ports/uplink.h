/* relay/logic/ports/uplink.h - carrying photos to destinations, several at a time.
 *
 * The port opens connections, keeps them alive and reports what came back. Which status means what,
 * when to try again and what to send next is decided in relay/logic. One thread makes all calls but
 * `wake`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum {
    UPLINK_ANSWER_MAX =
        65536, /* bytes of an answer's body that are kept; the rest is read and dropped */
    UPLINK_HEADERS_MAX = 16,
    UPLINK_ERROR_MAX = 160,
};

struct uplink_header {
    char line[1024]; /* "Name: value" */
};

struct uplink_request {
    uint64_t id;                         /* the caller's; comes back with the result */
    const char *method;                  /* "POST", "GET", "PUT" */
    const char *url;                     /* copied */
    const struct uplink_header *headers; /* copied */
    size_t header_count;
    /* The body, sent with Content-Length: prefix, file, suffix. Nothing of it for GET. */
    const void *prefix; /* copied */
    size_t prefix_len;
    int fd;             /* -1: no file. Taken: closed by the port */
    uint64_t fd_len;    /* bytes of the file to send, from its start */
    const void *suffix; /* copied */
    size_t suffix_len;
    uint32_t connect_timeout_ms;
    uint32_t total_timeout_ms;
    uint32_t stall_timeout_ms; /* no byte in either direction for so long: given up */
    uint32_t answer_max;       /* bytes of the answer's body that are kept; 0 = UPLINK_ANSWER_MAX */
    bool tls_insecure;         /* only if the owner asked for it by name */
    const char *ca_file;       /* copied; NULL: the system's */
    const char *proxy;         /* copied; NULL: none. The environment is never asked. */
};

enum uplink_failure {
    UPLINK_ANSWERED,    /* a status came, and with a 2xx all of its body */
    UPLINK_UNREACHABLE, /* nothing of the body can have been taken: resolve, connect, TLS */
    UPLINK_AMBIGUOUS,   /* cut or timed out after the request began: the receiver may have it */
    UPLINK_LOCAL,       /* our own file could not be read to its end; the request was cut */
};

struct uplink_result {
    uint64_t id;
    enum uplink_failure failure;
    unsigned status; /* if ANSWERED */
    bool has_retry_after;
    uint32_t retry_after_s; /* 0..86400; dates are turned into seconds from now */
    bool body_sent_whole;   /* all of the request may have left */
    const char *body;       /* borrowed until the next call; NUL behind it */
    size_t body_len;
    char error[UPLINK_ERROR_MAX]; /* for people, "" if none */
};

/* A request that found its kept-alive connection closed is repeated on a new one, but only while
 * its body has not left whole: what the receiver may have is never repeated by the port.
 * Redirects are not followed, and no request waits for "100 Continue". An answer that comes before
 * the body has left is an answer; what is left of the body is not sent then. */
struct uplink {
    void *ctx;
    /* ERR_INPUT: not a URL this port can speak; ERR_FULL: no memory. The file is closed either way,
     * and there will be no result after an error. */
    CHECKED enum err (*start)(void *ctx, const struct uplink_request *request);
    /* Waits until a result is there, `wake` was called, or the time is over. `*out_have` tells. */
    CHECKED enum err (*wait)(void *ctx, uint32_t timeout_ms, bool *out_have,
                             struct uplink_result *out_result);
    void (*wake)(void *ctx);       /* from any thread; also ends a wait that begins later */
    void (*cancel_all)(void *ctx); /* no result comes for them */
};
