#include "lib/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_init(struct buf *b, void *memory, size_t cap)
{
    assert(memory != NULL || cap == 0);
    *b = (struct buf){.ptr = memory, .cap = cap};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->overflowed = false;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    if (len > b->cap - b->len) {
        b->overflowed = true;
        return;
    }
    if (len > 0)
        memcpy(b->ptr + b->len, data, len);
    b->len += len;
}

void buf_add_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_add_slice(struct buf *b, struct slice s)
{
    buf_add(b, s.ptr, s.len);
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_add_format(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = b->cap - b->len;
    int n = vsnprintf(room == 0 ? NULL : b->ptr + b->len, room, format, args);
    va_end(args);
    /* vsnprintf wants room for its NUL as well, so a text that fits to the byte counts as too long.
     */
    if (n < 0 || (size_t)n >= room) {
        b->overflowed = true;
        return;
    }
    b->len += (size_t)n;
}

struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->ptr, b->len};
}

const char *buf_text(struct buf *b)
{
    if (b->len == b->cap)
        return NULL;
    b->ptr[b->len] = '\0';
    return b->ptr;
}
