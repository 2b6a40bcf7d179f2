#include "camera/logic/reply.h"

#include <string.h>

#include "lib/wire/http_field.h"

enum step {
    STEP_STATUS,
    STEP_FIELDS,
    STEP_BODY,
    STEP_CHUNK_SIZE,
    STEP_CHUNK_DATA,
    STEP_CHUNK_END,
    STEP_TRAILERS,
};

enum framing {
    FRAMING_CLOSE,
    FRAMING_LENGTH,
    FRAMING_CHUNKED,
};

void reply_init(struct reply *r)
{
    *r = (struct reply){0};
}

static void begin_head(struct reply *r)
{
    uint32_t head_bytes = r->head_bytes;
    reply_init(r);
    r->head_bytes = head_bytes;
    r->any = true;
}

static bool read_status(struct reply *r, struct slice line)
{
    if (line.len < 12 || !slice_starts_nocase(line, SLICE("HTTP/1.")) || line.ptr[8] != ' ')
        return false;
    if (line.ptr[7] != '0' && line.ptr[7] != '1')
        return false;
    r->http_1_0 = line.ptr[7] == '0';
    uint64_t status;
    if (!slice_to_u64((struct slice){line.ptr + 9, 3}, &status) || status < 100)
        return false;
    if (line.len > 12 && line.ptr[12] != ' ')
        return false;
    r->status = (unsigned)status;
    return true;
}

static void read_connection(struct reply *r, struct slice value)
{
    while (value.len > 0) {
        struct slice one = slice_trim(slice_cut(value, ',', &value));
        if (slice_eq_nocase(one, SLICE("close")))
            r->close_asked = true;
        if (slice_eq_nocase(one, SLICE("keep-alive")))
            r->keep_asked = true;
    }
}

/* False: the length cannot be known for sure, and the response is not to be trusted. */
static bool read_framing(struct reply *r, struct slice name, struct slice value)
{
    if (slice_eq_nocase(name, SLICE("content-length"))) {
        uint64_t length;
        if (!http_field_length(value, &length) || (r->length_set && length != r->left))
            return false;
        r->length_set = true;
        r->left = length;
        if (r->framing == FRAMING_CLOSE)
            r->framing = FRAMING_LENGTH;
    } else if (slice_eq_nocase(name, SLICE("transfer-encoding"))) {
        if (!http_field_is_chunked(value))
            return false;
        r->framing = FRAMING_CHUNKED; /* RFC 9112 6.3: overrides Content-Length */
        r->close_asked = r->close_asked || r->length_set;
    }
    return true;
}

static bool read_field(struct reply *r, struct slice line)
{
    struct slice value;
    struct slice name = slice_cut(line, ':', &value);
    if (name.len == line.len || !http_field_is_token(name))
        return line.ptr[0] == ' ' || line.ptr[0] == '\t'; /* a folded line: ours never matter */
    value = slice_trim(value);
    if (slice_eq_nocase(name, SLICE("connection")))
        read_connection(r, value);
    else if (slice_eq_nocase(name, SLICE("retry-after")))
        r->has_retry_after = slice_to_text(value, r->retry_after, sizeof r->retry_after);
    else if (slice_eq_nocase(name, SLICE("date")))
        (void)slice_to_text(value, r->date, sizeof r->date); /* "" if it does not fit */
    return read_framing(r, name, value);
}

static enum reply_state finish(struct reply *r)
{
    bool wants = r->http_1_0 ? r->keep_asked && !r->close_asked : !r->close_asked;
    r->keep_alive = wants && r->framing != FRAMING_CLOSE;
    return REPLY_DONE;
}

static enum reply_state head_done(struct reply *r)
{
    if (r->status < 200) {
        if (r->status == 101)
            return REPLY_BAD; /* never asked for */
        begin_head(r);
        return REPLY_MORE;
    }
    r->head_done = true;
    if (r->status == 204 || r->status == 304) {
        r->framing = FRAMING_LENGTH;
        r->left = 0;
    }
    if (r->framing == FRAMING_LENGTH && r->left == 0)
        return finish(r);
    r->step = r->framing == FRAMING_CHUNKED ? STEP_CHUNK_SIZE : STEP_BODY;
    return REPLY_MORE;
}

