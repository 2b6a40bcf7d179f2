/* lib/wire/url.h - http and https URLs, split strictly (RFC 3986, RFC 9110 4.2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* Slices point into the text that was split. */
struct url {
    bool tls;              /* https */
    struct slice user;     /* as written, percent escapes and all; may be a token: never show it */
    struct slice password; /* likewise */
    bool has_user;
    struct slice host; /* name, IPv4, or IPv6 without its brackets; never empty */
    bool host_is_ipv6;
    uint16_t port;      /* 80 or 443 if none is written; never 0 */
    struct slice path;  /* with its "/"; empty if there is none */
    struct slice query; /* without its "?"; may hold secrets: never show it */
    bool has_query;
};

/* ERR_INPUT: another scheme, no host, a port that is not 1..65535, a fragment, a second "@", a bad
 * percent escape, or a byte that may not stand in a URL (blank, control, backslash, quote,
 * non-ASCII
 * ...). */
CHECKED enum err url_split(struct slice text, struct url *out);

/* The URL for pages and logs: no user, no password, "?..." instead of a query; the port only where
 * it is not the usual one. */
void url_show(const struct url *u, struct buf *out);

/* One path segment: everything but letters, digits and "-._~" becomes %XX (RFC 3986 2.3). */
void url_encode_segment(struct slice segment, struct buf *out);

/* The other way; "+" stays "+". ERR_INPUT: a "%" without two hexadecimal digits, or %00. ERR_LIMIT:
 * longer than `cap`. `out` may be the memory of `segment`. */
CHECKED enum err url_decode_segment(struct slice segment, char *out, size_t cap, size_t *out_len);
