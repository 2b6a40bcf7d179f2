/* relay/logic/photo_reply.h - which part of a stored file goes out, under which headers.
 *
 * RFC 9110: 8.8.3 ETag, 13.1.2 If-None-Match, 13.1.5 If-Range, 14.2 Range, 15.3.7 (206), 15.4.5
 * (304), 15.5.17 (416). A photo never changes under its name, so its SHA-256 is a strong tag and
 * the answer may be kept for ever. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/wire/timestamp.h"

enum {
    PHOTO_REPLY_TAG_MAX = 68,    /* "\"" + 64 digits + "\"" + NUL, and one */
    PHOTO_REPLY_RANGE_MAX = 80,  /* "bytes A-B/C" */
    PHOTO_REPLY_FIELD_MAX = 512, /* longest If-None-Match, Range or If-Range that is heeded */
};

/* What the request asked; slices with ptr NULL are absent. */
struct photo_reply_ask {
    struct slice if_none_match;
    struct slice if_range;
    struct slice range;
    bool is_head; /* Range is for GET only (RFC 9110 14.2) */
};

struct photo_reply {
    unsigned status; /* 200, 206, 304 or 416 */
    uint64_t first;  /* of the bytes to send; 200 and 206 */
    uint64_t length;
    char etag[PHOTO_REPLY_TAG_MAX];            /* with its quotes */
    char content_range[PHOTO_REPLY_RANGE_MAX]; /* "" = none; 206 and 416 */
    char last_modified[TIMESTAMP_HTTP_TEXT_MAX];
};

void photo_reply_decide(const struct photo_reply_ask *ask, const uint8_t sha256[32],
                        uint64_t size_bytes, struct wall received, struct photo_reply *out);

/* "image/jpeg" and so on by the extension, any case; "application/octet-stream" for the rest. */
const char *photo_reply_type(struct slice name);

/* May this be the name of a stored photo: 1..255 bytes, no '/', no control bytes, no leading dot?
 */
bool photo_reply_name_ok(struct slice name);
