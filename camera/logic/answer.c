#include "camera/logic/answer.h"

struct cursor {
    const char *at;
    const char *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

static bool take_char(struct cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* A string without its quotes, escapes left as they are. */
static bool take_string(struct cursor *c, struct slice *out)
{
    if (!take_char(c, '"'))
        return false;
    const char *begin = c->at;
    while (c->at < c->end && *c->at != '"') {
        if ((unsigned char)*c->at < 0x20)
            return false;
        if (*c->at == '\\' && ++c->at == c->end)
            return false;
        c->at++;
    }
    if (c->at == c->end)
        return false;
    *out = (struct slice){begin, (size_t)(c->at - begin)};
    c->at++;
    return true;
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
}

/* A number, true, false or null: as text, judged by whoever wants it. */
static bool take_word(struct cursor *c, struct slice *out)
{
    skip_blanks(c);
    const char *begin = c->at;
    while (c->at < c->end && is_word_char(*c->at))
        c->at++;
    *out = (struct slice){begin, (size_t)(c->at - begin)};
    return out->len > 0;
}

/* Reads over an object or array without looking at its order: brackets must match in number. */
static bool skip_nested(struct cursor *c)
{
    unsigned depth = 0;
    do {
        skip_blanks(c);
        if (c->at == c->end)
            return false;
        struct slice text;
        char ch = *c->at;
        if (ch == '"') {
            if (!take_string(c, &text))
                return false;
            continue;
        }
        c->at++;
        if ((ch == '{' || ch == '[') && ++depth > ANSWER_DEPTH_MAX)
            return false;
        if (ch == '}' || ch == ']')
            depth--;
    } while (depth > 0);
    return true;
}

static void note_string(struct answer *a, struct slice key, struct slice value)
{
    if (slice_eq(key, SLICE("sha256")))
        a->sha256 = value;
    else if (slice_eq(key, SLICE("code")))
        a->code = value;
    else if (slice_eq(key, SLICE("error")))
        a->error = value;
}

static void note_word(struct answer *a, struct slice key, struct slice value)
{
    bool yes = slice_eq(value, SLICE("true"));
    if (slice_eq(key, SLICE("success")) && (yes || slice_eq(value, SLICE("false")))) {
        a->has_success = true;
        a->success = yes;
    } else if (slice_eq(key, SLICE("size"))) {
        a->has_size = slice_to_u64(value, &a->size_bytes);
    } else if (slice_eq(key, SLICE("duplicate"))) {
        a->duplicate = yes;
    }
}

static bool take_member(struct cursor *c, struct answer *a)
{
    struct slice key, value;
    if (!take_string(c, &key) || !take_char(c, ':'))
        return false;
    skip_blanks(c);
    if (c->at == c->end)
        return false;
    if (*c->at == '{' || *c->at == '[')
        return skip_nested(c);
    if (*c->at == '"') {
        if (!take_string(c, &value))
            return false;
        note_string(a, key, value);
        return true;
    }
    if (!take_word(c, &value))
        return false;
    note_word(a, key, value);
    return true;
}

bool answer_read(struct slice text, struct answer *out)
{
    struct cursor c = {text.ptr, text.ptr + text.len};
    struct answer a = {0};
    *out = a;
    if (!take_char(&c, '{'))
        return false;
    bool more = !take_char(&c, '}');
    while (more) {
        if (!take_member(&c, &a))
            return false;
        more = take_char(&c, ',');
        if (!more && !take_char(&c, '}'))
            return false;
    }
    skip_blanks(&c);
    if (c.at != c.end)
        return false;
    *out = a;
    return true;
}
