#include "lib/wire/http_field.h"

#include <string.h>

#include "lib/base/base64.h"
#include "lib/wire/timestamp.h"

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_token_char(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void advance(struct slice *s, size_t n)
{
    s->ptr += n;
    s->len -= n;
}

bool http_field_is_token(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_token_char(s.ptr[i]))
            return false;
    }
    return s.len > 0;
}

bool http_field_length(struct slice value, uint64_t *out_length)
{
    return slice_to_u64(slice_trim(value), out_length);
}

bool http_field_is_chunked(struct slice value)
{
    return slice_eq_nocase(slice_trim(value), SLICE("chunked"));
}

/* type "/" subtype, then parameters */
enum err http_field_media(struct slice value, struct http_field_media *out)
{
    size_t end = slice_find(value, ';');
    struct slice type = slice_trim((struct slice){value.ptr, end});
    struct slice subtype;
    struct slice main_type = slice_cut(type, '/', &subtype);
    if (!http_field_is_token(main_type) || !http_field_is_token(subtype))
        return ERR_INPUT;
    *out = (struct http_field_media){.type = type, .params = {value.ptr + end, value.len - end}};
    return ERR_OK;
}

bool http_field_media_is(const struct http_field_media *media, const char *type)
{
    return slice_eq_nocase(media->type, slice_of(type));
}

/* Behind the opening quote; moves `*rest` behind the closing one. */
static bool cut_quoted(struct slice *rest, struct slice *out)
{
    for (size_t i = 0; i < rest->len; i++) {
        if (rest->ptr[i] == '\\') {
            i++;
        } else if (rest->ptr[i] == '"') {
            *out = (struct slice){rest->ptr, i};
            advance(rest, i + 1);
            return true;
        }
    }
    return false;
}

static enum http_field_next read_param_value(struct slice *rest, struct http_field_param *p)
{
    p->has_value = true;
    *rest = slice_trim(*rest);
    if (rest->len == 0 || rest->ptr[0] != '"') {
        size_t end = slice_find(*rest, ';');
        p->value = slice_trim((struct slice){rest->ptr, end});
        advance(rest, end);
        return HTTP_FIELD_PARAM;
    }
    advance(rest, 1);
    p->quoted = true;
    if (!cut_quoted(rest, &p->value))
        return HTTP_FIELD_BAD;
    *rest = slice_trim(*rest);
    return rest->len == 0 || rest->ptr[0] == ';' ? HTTP_FIELD_PARAM : HTTP_FIELD_BAD;
}

enum http_field_next http_field_param_next(struct slice *rest, struct http_field_param *out)
{
    *rest = slice_trim(*rest);
    while (rest->len > 0 && rest->ptr[0] == ';') {
        advance(rest, 1);
        *rest = slice_trim(*rest);
    }
    if (rest->len == 0)
        return HTTP_FIELD_DONE;
    size_t end = 0;
    while (end < rest->len && rest->ptr[end] != '=' && rest->ptr[end] != ';')
        end++;
    struct http_field_param p = {.name = slice_trim((struct slice){rest->ptr, end})};
    if (!http_field_is_token(p.name))
        return HTTP_FIELD_BAD;
    advance(rest, end);
    enum http_field_next next = HTTP_FIELD_PARAM;
    if (rest->len > 0 && rest->ptr[0] == '=') {
        advance(rest, 1);
        next = read_param_value(rest, &p);
    }
    if (next == HTTP_FIELD_PARAM)
        *out = p;
    return next;
}

/* A key of RFC 8941 3.1.2. */
static size_t key_len(struct slice s)
{
    size_t n = 0;
    while (n < s.len && s.ptr[n] != '\0' &&
           ((s.ptr[n] >= 'a' && s.ptr[n] <= 'z') || s.ptr[n] == '*' ||
            (n > 0 && ((s.ptr[n] >= '0' && s.ptr[n] <= '9') || strchr("_-.", s.ptr[n]) != NULL))))
        n++;
    return n;
}

