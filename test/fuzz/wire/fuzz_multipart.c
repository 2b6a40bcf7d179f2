/* A body fed whole and the same body fed in pieces must give the same parts, bytes and end; and
 * these must be what a second reader finds, which has the whole body before it and is as simple as
 * can be.
 *
 * Input: one byte that seeds the lengths of the pieces, then the body; the boundary is "sep". */
#include "lib/wire/multipart.h"
#include "test/unit/wire/multipart_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct multipart_record whole;
static struct multipart_record pieces;

static void feed_pieces(struct slice body, uint32_t dice)
{
    while (body.len > 0) {
        dice = dice * 1664525 + 1013904223;
        size_t n = (dice >> 24) % 3 == 0 ? 1 : (dice >> 16) % 40;
        n = n < body.len ? n : body.len;
        multipart_record_feed(&pieces, (struct slice){body.ptr, n});
        body = (struct slice){body.ptr + n, body.len - n};
    }
}

/* What ended said everything there was: no part is missing behind it. */
static void check_end(void)
{
    size_t used = 1;
    if (multipart_feed(&whole.reader, "\r\n--sep\r\n\r\n", 11, &used) != MULTIPART_END ||
        used != 11)
        abort();
}

static bool stands_at(struct slice body, size_t at, struct slice text)
{
    return body.len - at >= text.len && memcmp(body.ptr + at, text.ptr, text.len) == 0;
}

/* What the delimiter at `at` ("--sep") turns out to be; `*line_end` is where the next head begins.
 */
enum found { FOUND_DATA, FOUND_PART, FOUND_END, FOUND_WRONG, FOUND_OPEN };

static enum found judge_delimiter(struct slice body, size_t at, size_t *line_end)
{
    size_t q = at + strlen("--sep");
    if (q == body.len || (body.ptr[q] == '-' && q + 1 == body.len))
        return FOUND_OPEN;
    if (stands_at(body, q, SLICE("--")))
        return FOUND_END;
    if (strchr(" \t\r\n", body.ptr[q]) == NULL || body.ptr[q] == '\0')
        return FOUND_DATA;
    while (q < body.len && (body.ptr[q] == ' ' || body.ptr[q] == '\t'))
        q++;
    if (q == body.len || (body.ptr[q] == '\r' && q + 1 == body.len))
        return FOUND_OPEN;
    *line_end = q + 2;
    return stands_at(body, q, SLICE("\r\n")) ? FOUND_PART : FOUND_WRONG;
}

/* The next delimiter from `from` on: at its very start, or behind CRLF. */
static enum found find_delimiter(struct slice body, size_t from, size_t *data_end, size_t *line_end)
{
    for (size_t at = from; at < body.len; at++) {
        bool line_start = at == from || (at >= from + 2 && stands_at(body, at - 2, SLICE("\r\n")));
        if (!line_start || !stands_at(body, at, SLICE("--sep")))
            continue;
        enum found found = judge_delimiter(body, at, line_end);
        *data_end = at == from ? from : at - 2;
        if (found != FOUND_DATA)
            return found;
    }
    *data_end = body.len;
    return FOUND_OPEN;
}

static size_t find_head_end(struct slice body, size_t from)
{
    if (stands_at(body, from, SLICE("\r\n")))
        return from + 2;
    for (size_t at = from; at < body.len; at++) {
        if (stands_at(body, at, SLICE("\r\n\r\n")))
            return at + 4;
    }
    return body.len + 1;
}

/* The bytes of all parts, one behind the other. */
static enum found read_simply(struct slice body, struct buf *bytes, unsigned *parts)
{
    size_t from = 0;
    for (;;) {
        size_t data_end;
        size_t line_end = 0;
        enum found found = find_delimiter(body, from, &data_end, &line_end);
        if (*parts > 0)
            buf_add(bytes, body.ptr + from, data_end - from);
        else if (data_end > MULTIPART_PREAMBLE_MAX)
            return FOUND_WRONG;
        if (found != FOUND_PART)
            return found;
        if (++*parts > MULTIPART_PARTS_MAX)
            return FOUND_WRONG;
        from = find_head_end(body, line_end);
        if (from > body.len)
            return FOUND_OPEN;
    }
}

/* The same from the reader under test. */
static enum multipart_event read_bytes(struct slice body, struct buf *bytes, struct multipart *m)
{
    size_t at = 0;
    for (;;) {
        size_t used;
        enum multipart_event event = multipart_feed(m, body.ptr + at, body.len - at, &used);
        at += used;
        if (event == MULTIPART_BYTES)
            buf_add_slice(bytes, m->bytes);
        else if (event != MULTIPART_PART)
            return event;
    }
}

static bool same_end(enum found found, enum multipart_event event)
{
    switch (event) {
    case MULTIPART_END: return found == FOUND_END;
    case MULTIPART_BAD: return found == FOUND_WRONG;
    case MULTIPART_MORE: return found == FOUND_OPEN;
    case MULTIPART_PART:
    case MULTIPART_BYTES: break;
    }
    return false;
}

static void compare_with_simple_reader(struct slice body)
{
    static char ours_memory[MULTIPART_RECORD_MAX];
    static char theirs_memory[MULTIPART_RECORD_MAX];
    static struct multipart m;
    struct buf ours;
    struct buf theirs;
    unsigned parts = 0;
    buf_init(&ours, ours_memory, sizeof ours_memory);
    buf_init(&theirs, theirs_memory, sizeof theirs_memory);
    if (!multipart_init(&m, SLICE("sep")))
        abort();
    enum multipart_event event = read_bytes(body, &ours, &m);
    bool bad_head = event == MULTIPART_BAD && m.fault != MULTIPART_FAULT_DELIMITER &&
                    m.fault != MULTIPART_FAULT_PREAMBLE && m.fault != MULTIPART_FAULT_PARTS_MAX;
    if (bad_head)
        return; /* the simple reader does not look into heads */
    enum found found = read_simply(body, &theirs, &parts);
    size_t too_long = MULTIPART_PREAMBLE_MAX + 1;
    if (m.parts == 0 && body.len >= too_long && body.len < too_long + strlen("\r\n--sep-"))
        return; /* what may be the beginning of a delimiter is not counted yet */
    if (!same_end(found, event))
        abort();
    if (event == MULTIPART_END &&
        (parts != m.parts || !slice_eq(buf_slice(&ours), buf_slice(&theirs))))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > MULTIPART_RECORD_MAX / 8)
        return 0;
    struct slice body = {(const char *)data + 1, size - 1};
    if (!multipart_record_begin(&whole, SLICE("sep")) ||
        !multipart_record_begin(&pieces, SLICE("sep")))
        abort();
    multipart_record_feed(&whole, body);
    feed_pieces(body, data[0]);
    if (whole.log.overflowed || !multipart_record_equal(&whole, &pieces))
        abort();
    if (whole.reader.parts > MULTIPART_PARTS_MAX)
        abort();
    if (whole.last == MULTIPART_END)
        check_end();
    compare_with_simple_reader(body);
    return 0;
}
