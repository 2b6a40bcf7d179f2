#include "relay/logic/names.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of the UTF-8 character at s[0], 0 if it is not one (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF). */
static size_t utf8_length(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xC2 && p[0] <= 0xDF   ? 2
               : p[0] >= 0xE0 && p[0] <= 0xEF ? 3
               : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4
                                              : 0;
    if (n == 0 || s.len < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool outside = (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F);
    return overlong || outside ? 0 : n;
}

static struct slice last_part(struct slice path)
{
    size_t start = 0;
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] == '/' || path.ptr[i] == '\\')
            start = i + 1;
    }
    return (struct slice){path.ptr + start, path.len - start};
}

static struct slice without_extension(struct slice name)
{
    for (size_t i = name.len; i > 0 && name.len - i < NAMES_EXTENSION_MAX; i--) {
        if (name.ptr[i - 1] == '.')
            return (struct slice){name.ptr, i - 1};
    }
    return name;
}

/* What one byte of plain ASCII becomes in a name; 0 = left out. */
static char clean_ascii(char c)
{
    if (is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return c;
    switch (c) {
    case '-':
    case '_':
    case '.':
    case '(':
    case ')':
    case '+':
    case '=':
    case '@':
    case ',': return c;
    case ' ': return '_';
    default: return '\0';
    }
}

/* Whole characters only, at most NAMES_STEM_MAX bytes. */
static size_t clean_stem(struct slice stem, char *out)
{
    size_t used = 0;
    while (stem.len > 0) {
        size_t n = utf8_length(stem);
        size_t step = n == 0 ? 1 : n;
        /* U+0080..U+009F are control characters as well. */
        bool control =
            n == 2 && (unsigned char)stem.ptr[0] == 0xC2 && (unsigned char)stem.ptr[1] < 0xA0;
        char ascii = n == 1 ? clean_ascii(stem.ptr[0]) : '\0';
        bool keep = n == 1 ? ascii != '\0' && !(used == 0 && ascii == '.') : n > 1 && !control;
        if (keep && used + n > NAMES_STEM_MAX)
            break;
        if (keep && n == 1)
            out[used++] = ascii;
        if (keep && n > 1) {
            memcpy(out + used, stem.ptr, n);
            used += n;
        }
        stem.ptr += step;
        stem.len -= step;
    }
    while (used > 0 && out[used - 1] == '.')
        used--;
    return used;
}

static bool is_stamp(const char *s)
{
    for (size_t i = 0; i < NAMES_STAMP_MAX - 1; i++) {
        if (i == 8 ? s[i] != '_' : !is_digit(s[i]))
            return false;
    }
    return true;
}

/* Does `stem` end in a stamp, or in a stamp with "_<digits>" behind it, as our own names do? */
static bool ends_stamped(const char *stem, size_t len)
{
    const size_t stamp = NAMES_STAMP_MAX - 1;
    if (len >= stamp && is_stamp(stem + len - stamp))
        return true;
    size_t end = len;
    while (end > 0 && is_digit(stem[end - 1]))
        end--;
    if (end == len || end < stamp + 1 || stem[end - 1] != '_')
        return false;
    return is_stamp(stem + end - 1 - stamp);
}

void names_make_base(struct slice sender, const char *stamp, struct names_base *out)
{
    assert(strlen(stamp) == NAMES_STAMP_MAX - 1);
    char stem[NAMES_STEM_MAX];
    size_t len = clean_stem(without_extension(last_part(sender)), stem);
    if (len == 0)
        len = (size_t)snprintf(stem, sizeof stem, "photo");
    snprintf(out->extension, sizeof out->extension, ".jpg");
    out->stamp_is_senders = ends_stamped(stem, len);
    if (out->stamp_is_senders)
        snprintf(out->base, sizeof out->base, "%.*s", (int)len, stem);
    else
        snprintf(out->base, sizeof out->base, "%.*s_%s", (int)len, stem, stamp);
}

void names_number(const struct names_base *base, uint32_t number, char *out, size_t cap)
{
    assert(number > 0);
    int n = number == 1 ? snprintf(out, cap, "%s%s", base->base, base->extension)
                        : snprintf(out, cap, "%s_%lu%s", base->base, (unsigned long)number,
                                   base->extension);
    assert(n > 0 && (size_t)n < cap); /* a base is far shorter than a file name may be */
    (void)n;
}
