/* test/unit/wire/multipart_record.h - what a multipart reader said, as one comparable text:
 * {name|filename|type} for a part, "-" where there is no file name, then its bytes.
 *
 * Every piece is fed from a heap copy that ends exactly where the piece ends, so that the address
 * sanitizer sees any look past it, and is freed before the next one, so that it sees any look back.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/wire/multipart.h"

enum { MULTIPART_RECORD_MAX = 1 << 17 };

struct multipart_record {
    struct multipart reader;
    struct buf log;
    enum multipart_event last;
    size_t events; /* PART and BYTES */
    char memory[MULTIPART_RECORD_MAX];
};

static inline bool multipart_record_begin(struct multipart_record *r, struct slice boundary)
{
    buf_init(&r->log, r->memory, sizeof r->memory);
    r->last = MULTIPART_MORE;
    r->events = 0;
    return multipart_init(&r->reader, boundary);
}

static inline void multipart_record_event(struct multipart_record *r)
{
    const struct multipart_part *p = &r->reader.part;
    r->events++;
    if (r->last == MULTIPART_BYTES) {
        buf_add_slice(&r->log, r->reader.bytes);
        return;
    }
    buf_add_char(&r->log, '{');
    buf_add_slice(&r->log, p->name);
    buf_add_char(&r->log, '|');
    buf_add_slice(&r->log, p->has_filename ? p->filename : SLICE("-"));
    buf_add_char(&r->log, '|');
    buf_add_slice(&r->log, p->content_type);
    buf_add_char(&r->log, '}');
}

static inline void multipart_record_feed(struct multipart_record *r, struct slice piece)
{
    char *copy = malloc(piece.len == 0 ? 1 : piece.len);
    if (copy == NULL)
        abort();
    if (piece.len > 0)
        memcpy(copy, piece.ptr, piece.len);
    size_t at = 0;
    do {
        size_t used = 0;
        r->last = multipart_feed(&r->reader, copy + at, piece.len - at, &used);
        at += used;
        if (r->last == MULTIPART_PART || r->last == MULTIPART_BYTES)
            multipart_record_event(r);
    } while (r->last == MULTIPART_PART || r->last == MULTIPART_BYTES);
    free(copy);
}

static inline bool multipart_record_equal(const struct multipart_record *a,
                                          const struct multipart_record *b)
{
    return a->last == b->last && a->reader.fault == b->reader.fault &&
           slice_eq(buf_slice(&a->log), buf_slice(&b->log));
}