/* Takes one bare item: ":bytes:", "string", or anything made of token characters. */
static bool cut_item(struct slice *rest, struct slice *out)
{
    struct slice inside;
    if (rest->len > 0 && rest->ptr[0] == ':') {
        const char *from = rest->ptr;
        advance(rest, 1);
        size_t close = slice_find(*rest, ':');
        if (close == rest->len)
            return false;
        advance(rest, close + 1);
        *out = (struct slice){from, close + 2};
        return true;
    }
    if (rest->len > 0 && rest->ptr[0] == '"') {
        advance(rest, 1);
        bool closed = cut_quoted(rest, &inside);
        *out = (struct slice){0};
        return closed;
    }
    size_t n = 0;
    while (n < rest->len && (is_token_char(rest->ptr[n]) || strchr(":/?@", rest->ptr[n]) != NULL))
        n++;
    *out = (struct slice){rest->ptr, n};
    advance(rest, n);
    return n > 0;
}

/* key [ "=" item ]; an item that is not written is empty. */
static bool cut_key_item(struct slice *rest, struct slice *out_key, struct slice *out_item)
{
    *out_key = (struct slice){rest->ptr, key_len(*rest)};
    *out_item = (struct slice){0};
    advance(rest, out_key->len);
    if (out_key->len == 0)
        return false;
    if (rest->len == 0 || rest->ptr[0] != '=')
        return true;
    advance(rest, 1);
    return cut_item(rest, out_item);
}

static bool cut_params(struct slice *rest)
{
    while (rest->len > 0 && rest->ptr[0] == ';') {
        struct slice key;
        struct slice item;
        advance(rest, 1);
        while (rest->len > 0 && rest->ptr[0] == ' ')
            advance(rest, 1);
        if (!cut_key_item(rest, &key, &item))
            return false;
    }
    return true;
}

static bool read_sha256(struct slice item, uint8_t out[32])
{
    uint8_t bytes[32];
    size_t len;
    if (item.len < 2 || item.ptr[0] != ':' ||
        !base64_read((struct slice){item.ptr + 1, item.len - 2}, bytes, sizeof bytes, &len) ||
        len != sizeof bytes)
        return false;
    memcpy(out, bytes, sizeof bytes);
    return true;
}

enum err http_field_sha256(struct slice value, bool *out_found, uint8_t out[32])
{
    struct slice rest = slice_trim(value);
    bool found = false;
    uint8_t digest[32];
    while (rest.len > 0) {
        struct slice key;
        struct slice item;
        if (!cut_key_item(&rest, &key, &item) || !cut_params(&rest))
            return ERR_INPUT;
        if (slice_eq(key, SLICE("sha-256"))) {
            if (!read_sha256(item, digest))
                return ERR_INPUT;
            found = true;
        }
        rest = slice_trim(rest);
        if (rest.len == 0)
            break;
        if (rest.ptr[0] != ',')
            return ERR_INPUT;
        advance(&rest, 1);
        rest = slice_trim(rest);
        if (rest.len == 0)
            return ERR_INPUT; /* a comma at the end (RFC 8941 4.2.2) */
    }
    if (found)
        memcpy(out, digest, sizeof digest);
    *out_found = found;
    return ERR_OK;
}

/* "Bearer" blanks credentials; ptr NULL if the scheme is another one. */
static struct slice credentials(struct slice value, struct slice scheme)
{
    value = slice_trim(value);
    struct slice rest;
    struct slice first = slice_cut(value, ' ', &rest);
    return slice_eq_nocase(first, scheme) ? slice_trim(rest) : (struct slice){0};
}

