#include "camera/logic/settings.h"

#include <inttypes.h>
#include <string.h>

#include "camera/logic/trigger.h"
#include "lib/base/crc32.h"
#include "lib/base/hex.h"

#define SETTING_TEXT(name, standard, size, secrecy, meaning)                                       \
    {#name, SETTINGS_TEXT, secrecy, 0,       size,                                                 \
     0,     standard,      NULL,    meaning, offsetof(struct settings, name)},
#define SETTING_NUMBER(name, standard, least, most, meaning)                                       \
    {#name,         SETTINGS_NUMBER,                                                               \
     SETTINGS_OPEN, least,                                                                         \
     most,          standard,                                                                      \
     NULL,          NULL,                                                                          \
     meaning,       offsetof(struct settings, name)},
#define SETTING_CHOICE(name, standard, words, meaning)                                             \
    {#name,                                                                                        \
     SETTINGS_CHOICE,                                                                              \
     SETTINGS_OPEN,                                                                                \
     0,                                                                                            \
     0,                                                                                            \
     standard,                                                                                     \
     NULL,                                                                                         \
     words,                                                                                        \
     meaning,                                                                                      \
     offsetof(struct settings, name)},
const struct settings_row settings_rows[] = {
#include "camera/logic/settings.def"
};
#undef SETTING_TEXT
#undef SETTING_NUMBER
#undef SETTING_CHOICE

const unsigned settings_rows_count = sizeof settings_rows / sizeof settings_rows[0];

/* Names that were used before, and by the sketch in the description. */
static const struct {
    const char *old;
    const char *now;
} RENAMED[] = {
    {"rpiServerIP", "relay_host"},
    {"rpiServerPort", "relay_port"},
    {"rpiServerPath", "relay_path"},
};

static char *text_of(struct settings *s, const struct settings_row *row)
{
    return (char *)s + row->offset;
}

static const char *text_in(const struct settings *s, const struct settings_row *row)
{
    return (const char *)s + row->offset;
}

static int32_t *number_of(struct settings *s, const struct settings_row *row)
{
    return (int32_t *)(void *)((char *)s + row->offset);
}

static int32_t number_in(const struct settings *s, const struct settings_row *row)
{
    return *(const int32_t *)(const void *)((const char *)s + row->offset);
}

void settings_defaults(struct settings *s)
{
    memset(s, 0, sizeof *s);
    for (unsigned i = 0; i < settings_rows_count; i++) {
        const struct settings_row *row = &settings_rows[i];
        if (row->kind == SETTINGS_TEXT)
            memcpy(text_of(s, row), row->standard_text, strlen(row->standard_text) + 1);
        else
            *number_of(s, row) = row->standard;
    }
}

const struct settings_row *settings_find(struct slice name)
{
    for (unsigned i = 0; i < sizeof RENAMED / sizeof RENAMED[0]; i++) {
        if (slice_eq(name, slice_of(RENAMED[i].old)))
            name = slice_of(RENAMED[i].now);
    }
    for (unsigned i = 0; i < settings_rows_count; i++) {
        if (slice_eq(name, slice_of(settings_rows[i].name)))
            return &settings_rows[i];
    }
    return NULL;
}

/* ---- what may stand in a text ---- */

static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == 0x7F)
            return false;
    }
    return true;
}

static bool is_plain(struct slice s, const char *also)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || strchr(also, c) == NULL))
            return false;
    }
    return true;
}

static bool is_address(struct slice s)
{
    if (s.len == 0)
        return true;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t part;
        if (s.len == 0 || !slice_to_u64(slice_cut(s, '.', &s), &part) || part > 255)
            return false;
    }
    return s.len == 0;
}

/* What goes into a request line or field must not be able to end it. */
static enum err check_text(const struct settings_row *row, struct slice v)
{
    struct slice name = slice_of(row->name);
    bool good = is_printable(v);
    if (slice_eq(name, SLICE("device")))
        good = is_plain(v, "-_.");
    else if (slice_eq(name, SLICE("relay_host")))
        good = is_plain(v, "-_.:");
    else if (slice_eq(name, SLICE("relay_path")))
        good = v.len > 0 && v.ptr[0] == '/' && is_plain(v, "-._~%!$&'()*+,;=:@/?");
    else if (slice_eq(name, SLICE("relay_token")))
        good = is_plain(v, "-._~+/=");
    else if (slice_starts_nocase(name, SLICE("ip_")))
        good = is_address(v);
    else if (slice_starts_nocase(name, SLICE("password")) ||
             slice_eq(name, SLICE("admin_password")))
        good = good && (v.len == 0 || v.len >= 8); /* WPA: 8 to 63 characters */
    if (slice_eq(name, SLICE("windows"))) {
        struct trigger_config unused;
        return trigger_read_windows(v, &unused);
    }
    return good ? ERR_OK : ERR_INPUT;
}

