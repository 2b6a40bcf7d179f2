#include "lib/wire/json_out.h"

#include <assert.h>

#include "lib/base/utf8.h"

void json_out_init(struct json_out *j, struct buf *buf)
{
    *j = (struct json_out){.buf = buf};
}

static uint32_t level_bit(const struct json_out *j)
{
    return UINT32_C(1) << j->depth;
}

/* What has to stand before a value. */
static void begin_value(struct json_out *j)
{
    assert((j->is_object & level_bit(j)) == 0 || j->after_key);
    assert(j->depth > 0 || (j->has_items & 1) == 0); /* one value at the top */
    if (!j->after_key && (j->has_items & level_bit(j)) != 0)
        buf_add_char(j->buf, ',');
    j->after_key = false;
    j->has_items |= level_bit(j);
}

static void open_level(struct json_out *j, char bracket, bool is_object)
{
    begin_value(j);
    assert(j->depth < JSON_OUT_DEPTH_MAX);
    j->depth++;
    j->has_items &= ~level_bit(j);
    j->is_object &= ~level_bit(j);
    if (is_object)
        j->is_object |= level_bit(j);
    buf_add_char(j->buf, bracket);
}

static void close_level(struct json_out *j, char bracket, bool is_object)
{
    assert(j->depth > 0 && !j->after_key);
    assert(((j->is_object & level_bit(j)) != 0) == is_object);
    j->depth--;
    buf_add_char(j->buf, bracket);
}

void json_out_object(struct json_out *j)
{
    open_level(j, '{', true);
}

void json_out_object_end(struct json_out *j)
{
    close_level(j, '}', true);
}

void json_out_array(struct json_out *j)
{
    open_level(j, '[', false);
}

void json_out_array_end(struct json_out *j)
{
    close_level(j, ']', false);
}

static void add_escape(struct buf *out, char c)
{
    switch (c) {
    case '"': buf_add_text(out, "\\\""); break;
    case '\\': buf_add_text(out, "\\\\"); break;
    case '\b': buf_add_text(out, "\\b"); break;
    case '\f': buf_add_text(out, "\\f"); break;
    case '\n': buf_add_text(out, "\\n"); break;
    case '\r': buf_add_text(out, "\\r"); break;
    case '\t': buf_add_text(out, "\\t"); break;
    default: buf_add_format(out, "\\u%04x", (unsigned)(unsigned char)c); break;
    }
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

static void add_text(struct buf *out, struct slice text)
{
    buf_add_char(out, '"');
    while (text.len > 0) {
        size_t run = 0;
        while (run < text.len && is_plain(text.ptr[run]))
            run++;
        buf_add(out, text.ptr, run);
        text = (struct slice){text.ptr + run, text.len - run};
        if (text.len == 0)
            break;
        struct slice from = text;
        bool valid;
        uint32_t code = utf8_next(&text, &valid);
        if (!valid)
            buf_add_text(out, "\xEF\xBF\xBD"); /* U+FFFD */
        else if (code < 0x80)
            add_escape(out, (char)code);
        else
            buf_add(out, from.ptr, from.len - text.len);
    }
    buf_add_char(out, '"');
}

void json_out_key(struct json_out *j, const char *key)
{
    assert((j->is_object & level_bit(j)) != 0 && !j->after_key);
    if ((j->has_items & level_bit(j)) != 0)
        buf_add_char(j->buf, ',');
    add_text(j->buf, slice_of(key));
    buf_add_char(j->buf, ':');
    j->after_key = true;
}

void json_out_text(struct json_out *j, struct slice text)
{
    begin_value(j);
    add_text(j->buf, text);
}

/* Without buf_add_format, which wants room for a NUL: a value fills a buffer to its last byte. */
static void add_number(struct buf *out, bool negative, uint64_t magnitude)
{
    char digits[21];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (negative)
        digits[--at] = '-';
    buf_add(out, digits + at, sizeof digits - at);
}

void json_out_int(struct json_out *j, int64_t value)
{
    begin_value(j);
    add_number(j->buf, value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_out_uint(struct json_out *j, uint64_t value)
{
    begin_value(j);
    add_number(j->buf, false, value);
}

void json_out_bool(struct json_out *j, bool value)
{
    begin_value(j);
    buf_add_text(j->buf, value ? "true" : "false");
}

void json_out_null(struct json_out *j)
{
    begin_value(j);
    buf_add_text(j->buf, "null");
}

void json_out_put_text(struct json_out *j, const char *key, const char *text)
{
    json_out_key(j, key);
    if (text == NULL)
        json_out_null(j);
    else
        json_out_text(j, slice_of(text));
}

void json_out_put_slice(struct json_out *j, const char *key, struct slice text)
{
    json_out_key(j, key);
    json_out_text(j, text);
}

void json_out_put_int(struct json_out *j, const char *key, int64_t value)
{
    json_out_key(j, key);
    json_out_int(j, value);
}

void json_out_put_uint(struct json_out *j, const char *key, uint64_t value)
{
    json_out_key(j, key);
    json_out_uint(j, value);
}

void json_out_put_bool(struct json_out *j, const char *key, bool value)
{
    json_out_key(j, key);
    json_out_bool(j, value);
}

void json_out_put_null(struct json_out *j, const char *key)
{
    json_out_key(j, key);
    json_out_null(j);
}

bool json_out_done(const struct json_out *j)
{
    return j->depth == 0 && (j->has_items & 1) != 0;
}