bool http_field_bearer(struct slice value, struct slice *out_token)
{
    /* token68 of RFC 9110 11.2: characters, then "=" signs */
    struct slice token = credentials(value, SLICE("Bearer"));
    size_t end = token.len;
    while (end > 0 && token.ptr[end - 1] == '=')
        end--;
    for (size_t i = 0; i < end; i++) {
        char c = token.ptr[i];
        if (!is_alnum(c) && (c == '\0' || strchr("-._~+/", c) == NULL))
            return false;
    }
    if (end == 0)
        return false;
    *out_token = token;
    return true;
}

enum err http_field_basic(struct slice value, char *memory, size_t cap, struct slice *out_user,
                          struct slice *out_password)
{
    struct slice text = credentials(value, SLICE("Basic"));
    size_t len = 0;
    if (text.len == 0)
        return ERR_INPUT;
    if (text.len / 4 * 3 > cap + 2)
        return ERR_LIMIT;
    if (!base64_read(text, memory, cap, &len))
        return text.len / 4 * 3 > cap ? ERR_LIMIT : ERR_INPUT;
    struct slice all = {memory, len};
    size_t colon = slice_find(all, ':');
    if (colon == len || slice_find(all, '\0') != len)
        return ERR_INPUT;
    *out_user = (struct slice){memory, colon};
    *out_password = (struct slice){memory + colon + 1, len - colon - 1};
    return ERR_OK;
}

enum err http_field_retry_after(struct slice value, struct wall now, uint32_t *out_s)
{
    value = slice_trim(value);
    bool digits = value.len > 0;
    for (size_t i = 0; i < value.len; i++)
        digits = digits && value.ptr[i] >= '0' && value.ptr[i] <= '9';
    if (digits) {
        uint64_t seconds = UINT64_MAX;
        (void)slice_to_u64(value, &seconds); /* too long a number stays the largest */
        *out_s = seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
        return ERR_OK;
    }
    struct wall at;
    enum err e = timestamp_parse_http(value, now, &at);
    if (e != ERR_OK)
        return e;
    int64_t left_s = at.ms <= now.ms ? 0 : (at.ms - now.ms + 999) / 1000;
    *out_s = left_s > UINT32_MAX ? UINT32_MAX : (uint32_t)left_s;
    return ERR_OK;
}

/* The last `count` bytes. */
static enum http_field_range suffix_range(uint64_t count, uint64_t size,
                                          struct http_field_span *out)
{
    if (count == 0 || size == 0)
        return HTTP_FIELD_RANGE_UNSATISFIABLE;
    uint64_t len = count < size ? count : size;
    *out = (struct http_field_span){.first = size - len, .len = len};
    return HTTP_FIELD_RANGE_ONE;
}

/* A number too large for us is larger than any file: the largest will do. */
static bool read_position(struct slice digits, uint64_t *out)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
    }
    *out = UINT64_MAX;
    (void)slice_to_u64(digits, out); /* see above */
    return digits.len > 0;
}

enum http_field_range http_field_range(struct slice value, uint64_t size,
                                       struct http_field_span *out_span)
{
    struct slice rest;
    struct slice unit = slice_cut(slice_trim(value), '=', &rest);
    if (!slice_eq_nocase(unit, SLICE("bytes")))
        return HTTP_FIELD_RANGE_NONE;
    struct slice last_text;
    rest = slice_trim(rest);
    struct slice first_text = slice_cut(rest, '-', &last_text);
    uint64_t first;
    uint64_t last = UINT64_MAX;
    if (first_text.len == rest.len)
        return HTTP_FIELD_RANGE_NONE;
    if (first_text.len == 0)
        return read_position(last_text, &last) ? suffix_range(last, size, out_span)
                                               : HTTP_FIELD_RANGE_NONE;
    if (!read_position(first_text, &first))
        return HTTP_FIELD_RANGE_NONE;
    if (last_text.len > 0 && (!read_position(last_text, &last) || last < first))
        return HTTP_FIELD_RANGE_NONE;
    if (first >= size)
        return HTTP_FIELD_RANGE_UNSATISFIABLE;
    last = last < size ? last : size - 1;
    *out_span = (struct http_field_span){.first = first, .len = last - first + 1};
    return HTTP_FIELD_RANGE_ONE;
}