static bool read_number(struct slice v, int64_t *out)
{
    bool minus = v.len > 0 && v.ptr[0] == '-';
    if (minus)
        v = (struct slice){v.ptr + 1, v.len - 1};
    uint64_t n;
    if (!slice_to_u64(v, &n) || n > INT32_MAX)
        return false;
    *out = minus ? -(int64_t)n : (int64_t)n;
    return true;
}

static bool read_choice(const char *words, struct slice v, int32_t *out)
{
    struct slice rest = slice_of(words);
    for (int32_t i = 0; rest.len > 0; i++) {
        if (slice_eq(slice_cut(rest, '|', &rest), v)) {
            *out = i;
            return true;
        }
    }
    return false;
}

enum err settings_set(struct settings *s, struct slice name, struct slice value)
{
    const struct settings_row *row = settings_find(name);
    if (row == NULL)
        return ERR_INPUT;
    int64_t n;
    switch (row->kind) {
    case SETTINGS_TEXT:
        if (value.len > (size_t)row->most)
            return ERR_LIMIT;
        if (check_text(row, value) != ERR_OK || slice_find(value, '\0') != value.len)
            return ERR_INPUT;
        memset(text_of(s, row), 0, (size_t)row->most + 1); /* nothing of an old secret stays */
        return slice_to_text(value, text_of(s, row), (size_t)row->most + 1) ? ERR_OK : ERR_INPUT;
    case SETTINGS_NUMBER:
        if (!read_number(value, &n))
            return ERR_INPUT;
        if (n < row->least || n > row->most)
            return ERR_LIMIT;
        *number_of(s, row) = (int32_t)n;
        return ERR_OK;
    case SETTINGS_CHOICE:
        return read_choice(row->words, value, number_of(s, row)) ? ERR_OK : ERR_INPUT;
    }
    return ERR_INPUT;
}

/* ---- as text ---- */

static void put_value(const struct settings *s, const struct settings_row *row, struct buf *out)
{
    struct slice rest;
    switch (row->kind) {
    case SETTINGS_TEXT: buf_add_text(out, text_in(s, row)); return;
    case SETTINGS_NUMBER: buf_add_format(out, "%" PRId32, number_in(s, row)); return;
    case SETTINGS_CHOICE:
        rest = slice_of(row->words);
        for (int32_t i = number_in(s, row); i > 0; i--)
            (void)slice_cut(rest, '|', &rest); /* skips a word */
        buf_add_slice(out, slice_cut(rest, '|', &rest));
        return;
    }
}

void settings_put(const struct settings *s, const struct settings_row *row, struct buf *out)
{
    if (row->secrecy == SETTINGS_OPEN)
        put_value(s, row, out);
    else if (text_in(s, row)[0] != '\0')
        buf_add_text(out, "(set)");
}

static const char HEADING[] = "camrelay-camera ";

bool settings_save(const struct settings *s, struct buf *out)
{
    buf_add_format(out, "%s%d\n", HEADING, SETTINGS_VERSION);
    for (unsigned i = 0; i < settings_rows_count; i++) {
        buf_add_format(out, "%s=", settings_rows[i].name);
        put_value(s, &settings_rows[i], out);
        buf_add_char(out, '\n');
    }
    if (out->overflowed)
        return false;
    buf_add_format(out, "end %08" PRIX32 "\n", crc32_add(0, out->ptr, out->len));
    return !out->overflowed;
}

/* The text before the "end" line, if that line is the last and its CRC is right. */
static bool check_end(struct slice text, struct slice *out_body)
{
    enum { END_BYTES = 13 }; /* "end 1A2B3C4D\n" */
    if (text.len < END_BYTES)
        return false;
    struct slice body = {text.ptr, text.len - END_BYTES};
    struct slice end = {text.ptr + body.len, END_BYTES};
    uint8_t crc[4];
    if (!slice_starts_nocase(end, SLICE("end ")) || end.ptr[END_BYTES - 1] != '\n' ||
        !hex_decode((struct slice){end.ptr + 4, 8}, crc, sizeof crc))
        return false;
    uint32_t said =
        (uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 | (uint32_t)crc[2] << 8 | (uint32_t)crc[3];
    *out_body = body;
    return said == crc32_add(0, body.ptr, body.len);
}

enum err settings_load(struct settings *s, struct slice text, unsigned *out_refused)
{
    settings_defaults(s);
    *out_refused = 0;
    struct slice rest;
    if (!check_end(text, &rest))
        return ERR_CORRUPT;
    struct slice first = slice_cut(rest, '\n', &rest);
    if (!slice_starts_nocase(first, slice_of(HEADING)))
        return ERR_CORRUPT;
    while (rest.len > 0) {
        struct slice value;
        struct slice name = slice_cut(slice_cut(rest, '\n', &rest), '=', &value);
        if (settings_set(s, name, value) != ERR_OK)
            (*out_refused)++;
    }
    return ERR_OK;
}
