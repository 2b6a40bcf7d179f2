#include "lib/wire/disposition.h"

#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/utf8.h"
#include "lib/wire/http_field.h"

/* What is left of the value. Decoding writes behind the reading position, never ahead of it. */
struct cursor {
    char *at;
    char *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
        c->at++;
}

/* Up to, not including, the first of `stops`, without blanks around. */
static struct slice read_until(struct cursor *c, const char *stops)
{
    char *from = c->at;
    while (c->at < c->end && strchr(stops, *c->at) == NULL)
        c->at++;
    return slice_trim((struct slice){from, (size_t)(c->at - from)});
}

/* %22, %0D, %0A: the three that browsers write. 0 = none of them. */
static char browser_escape(const struct cursor *c)
{
    if (c->end - c->at < 3 || c->at[0] != '%')
        return 0;
    unsigned char byte = 0;
    if (!hex_decode((struct slice){c->at + 1, 2}, &byte, 1))
        return 0;
    return byte == '"' || byte == '\r' || byte == '\n' ? (char)byte : 0;
}

/* Behind the opening quote. False if it never closes. */
static bool read_quoted(struct cursor *c, struct slice *out)
{
    char *from = c->at;
    char *to = c->at;
    while (c->at < c->end && *c->at != '"') {
        char escape = browser_escape(c);
        bool quoted_pair =
            *c->at == '\\' && c->end - c->at > 1 && (c->at[1] == '"' || c->at[1] == '\\');
        if (escape != 0) {
            *to++ = escape;
            c->at += 3;
            continue;
        }
        if (quoted_pair)
            c->at++;
        *to++ = *c->at++;
    }
    if (c->at == c->end)
        return false;
    c->at++;
    *out = (struct slice){from, (size_t)(to - from)};
    return true;
}

/* 'file', as one camera library sends it. A quote that closes nowhere is an ordinary character. */
static bool read_single_quoted(struct cursor *c, struct slice *out)
{
    for (char *close = c->at + 1; close < c->end && *close != ';'; close++) {
        if (*close != '\'')
            continue;
        struct cursor behind = {close + 1, c->end};
        skip_blanks(&behind);
        if (behind.at == c->end || *behind.at == ';') {
            *out = (struct slice){c->at + 1, (size_t)(close - c->at - 1)};
            c->at = behind.at;
            return true;
        }
    }
    return false;
}

static bool read_value(struct cursor *c, struct slice *out)
{
    skip_blanks(c);
    if (c->at < c->end && *c->at == '"') {
        c->at++;
        if (!read_quoted(c, out))
            return false;
        skip_blanks(c);
        return c->at == c->end || *c->at == ';';
    }
    if (c->at < c->end && *c->at == '\'' && read_single_quoted(c, out))
        return true;
    *out = read_until(c, ";");
    return true;
}

static bool percent_decode(char *from, size_t len, struct slice *out)
{
    size_t to = 0;
    for (size_t i = 0; i < len; i++, to++) {
        from[to] = from[i];
        if (from[i] != '%')
            continue;
        if (len - i < 3 || !hex_decode((struct slice){from + i + 1, 2}, from + to, 1))
            return false;
        i += 2;
    }
    struct slice decoded = {from, to};
    if (slice_find(decoded, '\0') != to || !utf8_valid(decoded))
        return false;
    *out = decoded;
    return true;
}

/* charset'language'text of RFC 8187. False: not one we read. */
static bool read_extended(struct slice value, char *base, struct slice *out)
{
    struct slice language_text;
    struct slice text;
    struct slice charset = slice_cut(value, '\'', &language_text);
    if (!slice_eq_nocase(charset, SLICE("utf-8")))
        return false;
    struct slice language = slice_cut(language_text, '\'', &text);
    if (language.len == language_text.len)
        return false;
    /* `text` lies in our own writable memory, which a slice only shows as const. */
    size_t offset = text.len == 0 ? 0 : (size_t)(text.ptr - base);
    return percent_decode(base + offset, text.len, out);
}

struct found {
    struct slice name;
    struct slice filename;
    struct slice extended;
    bool has_name;
    bool has_filename;
    bool has_extended;
};

static bool set_once(struct slice value, bool *has, struct slice *out)
{
    if (*has)
        return false;
    *has = true;
    *out = value;
    return true;
}

static bool take_param(struct slice name, struct slice value, struct found *f)
{
    if (slice_eq_nocase(name, SLICE("name")))
        return set_once(value, &f->has_name, &f->name);
    if (slice_eq_nocase(name, SLICE("filename")))
        return set_once(value, &f->has_filename, &f->filename);
    if (slice_eq_nocase(name, SLICE("filename*")))
        return set_once(value, &f->has_extended, &f->extended);
    return true;
}

static bool read_params(struct cursor *c, struct found *f)
{
    while (c->at < c->end) {
        c->at++; /* the semicolon */
        struct slice name = read_until(c, "=;");
        if (c->at == c->end || *c->at == ';')
            continue;
        c->at++;
        struct slice value;
        if (!read_value(c, &value) || !take_param(name, value, f))
            return false;
    }
    return true;
}

enum err disposition_parse(char *value, size_t len, struct disposition *out)
{
    if (slice_find((struct slice){value, len}, '\0') != len)
        return ERR_INPUT;
    struct cursor c = {value, value + len};
    struct found f = {0};
    struct slice type = read_until(&c, ";");
    if (!http_field_is_token(type) || !read_params(&c, &f))
        return ERR_INPUT;

    struct disposition d = {.type = type,
                            .name = f.name,
                            .filename = f.filename,
                            .has_name = f.has_name,
                            .has_filename = f.has_filename};
    if (f.has_extended && read_extended(f.extended, value, &d.filename))
        d.has_filename = true;
    *out = d;
    return ERR_OK;
}
