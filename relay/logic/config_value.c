#include "relay/logic/config_value.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/quantity.h"
#include "lib/base/sha256.h"
#include "relay/logic/address.h"

enum { QUOTED_MAX = 60 };

void config_value_quote(struct buf *why, struct slice text)
{
    buf_add_char(why, '"');
    for (size_t i = 0; i < text.len && i < QUOTED_MAX; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        buf_add_char(why, c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
    buf_add_text(why, text.len > QUOTED_MAX ? "...\"" : "\"");
}

static enum err refuse(struct buf *why, struct slice value, const char *reason)
{
    config_value_quote(why, value);
    buf_add_text(why, reason);
    return ERR_INPUT;
}

static void print_amount(const struct config_key *row, uint64_t amount, struct buf *out)
{
    if (row->kind == CONFIG_KIND_SIZE)
        quantity_print_size(out, amount);
    else if (row->kind == CONFIG_KIND_DURATION)
        quantity_print_duration(out, amount);
    else
        buf_add_format(out, "%" PRIu64, amount);
}

/* NUMBER, SIZE and DURATION differ in how they are written, not in how they are judged. */
static enum err read_amount(const struct config_key *row, struct slice value, struct buf *why,
                            uint64_t *out)
{
    bool readable;
    const char *wanted;
    if (row->kind == CONFIG_KIND_SIZE) {
        readable = quantity_read_size(value, out);
        wanted = " is not a size; write bytes, or a number with K, M or G such as 32M";
    } else if (row->kind == CONFIG_KIND_DURATION) {
        readable = quantity_read_duration(value, out);
        wanted =
            " is not a time; write seconds such as 60 or 0.5, or a number with ms, s, m, h or d";
    } else {
        readable = slice_to_u64(value, out);
        wanted = " is not a whole number in range";
    }
    if (!readable)
        return refuse(why, value, wanted);
    if (*out >= row->min && *out <= row->max)
        return ERR_OK;
    bool small = *out < row->min;
    (void)refuse(why, value, small ? " is too small; at least " : " is too large; at most ");
    print_amount(row, small ? row->min : row->max, why);
    return ERR_INPUT;
}

static enum err read_flag(struct slice value, struct buf *why, bool *out)
{
    static const char *const WORDS[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (slice_eq_nocase(value, slice_of(WORDS[i]))) {
            *out = i % 2 == 1;
            return ERR_OK;
        }
    }
    return refuse(why, value, " is neither yes nor no");
}

static enum err read_choice(const struct config_key *row, struct slice value, struct buf *why,
                            unsigned *out)
{
    struct slice rest = slice_of(row->words);
    for (unsigned i = 0; rest.len > 0; i++) {
        if (slice_eq(value, slice_cut(rest, '|', &rest))) {
            *out = i;
            return ERR_OK;
        }
    }
    (void)refuse(why, value, " is not one of ");
    buf_add_text(why, row->words);
    return ERR_INPUT;
}

static bool has_control(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

/* Texts may be secret, so the reason never repeats them. */
static enum err check_text(const struct config_key *row, struct slice value, struct buf *why)
{
    if (value.len < row->min) {
        buf_add_text(why, "must not be empty");
        return ERR_INPUT;
    }
    if (value.len > row->max) {
        buf_add_format(why, "is too long; at most %" PRIu64 " bytes", row->max);
        return ERR_INPUT;
    }
    if (has_control(value)) {
        buf_add_text(why, "holds a control character");
        return ERR_INPUT;
    }
    return ERR_OK;
}

void config_value_hash(struct slice secret, uint8_t out[SHA256_BYTES])
{
    struct sha256 s;
    sha256_start(&s);
    sha256_add(&s, secret.ptr, secret.len);
    sha256_finish(&s, out);
}

static enum err read_secret(struct slice value, struct buf *why, struct config_secret *out)
{
    const struct slice HASHED = SLICE("sha256:");
    struct config_secret secret = {.set = value.len > 0};
    if (!slice_starts_nocase(value, HASHED)) {
        if (secret.set)
            config_value_hash(value, secret.sha256);
    } else if (!hex_decode((struct slice){value.ptr + HASHED.len, value.len - HASHED.len},
                           secret.sha256, SHA256_BYTES)) {
        buf_add_text(why, "sha256: must be followed by 64 hexadecimal digits");
        return ERR_INPUT;
    }
    *out = secret;
    return ERR_OK;
}

static enum err read_address(struct slice value, struct buf *why, char out[CONFIG_ADDRESS_MAX])
{
    if (value.len >= CONFIG_ADDRESS_MAX || !address_is_ip(value))
        return refuse(
            why, value,
            " is not an IP address such as 0.0.0.0, 127.0.0.1 or ::; names are not taken");
    return slice_to_text(value, out, CONFIG_ADDRESS_MAX) ? ERR_OK : ERR_INPUT;
}

/* host, host:port, [IPv6] or [IPv6]:port */
static bool is_authority(struct slice s)
{
    size_t end; /* of the host */
    if (s.len > 0 && s.ptr[0] == '[') {
        end = slice_find(s, ']');
        if (end == s.len || !address_is_ipv6((struct slice){s.ptr + 1, end - 1}))
            return false;
        end++;
    } else {
        end = slice_find(s, ':');
        if (end == 0)
            return false;
    }
    if (end == s.len)
        return true;
    uint64_t port;
    return s.ptr[end] == ':' &&
           slice_to_u64((struct slice){s.ptr + end + 1, s.len - end - 1}, &port) && port >= 1 &&
           port <= 65535;
}

enum err config_value_url(struct slice value, const char *path, char out[CONFIG_URL_MAX],
                          struct buf *why)
{
    const struct slice PLAIN = SLICE("http://"), TLS = SLICE("https://");
    size_t start = slice_starts_nocase(value, TLS) ? TLS.len : PLAIN.len;
    if (!slice_starts_nocase(value, PLAIN) && !slice_starts_nocase(value, TLS))
        return refuse(why, value, " does not begin with http:// or https://");
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] <= ' ' || value.ptr[i] >= 0x7f)
            return refuse(why, value, " holds a blank or a letter that must be percent-encoded");
    }
    size_t end = start; /* of the authority */
    while (end < value.len && strchr("/?#", value.ptr[end]) == NULL)
        end++;
    struct slice authority = {value.ptr + start, end - start};
    if (slice_find(authority, '@') < authority.len) {
        buf_add_text(why, "must not hold a user or password; use a token");
        return ERR_INPUT;
    }
    if (!is_authority(authority))
        return refuse(why, value, " has no proper host and port");
    if (slice_find(value, '#') < value.len || (end < value.len && value.ptr[end] == '?'))
        return refuse(why, value, " has no path before ? or a # in it");
    bool bare = value.len - end <= 1; /* nothing or "/" */
    struct buf text;
    buf_init(&text, out, CONFIG_URL_MAX);
    buf_add(&text, value.ptr, bare ? end : value.len);
    buf_add_text(&text, bare ? path : "");
    if (text.overflowed || buf_text(&text) == NULL) {
        buf_add_format(why, "is too long; at most %d bytes", CONFIG_URL_MAX - 1);
        return ERR_INPUT;
    }
    return ERR_OK;
}

