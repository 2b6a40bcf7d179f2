#include "relay/logic/photo_reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/wire/http_field.h"
#include "relay/logic/ports/photo.h"

/* If-Range wants the very same representation: a strong tag, or our date to the letter. */
static bool range_is_wanted(const struct photo_reply_ask *ask, const struct photo_reply *r)
{
    if (ask->range.ptr == NULL || ask->is_head)
        return false;
    if (ask->if_range.ptr == NULL)
        return true;
    struct slice want = slice_trim(ask->if_range);
    return slice_eq(want, slice_of(r->etag)) || slice_eq(want, slice_of(r->last_modified));
}

void photo_reply_decide(const struct photo_reply_ask *ask, const uint8_t sha256[32],
                        uint64_t size_bytes, struct wall received, struct photo_reply *out)
{
    *out = (struct photo_reply){.status = 200, .length = size_bytes};
    char digits[65];
    hex_encode(sha256, 32, digits);
    (void)snprintf(out->etag, sizeof out->etag, "\"%s\"", digits);
    timestamp_format_http(received, out->last_modified);

    if (ask->if_none_match.ptr != NULL &&
        http_field_has_etag(ask->if_none_match, slice_of(out->etag))) {
        out->status = 304;
        out->length = 0;
        return;
    }
    if (!range_is_wanted(ask, out))
        return;
    struct http_field_span span;
    switch (http_field_range(ask->range, size_bytes, &span)) {
    case HTTP_FIELD_RANGE_NONE: return;
    case HTTP_FIELD_RANGE_ONE:
        out->status = 206;
        out->first = span.first;
        out->length = span.len;
        (void)snprintf(out->content_range, sizeof out->content_range,
                       "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, span.first,
                       span.first + span.len - 1, size_bytes);
        return;
    case HTTP_FIELD_RANGE_UNSATISFIABLE:
        out->status = 416;
        out->length = 0;
        (void)snprintf(out->content_range, sizeof out->content_range, "bytes */%" PRIu64,
                       size_bytes);
        return;
    }
}

const char *photo_reply_type(struct slice name)
{
    static const struct {
        struct slice extension;
        const char *type;
    } rows[] = {
        {{".jpg", 4}, "image/jpeg"}, {{".jpeg", 5}, "image/jpeg"}, {{".jpe", 4}, "image/jpeg"},
        {{".png", 4}, "image/png"},  {{".gif", 4}, "image/gif"},   {{".webp", 5}, "image/webp"},
        {{".wav", 4}, "audio/wav"},  {{".flac", 5}, "audio/flac"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = rows[i].extension.len;
        if (name.len < len)
            continue;
        struct slice end = {name.ptr + name.len - len, len};
        if (slice_eq_nocase(end, rows[i].extension))
            return rows[i].type;
    }
    return "application/octet-stream";
}

bool photo_reply_name_ok(struct slice name)
{
    if (name.len < 1 || name.len >= PHOTO_NAME_MAX || name.ptr[0] == '.')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c < 0x20 || c == 0x7f || c == '/')
            return false;
    }
    return true;
}
