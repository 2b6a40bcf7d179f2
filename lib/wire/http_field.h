/* lib/wire/http_field.h - the values of HTTP fields, read strictly (RFC 9110, 9112, 9530, 6750,
 * 7617). Slices given back point into the value. Nothing here keeps state. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/instant.h"
#include "lib/base/slice.h"

/* RFC 9110 5.6.2: at least one character, no blanks; what a field name must be. */
bool http_field_is_token(struct slice s);

/* Content-Length: digits only, one value (RFC 9110 8.6); blanks around it are allowed. False also
 * on overflow and on lists such as "5, 5". */
bool http_field_length(struct slice value, uint64_t *out_length);

/* Transfer-Encoding: is it chunked and nothing else? */
bool http_field_is_chunked(struct slice value);

/* Content-Type (RFC 9110 8.3.1). */
struct http_field_media {
    struct slice type;   /* "image/jpeg", case as sent */
    struct slice params; /* what http_field_param_next takes */
};
CHECKED enum err http_field_media(struct slice value, struct http_field_media *out);
bool http_field_media_is(const struct http_field_media *media, const char *type);

enum http_field_next {
    HTTP_FIELD_PARAM, /* one was found */
    HTTP_FIELD_DONE,  /* there are no more */
    HTTP_FIELD_BAD, /* malformed: a quote that never closes, text behind one, a name not a token */
};
struct http_field_param {
    struct slice name;
    struct slice value; /* without the quotes, backslash escapes still in it; empty if no "=" */
    bool quoted;
    bool has_value;
};
/* Takes one ";name=value" from the front of `*rest`. Empty ones are skipped; blanks around ";" and
 * "=" are allowed, and a bare value ends at the next ";". */
enum http_field_next http_field_param_next(struct slice *rest, struct http_field_param *out);

/* Repr-Digest, Content-Digest (RFC 9530, a dictionary of RFC 8941): the sha-256 member, if there is
 * one (`*out_found`). Other algorithms are skipped. ERR_INPUT: malformed, or sha-256 is not 32
 * bytes. Given twice, the last counts (RFC 8941 3.2). */
CHECKED enum err http_field_sha256(struct slice value, bool *out_found, uint8_t out[32]);

/* Authorization: Bearer. False if it is another scheme or the token is malformed. */
bool http_field_bearer(struct slice value, struct slice *out_token);

/* Authorization: Basic, decoded into `memory`; user and password point there. ERR_INPUT: another
 * scheme or malformed; ERR_LIMIT: does not fit. */
CHECKED enum err http_field_basic(struct slice value, char *memory, size_t cap,
                                  struct slice *out_user, struct slice *out_password);

/* Retry-After: seconds from `now`; a date in the past gives 0; what is too large UINT32_MAX. */
CHECKED enum err http_field_retry_after(struct slice value, struct wall now, uint32_t *out_s);

/* Range (RFC 9110 14.2) over `size` bytes. */
enum http_field_range {
    HTTP_FIELD_RANGE_NONE,          /* malformed, another unit or several ranges: send everything */
    HTTP_FIELD_RANGE_ONE,           /* send `*out_span` with 206 */
    HTTP_FIELD_RANGE_UNSATISFIABLE, /* 416 */
};
struct http_field_span {
    uint64_t first; /* offset of the first byte */
    uint64_t len;   /* at least 1 */
};
enum http_field_range http_field_range(struct slice value, uint64_t size,
                                       struct http_field_span *out_span);

/* If-None-Match: does the list hold `etag` (with its quotes, weak comparison), or is it "*"? A
 * malformed list matches nothing. */
bool http_field_has_etag(struct slice value, struct slice etag);

/* Accept-Language: does Korean rank above English? Of equal weights the first named wins; a
 * language that is not named has the weight of "*". */
bool http_field_prefers_korean(struct slice value);