static bool read_chunk_size(struct reply *r, struct slice line)
{
    struct slice extension;
    struct slice digits = slice_trim(slice_cut(line, ';', &extension));
    if (digits.len == 0 || digits.len > 8)
        return false;
    uint64_t size = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                            : 16;
        if (d == 16)
            return false;
        size = size * 16 + d;
    }
    r->left = size;
    r->step = size == 0 ? STEP_TRAILERS : STEP_CHUNK_DATA;
    return true;
}

static enum reply_state take_line(struct reply *r)
{
    struct slice line = {r->line, r->line_len};
    bool skipped = r->line_skipped;
    r->line_len = 0;
    r->line_skipped = false;
    switch ((enum step)r->step) {
    case STEP_STATUS:
        if (line.len == 0 && !skipped && r->head_bytes <= 2)
            return REPLY_MORE; /* a stray line end in front (RFC 9112 2.2) */
        if (skipped || !read_status(r, line))
            return REPLY_BAD;
        r->step = STEP_FIELDS;
        return REPLY_MORE;
    case STEP_FIELDS:
        if (line.len == 0 && !skipped)
            return head_done(r);
        return skipped || read_field(r, line) ? REPLY_MORE : REPLY_BAD;
    case STEP_CHUNK_SIZE: return !skipped && read_chunk_size(r, line) ? REPLY_MORE : REPLY_BAD;
    case STEP_CHUNK_END:
        r->step = STEP_CHUNK_SIZE;
        return line.len == 0 && !skipped ? REPLY_MORE : REPLY_BAD;
    case STEP_TRAILERS: return line.len == 0 && !skipped ? finish(r) : REPLY_MORE;
    case STEP_BODY:
    case STEP_CHUNK_DATA: break;
    }
    return REPLY_BAD;
}

static enum reply_state feed_line(struct reply *r, char c)
{
    if (++r->head_bytes > REPLY_HEAD_MAX)
        return REPLY_BAD;
    if (c == '\n') {
        if (r->line_len > 0 && r->line[r->line_len - 1] == '\r')
            r->line_len--;
        return take_line(r);
    }
    if (r->line_len < REPLY_LINE_MAX)
        r->line[r->line_len++] = c;
    else
        r->line_skipped = true;
    return REPLY_MORE;
}

static enum reply_state feed_body(struct reply *r, const char *data, size_t len, size_t *out_used)
{
    size_t n = len;
    if (r->framing != FRAMING_CLOSE && n > r->left)
        n = (size_t)r->left;
    size_t keep = REPLY_BODY_KEEP_MAX - r->body_kept;
    keep = keep < n ? keep : n;
    memcpy(r->body + r->body_kept, data, keep);
    r->body_kept += keep;
    r->body_cut = r->body_cut || keep < n;
    r->body_bytes += n;
    *out_used = n;
    if (r->body_bytes > REPLY_BODY_MAX) {
        r->close_asked = true;
        return finish(r);
    }
    if (r->framing == FRAMING_CLOSE)
        return REPLY_MORE;
    r->left -= n;
    if (r->left > 0)
        return REPLY_MORE;
    if (r->framing == FRAMING_LENGTH)
        return finish(r);
    r->step = STEP_CHUNK_END;
    return REPLY_MORE;
}

enum reply_state reply_feed(struct reply *r, const char *data, size_t len, size_t *out_used)
{
    size_t at = 0;
    while (at < len && r->state == REPLY_MORE) {
        r->any = true;
        if (r->step == STEP_BODY || r->step == STEP_CHUNK_DATA) {
            size_t used = 0;
            r->state = feed_body(r, data + at, len - at, &used);
            at += used;
        } else {
            enum reply_state state = feed_line(r, data[at++]);
            r->state = state;
        }
    }
    *out_used = at;
    return r->state;
}

enum reply_state reply_end(struct reply *r)
{
    if (r->state != REPLY_MORE)
        return r->state;
    r->state = REPLY_BAD;
    if (r->step == STEP_BODY && r->framing == FRAMING_CLOSE)
        r->state = finish(r);
    return r->state;
}
