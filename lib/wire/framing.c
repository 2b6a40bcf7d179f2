#include "lib/wire/framing.h"

#include <string.h>

#include "lib/wire/target.h"

static void refuse(struct framing *f, unsigned status, const char *code, const char *error)
{
    if (f->status != 0)
        return;
    f->status = status;
    f->code = code;
    f->error = error;
}

static void malformed(struct framing *f, const char *error)
{
    refuse(f, 400, "malformed", error);
}

/* RFC 9110 5.6.2: tchar. */
static bool is_token_char(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_token_char(s.ptr[i]))
            return false;
    }
    return s.len > 0;
}

static bool is_field_value(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

void framing_begin(struct framing *f, struct slice method, struct slice target,
                   struct slice version)
{
    *f = (struct framing){0};
    if (!is_token(method))
        malformed(f, "The method in the request line is not one word.");
    if (!target_is_sound(target, slice_eq(method, SLICE("OPTIONS"))))
        malformed(f, "The request line does not name a path.");
    f->http_1_0 = slice_eq(version, SLICE("HTTP/1.0"));
    if (!f->http_1_0 && !slice_eq(version, SLICE("HTTP/1.1")))
        refuse(f, 505, "http_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
}

/* RFC 3986 3.2.2 and a port. A comma would be two hosts joined by somebody on the way. */
static bool is_host(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool plain = is_token_char(c) && c != '#' && c != '^' && c != '`' && c != '|';
        if (!plain && (c == '\0' || strchr(":[]()=;", c) == NULL))
            return false;
    }
    return true;
}

static void take_host(struct framing *f, struct slice value)
{
    if (f->has_host)
        malformed(f, "There are two Host headers.");
    if (!is_host(value))
        malformed(f, "The Host header is not a host.");
    f->has_host = true;
}

static void take_length(struct framing *f, struct slice value)
{
    uint64_t length = 0;
    if (f->has_length)
        malformed(f, "There are two Content-Length headers.");
    if (!slice_to_u64(value, &length))
        malformed(f, "Content-Length is not a number.");
    f->has_length = true;
    f->length = length;
}

static void take_encoding(struct framing *f, struct slice value)
{
    if (f->has_encoding)
        malformed(f, "There are two Transfer-Encoding headers.");
    if (!slice_eq_nocase(value, SLICE("chunked")))
        malformed(f, "The only Transfer-Encoding taken here is chunked.");
    f->has_encoding = true;
    f->chunked = true;
}

static void take_expect(struct framing *f, struct slice value)
{
    if (slice_eq_nocase(value, SLICE("100-continue")))
        f->expects_continue = !f->http_1_0;
    else if (value.len > 0) /* some cameras send an empty one */
        refuse(f, 417, "expectation", "The only Expect met here is 100-continue.");
}

void framing_header(struct framing *f, struct slice name, struct slice value)
{
    if (!is_token(name))
        malformed(f, "A header name is empty, folded, or holds a blank or an odd character.");
    if (!is_field_value(value))
        malformed(f, "A header value holds a control character.");
    value = slice_trim(value);
    if (slice_eq_nocase(name, SLICE("Host")))
        take_host(f, value);
    else if (slice_eq_nocase(name, SLICE("Content-Length")))
        take_length(f, value);
    else if (slice_eq_nocase(name, SLICE("Transfer-Encoding")))
        take_encoding(f, value);
    else if (slice_eq_nocase(name, SLICE("Expect")))
        take_expect(f, value);
}

bool framing_end(struct framing *f)
{
    if (f->has_length && f->has_encoding)
        malformed(f, "Content-Length and Transfer-Encoding exclude each other.");
    if (f->has_encoding && f->http_1_0)
        malformed(f, "HTTP/1.0 knows no Transfer-Encoding.");
    if (!f->has_host && !f->http_1_0)
        malformed(f, "HTTP/1.1 needs a Host header.");
    return f->status == 0;
}