/* Takes one [W/]"..." with the comma behind it from the front; empty elements are skipped. False:
 * malformed, or nothing left. */
static bool next_etag(struct slice *rest, struct slice *out_quoted)
{
    while (rest->len > 0 && (rest->ptr[0] == ',' || rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
        advance(rest, 1);
    if (rest->len >= 2 && memcmp(rest->ptr, "W/", 2) == 0)
        advance(rest, 2);
    if (rest->len == 0 || rest->ptr[0] != '"')
        return false;
    const char *from = rest->ptr;
    advance(rest, 1);
    size_t close = slice_find(*rest, '"'); /* an etag has no escapes */
    if (close == rest->len)
        return false;
    advance(rest, close + 1);
    *out_quoted = (struct slice){from, close + 2};
    *rest = slice_trim(*rest);
    return rest->len == 0 || rest->ptr[0] == ',';
}

bool http_field_has_etag(struct slice value, struct slice etag)
{
    struct slice ours;
    if (slice_eq(slice_trim(value), SLICE("*")))
        return true;
    if (!next_etag(&etag, &ours))
        return false;
    bool found = false;
    struct slice one;
    while (next_etag(&value, &one))
        found = found || slice_eq(one, ours);
    return found && slice_trim(value).len == 0;
}

/* ";q=0.8" in thousandths; 1000 without one. Malformed counts as 0. */
static unsigned weight_of(struct slice params)
{
    struct http_field_param p;
    while (http_field_param_next(&params, &p) == HTTP_FIELD_PARAM) {
        if (!slice_eq_nocase(p.name, SLICE("q")))
            continue;
        struct slice decimals;
        struct slice whole = slice_cut(p.value, '.', &decimals);
        uint64_t value = 0;
        if (!slice_to_u64(whole, &value) || value > 1 || decimals.len > 3)
            return 0;
        unsigned weight = (unsigned)value * 1000;
        unsigned unit = 100;
        for (size_t i = 0; i < decimals.len; i++, unit /= 10) {
            if (decimals.ptr[i] < '0' || decimals.ptr[i] > '9')
                return 0;
            weight += unit * (unsigned)(decimals.ptr[i] - '0');
        }
        return weight <= 1000 ? weight : 0;
    }
    return 1000;
}

struct wish {
    unsigned weight;
    unsigned place; /* in the list, from 1; 0 = not named */
};

static bool is_language(struct slice tag, struct slice language)
{
    return slice_starts_nocase(tag, language) &&
           (tag.len == language.len || tag.ptr[language.len] == '-');
}

static void raise(struct wish *wish, unsigned weight, unsigned place)
{
    if (wish->place == 0 || weight > wish->weight)
        *wish = (struct wish){weight, place};
}

bool http_field_prefers_korean(struct slice value)
{
    struct wish korean = {0};
    struct wish english = {0};
    struct wish any = {0};
    for (unsigned place = 1; value.len > 0; place++) {
        struct slice element = slice_cut(value, ',', &value);
        size_t end = slice_find(element, ';');
        struct slice tag = slice_trim((struct slice){element.ptr, end});
        unsigned weight = weight_of((struct slice){element.ptr + end, element.len - end});
        if (is_language(tag, SLICE("ko")))
            raise(&korean, weight, place);
        else if (is_language(tag, SLICE("en")))
            raise(&english, weight, place);
        else if (slice_eq(tag, SLICE("*")))
            raise(&any, weight, place);
    }
    if (korean.place == 0 || korean.weight == 0)
        return false; /* "*" alone is no wish for Korean */
    if (english.place == 0)
        english = any;
    if (korean.weight != english.weight)
        return korean.weight > english.weight;
    return english.place == 0 || korean.place < english.place;
}
