/* lib/base/buf.h - text or bytes gathered into memory of the caller, with a stated end.
 *
 * What does not fit is not written in part: the buffer stays as it was and `overflowed` is set, so
 * a whole text can be put together without a check per line and judged once at the end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"

struct buf {
    char *ptr; /* borrowed from the caller of buf_init */
    size_t cap;
    size_t len;
    bool overflowed; /* something did not fit */
};

void buf_init(struct buf *b, void *memory, size_t cap);
void buf_clear(struct buf *b);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_text(struct buf *b, const char *text);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_char(struct buf *b, char c);
void buf_add_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What was gathered so far; borrowed until the next change. */
struct slice buf_slice(const struct buf *b);

/* The gathered bytes as text with a NUL behind them. NULL when the NUL does not fit. */
const char *buf_text(struct buf *b);
