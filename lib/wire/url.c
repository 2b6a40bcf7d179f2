#include "lib/wire/url.h"

#include <string.h>

#include "lib/base/hex.h"

static bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static bool is_escape(struct slice s, size_t at)
{
    uint8_t byte;
    return s.len - at >= 3 && s.ptr[at] == '%' &&
           hex_decode((struct slice){s.ptr + at + 1, 2}, &byte, 1);
}

/* Nothing but unreserved characters, percent escapes and these. */
static bool made_of(struct slice s, const char *more)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (is_escape(s, i))
            i += 2;
        else if (c == '\0' || (!is_unreserved(c) && strchr(more, c) == NULL))
            return false;
    }
    return true;
}

static bool read_port(struct slice text, uint16_t *port)
{
    uint64_t number;
    if (text.len == 0)
        return true; /* "host:" is the usual port (RFC 3986 6.2.3) */
    if (!slice_to_u64(text, &number) || number == 0 || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* Only the characters are checked; whether it is an address is for the resolver to say. */
static bool is_ipv6_text(struct slice s)
{
    bool colon = false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        colon = colon || c == ':';
        if (c != ':' && c != '.' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f') &&
            !(c >= 'A' && c <= 'F'))
            return false;
    }
    return colon;
}

static bool read_host(struct slice text, struct url *u)
{
    struct slice port = {0};
    if (text.len > 0 && text.ptr[0] == '[') {
        size_t close = slice_find(text, ']');
        if (close == text.len)
            return false;
        u->host = (struct slice){text.ptr + 1, close - 1};
        u->host_is_ipv6 = true;
        struct slice behind = {text.ptr + close + 1, text.len - close - 1};
        struct slice nothing = slice_cut(behind, ':', &port);
        return nothing.len == 0 && is_ipv6_text(u->host) && read_port(port, &u->port);
    }
    u->host = slice_cut(text, ':', &port);
    return u->host.len > 0 && made_of(u->host, "!$&'()*+,;=") && read_port(port, &u->port);
}

static bool read_user(struct slice text, struct url *u)
{
    u->has_user = true;
    u->user = slice_cut(text, ':', &u->password);
    return made_of(u->user, "!$&'()*+,;=") && made_of(u->password, "!$&'()*+,;=:");
}

static bool read_authority(struct slice text, struct url *u)
{
    size_t at = slice_find(text, '@');
    if (at == text.len)
        return read_host(text, u);
    struct slice host = {text.ptr + at + 1, text.len - at - 1};
    return read_user((struct slice){text.ptr, at}, u) && read_host(host, u);
}

static bool read_scheme(struct slice *rest, struct url *u)
{
    u->tls = slice_starts_nocase(*rest, SLICE("https://"));
    if (!u->tls && !slice_starts_nocase(*rest, SLICE("http://")))
        return false;
    u->port = u->tls ? 443 : 80;
    size_t len = u->tls ? 8 : 7;
    *rest = (struct slice){rest->ptr + len, rest->len - len};
    return true;
}

enum err url_split(struct slice text, struct url *out)
{
    struct url u = {0};
    struct slice rest = text;
    if (!read_scheme(&rest, &u))
        return ERR_INPUT;
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    struct slice tail = {rest.ptr + end, rest.len - end};
    size_t mark = slice_find(tail, '?');
    u.path = (struct slice){tail.ptr, mark};
    u.has_query = mark < tail.len;
    if (u.has_query)
        u.query = (struct slice){tail.ptr + mark + 1, tail.len - mark - 1};
    if (!read_authority((struct slice){rest.ptr, end}, &u) || !made_of(u.path, "!$&'()*+,;=:@/") ||
        !made_of(u.query, "!$&'()*+,;=:@/?"))
        return ERR_INPUT;
    *out = u;
    return ERR_OK;
}

void url_show(const struct url *u, struct buf *out)
{
    buf_add_text(out, u->tls ? "https://" : "http://");
    if (u->host_is_ipv6)
        buf_add_char(out, '[');
    buf_add_slice(out, u->host);
    if (u->host_is_ipv6)
        buf_add_char(out, ']');
    if (u->port != (u->tls ? 443 : 80))
        buf_add_format(out, ":%u", (unsigned)u->port);
    buf_add_slice(out, u->path);
    if (u->has_query)
        buf_add_text(out, "?...");
}

void url_encode_segment(struct slice segment, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < segment.len; i++) {
        unsigned char byte = (unsigned char)segment.ptr[i];
        const char escape[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        if (is_unreserved(segment.ptr[i]))
            buf_add_char(out, segment.ptr[i]);
        else
            buf_add(out, escape, sizeof escape);
    }
}

enum err url_decode_segment(struct slice segment, char *out, size_t cap, size_t *out_len)
{
    size_t len = 0;
    for (size_t i = 0; i < segment.len; i++) {
        char c = segment.ptr[i];
        if (c == '%') {
            if (!is_escape(segment, i))
                return ERR_INPUT;
            (void)hex_decode((struct slice){segment.ptr + i + 1, 2}, &c, 1); /* just checked */
            i += 2;
        }
        if (c == '\0')
            return ERR_INPUT;
        if (len == cap)
            return ERR_LIMIT;
        out[len++] = c;
    }
    *out_len = len;
    return ERR_OK;
}
