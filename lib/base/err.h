/* lib/base/err.h - the one vocabulary of failure, named by what the caller should do.
 *
 * Foreign codes (errno, CURLcode, SQLite, esp_err_t) are translated once, in the port that meets
 * them; the raw number is logged there and travels no further. */
#pragma once

#define CHECKED __attribute__((warn_unused_result))

enum err {
    ERR_OK = 0,
    ERR_INPUT = -1,   /* the peer sent something wrong: refuse it, never retry */
    ERR_LIMIT = -2,   /* a stated maximum was reached: refuse, count, never retry */
    ERR_FULL = -3,    /* no room now: refuse for the moment, the peer may retry */
    ERR_IO = -4,      /* the disk or network failed: retry with backoff */
    ERR_CORRUPT = -5, /* what we stored is not what we read: set aside, tell a person */
    ERR_BUSY = -6,    /* we lack descriptors or memory just now: refuse, the peer may retry */
};

/* A short lower-case word for logs: "ok", "input", "limit", "full", "io", "corrupt",
 * "busy". Static text. */
const char *err_name(enum err e);