static enum err read_number_field(const struct config_key *row, struct slice value, struct buf *why,
                                  void *field)
{
    uint64_t amount;
    enum err e = read_amount(row, value, why, &amount);
    if (e != ERR_OK)
        return e;
    if (row->kind == CONFIG_KIND_NUMBER)
        *(unsigned *)field = (unsigned)amount;
    else
        *(uint64_t *)field = amount;
    return ERR_OK;
}

static enum err read_text_field(const struct config_key *row, struct slice value, struct buf *why,
                                void *field)
{
    enum err e = check_text(row, value, why);
    if (e == ERR_OK && row->kind == CONFIG_KIND_SECRET)
        e = read_secret(value, why, field);
    else if (e == ERR_OK)
        (void)slice_to_text(value, field, (size_t)row->max + 1); /* check_text() saw that it fits */
    return e;
}

enum err config_value_read(void *base, const struct config_key *row, struct slice value,
                           struct buf *why)
{
    void *field = (char *)base + row->offset;
    switch (row->kind) {
    case CONFIG_KIND_NUMBER:
    case CONFIG_KIND_SIZE:
    case CONFIG_KIND_DURATION: return read_number_field(row, value, why, field);
    case CONFIG_KIND_TEXT:
    case CONFIG_KIND_SECRET: return read_text_field(row, value, why, field);
    case CONFIG_KIND_FLAG: return read_flag(value, why, field);
    case CONFIG_KIND_ADDRESS: return read_address(value, why, field);
    case CONFIG_KIND_URL: return config_value_url(value, "/upload", field, why);
    case CONFIG_KIND_CHOICE: return read_choice(row, value, why, field);
    case CONFIG_KIND_LIST: break;
    }
    assert(false); /* a list has no field */
    return ERR_INPUT;
}

static void print_choice(const struct config_key *row, unsigned index, struct buf *out)
{
    struct slice rest = slice_of(row->words), word = slice_cut(rest, '|', &rest);
    for (unsigned i = 0; i < index; i++)
        word = slice_cut(rest, '|', &rest);
    buf_add_slice(out, word);
}

void config_value_print(const void *base, const struct config_key *row, struct buf *out)
{
    const void *field = (const char *)base + row->offset;
    bool secret = (row->flags & CONFIG_FLAG_SECRET) != 0;
    switch (row->kind) {
    case CONFIG_KIND_NUMBER: print_amount(row, *(const unsigned *)field, out); break;
    case CONFIG_KIND_SIZE:
    case CONFIG_KIND_DURATION: print_amount(row, *(const uint64_t *)field, out); break;
    case CONFIG_KIND_FLAG: buf_add_text(out, *(const bool *)field ? "yes" : "no"); break;
    case CONFIG_KIND_TEXT:
    case CONFIG_KIND_ADDRESS:
    case CONFIG_KIND_URL:
        buf_add_text(out, secret && *(const char *)field != '\0' ? "(set)" : field);
        break;
    case CONFIG_KIND_SECRET:
        buf_add_text(out, ((const struct config_secret *)field)->set ? "(set)" : "");
        break;
    case CONFIG_KIND_CHOICE: print_choice(row, *(const unsigned *)field, out); break;
    case CONFIG_KIND_LIST: break;
    }
}
