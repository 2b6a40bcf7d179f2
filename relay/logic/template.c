#include "relay/logic/template.h"

#include <string.h>

#include "lib/base/utf8.h"

static const char *entity_of(uint32_t c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void template_escape(struct slice text, struct buf *out)
{
    while (text.len > 0) {
        struct slice before = text;
        bool valid;
        uint32_t c = utf8_next(&text, &valid);
        bool control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
        if (!valid || control)
            buf_add_text(out, "\xEF\xBF\xBD");
        else if (entity_of(c) != NULL)
            buf_add_text(out, entity_of(c));
        else
            buf_add(out, before.ptr, before.len - text.len);
    }
}

static bool find_text(struct slice s, const char *what, size_t *out_at)
{
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= s.len; i++) {
        const char *hit = memchr(s.ptr + i, what[0], s.len - len - i + 1);
        if (hit == NULL)
            return false;
        i = (size_t)(hit - s.ptr);
        if (memcmp(hit, what, len) == 0) {
            *out_at = i;
            return true;
        }
    }
    return false;
}

static struct slice from(struct slice s, size_t at)
{
    return (struct slice){s.ptr + at, s.len - at};
}

/* Takes the text before the next tag and the tag's inside from `*rest`. False: no tag is left. */
static bool next_tag(struct slice *rest, struct slice *out_text, struct slice *out_tag, bool *bad)
{
    size_t open, close;
    if (!find_text(*rest, "{{", &open))
        return false;
    struct slice inside = from(*rest, open + 2);
    *bad = !find_text(inside, "}}", &close) || close == 0;
    if (*bad)
        return false;
    *out_text = (struct slice){rest->ptr, open};
    *out_tag = (struct slice){inside.ptr, close};
    *rest = from(inside, close + 2);
    return true;
}

/* Cuts the inside of section `name` from the front of `*rest`, its end tag included. */
static bool cut_section(struct slice *rest, struct slice name, struct slice *out_inside)
{
    struct slice at = *rest, text, tag;
    bool bad = false;
    unsigned depth = 0;
    while (next_tag(&at, &text, &tag, &bad)) {
        bool same = slice_eq(from(tag, 1), name);
        if (tag.ptr[0] == '#' && same)
            depth++;
        if (tag.ptr[0] != '/' || !same)
            continue;
        if (depth-- > 0)
            continue;
        *out_inside = (struct slice){rest->ptr, (size_t)(tag.ptr - 2 - rest->ptr)};
        *rest = at;
        return true;
    }
    return false;
}

static bool write_value(const struct template_source *source, struct slice key, struct buf *out)
{
    char memory[TEMPLATE_VALUE_MAX];
    struct buf value;
    buf_init(&value, memory, sizeof memory);
    bool known = source->value(source->arg, key, &value);
    template_escape(buf_slice(&value), out);
    return known;
}

static bool render(struct slice text, const struct template_source *source, unsigned depth,
                   struct buf *out);

static bool write_section(struct slice inside, struct slice name,
                          const struct template_source *source, unsigned depth, struct buf *out)
{
    if (depth == TEMPLATE_DEPTH_MAX)
        return false;
    for (size_t i = 0; source->item(source->arg, name, i); i++)
        if (!render(inside, source, depth + 1, out))
            return false;
    return true;
}

/* Recursion is bounded by TEMPLATE_DEPTH_MAX, and the text is ours. */
static bool render(struct slice text, const struct template_source *source, unsigned depth,
                   struct buf *out)
{
    struct slice before, tag, inside;
    bool bad = false;
    while (next_tag(&text, &before, &tag, &bad)) {
        buf_add_slice(out, before);
        bool good = false;
        if (tag.ptr[0] == '#')
            good = cut_section(&text, from(tag, 1), &inside) &&
                   write_section(inside, from(tag, 1), source, depth, out);
        else if (tag.ptr[0] != '/')
            good = write_value(source, tag, out);
        if (!good)
            return false;
    }
    buf_add_slice(out, text);
    return !bad;
}

bool template_render(struct slice text, const struct template_source *source, struct buf *out)
{
    return render(text, source, 0, out);
}
