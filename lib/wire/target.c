#include "lib/wire/target.h"

#include <string.h>

/* Visible ASCII, or bytes above it, which some clients send unescaped. */
static bool is_visible(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c <= ' ' || c == 0x7f)
            return false;
    }
    return true;
}

/* Behind "http://" or "https://", or NULL. */
static const char *after_scheme(struct slice target)
{
    static const struct slice schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (slice_starts_nocase(target, schemes[i]) && target.len > schemes[i].len)
            return target.ptr + schemes[i].len;
    }
    return NULL;
}

bool target_is_sound(struct slice target, bool may_be_asterisk)
{
    if (target.len == 0 || !is_visible(target) || slice_find(target, '#') != target.len)
        return false;
    if (target.ptr[0] == '/')
        return true;
    if (slice_eq(target, SLICE("*")))
        return may_be_asterisk;
    const char *authority = after_scheme(target);
    return authority != NULL && strchr("/?", *authority) == NULL;
}

static void split(struct slice target, struct slice *out_path, struct slice *out_query)
{
    struct slice rest = target;
    const char *authority = after_scheme(target);
    if (authority != NULL) {
        rest = (struct slice){authority, target.len - (size_t)(authority - target.ptr)};
        size_t slash = slice_find(rest, '/');
        size_t mark = slice_find(rest, '?');
        size_t skip = slash < mark ? slash : mark;
        rest = (struct slice){rest.ptr + skip, rest.len - skip};
    }
    *out_path = slice_cut(rest, '?', out_query);
    if (out_path->len == 0 || out_path->ptr[0] != '/')
        *out_path = SLICE("/");
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static enum err decode(struct slice encoded, bool plus_is_blank, char *out, size_t *out_len)
{
    size_t len = 0;
    for (size_t i = 0; i < encoded.len; i++) {
        char c = encoded.ptr[i];
        if (c == '+' && plus_is_blank)
            c = ' ';
        if (c == '%') {
            int high = encoded.len - i > 2 ? hex_value(encoded.ptr[i + 1]) : -1;
            int low = encoded.len - i > 2 ? hex_value(encoded.ptr[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0)
                return ERR_INPUT;
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[len++] = c;
    }
    *out_len = len;
    return ERR_OK;
}

bool target_is_plain(struct slice target)
{
    return target.len > 0 && target.ptr[0] == '/' && memchr(target.ptr, '%', target.len) == NULL &&
           memchr(target.ptr, '?', target.len) == NULL;
}

enum err target_decode(struct slice target, char *memory, struct target *out)
{
    struct slice path, query;
    split(target, &path, &query);
    *out = (struct target){.path = {memory, 0}};
    enum err e = decode(path, false, memory, &out->path.len);
    memory += path.len;
    while (e == ERR_OK && query.len > 0) {
        struct slice value;
        struct slice pair = slice_cut(query, '&', &query);
        struct slice name = slice_cut(pair, '=', &value);
        if (pair.len == 0)
            continue;
        if (out->argument_count == TARGET_ARGUMENTS_MAX)
            return ERR_LIMIT;
        struct target_argument *a = &out->arguments[out->argument_count++];
        a->name.ptr = memory;
        a->value.ptr = memory + name.len;
        e = decode(name, true, memory, &a->name.len);
        if (e == ERR_OK)
            e = decode(value, true, memory + name.len, &a->value.len);
        memory += pair.len;
    }
    return e;
}

struct slice target_argument(const struct target *t, struct slice name)
{
    for (size_t i = 0; i < t->argument_count; i++) {
        if (slice_eq(t->arguments[i].name, name))
            return t->arguments[i].value;
    }
    return (struct slice){0};
}
