#include "lib/base/utf8.h"

#include <assert.h>

/* What a first byte promises: how many more bytes, and the range of the next one, which keeps out
 * overlong forms, surrogates and what lies above U+10FFFF. */
struct lead {
    unsigned more; /* 0: not a first byte of anything longer than ASCII */
    uint8_t low;
    uint8_t high;
};

static struct lead lead_of(uint8_t first)
{
    if (first >= 0xC2 && first <= 0xDF)
        return (struct lead){1, 0x80, 0xBF};
    if (first >= 0xE0 && first <= 0xEF)
        return (struct lead){2, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF};
    if (first >= 0xF0 && first <= 0xF4)
        return (struct lead){3, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF};
    return (struct lead){0, 0, 0};
}

static void advance(struct slice *s, size_t n)
{
    s->ptr += n;
    s->len -= n;
}

uint32_t utf8_next(struct slice *rest, bool *out_valid)
{
    assert(rest->len > 0);
    uint8_t first = (uint8_t)rest->ptr[0];
    struct lead lead = lead_of(first);
    *out_valid = first < 0x80;
    if (lead.more == 0) {
        advance(rest, 1);
        return *out_valid ? first : UTF8_REPLACEMENT;
    }
    uint32_t code = first & (0x3Fu >> lead.more);
    size_t at = 1;
    for (; at <= lead.more && at < rest->len; at++) {
        uint8_t byte = (uint8_t)rest->ptr[at];
        if (byte < (at == 1 ? lead.low : 0x80) || byte > (at == 1 ? lead.high : 0xBF))
            break;
        code = code << 6 | (byte & 0x3Fu);
    }
    *out_valid = at == lead.more + 1;
    advance(rest, at);
    return *out_valid ? code : UTF8_REPLACEMENT;
}

bool utf8_valid(struct slice s)
{
    bool valid = true;
    while (valid && s.len > 0)
        (void)utf8_next(&s, &valid); /* only its verdict matters */
    return valid;
}

size_t utf8_cut(struct slice s, size_t max)
{
    if (s.len <= max)
        return s.len;
    struct slice rest = s;
    size_t cut = 0;
    while (rest.len > 0) {
        bool valid;
        (void)utf8_next(&rest, &valid); /* only its length matters */
        if (s.len - rest.len > max)
            break;
        cut = s.len - rest.len;
    }
    return cut;
}
