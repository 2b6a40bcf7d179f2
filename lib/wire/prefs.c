#include "lib/wire/prefs.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/crc32.h"
#include "lib/base/hex.h"
#include "lib/wire/form.h"
#include "lib/wire/json_out.h"

static char *text_of(void *values, const struct prefs_row *row)
{
    return (char *)values + row->offset;
}

static const char *text_in(const void *values, const struct prefs_row *row)
{
    return (const char *)values + row->offset;
}

static int32_t *number_of(void *values, const struct prefs_row *row)
{
    return (int32_t *)(void *)((char *)values + row->offset);
}

static int32_t number_in(const void *values, const struct prefs_row *row)
{
    return *(const int32_t *)(const void *)((const char *)values + row->offset);
}

void prefs_defaults(const struct prefs_table *t, void *values)
{
    memset(values, 0, t->values_bytes);
    for (unsigned i = 0; i < t->count; i++) {
        const struct prefs_row *row = &t->rows[i];
        if (row->kind == PREFS_TEXT)
            memcpy(text_of(values, row), row->standard_text, strlen(row->standard_text) + 1);
        else
            *number_of(values, row) = row->standard;
    }
}

const struct prefs_row *prefs_find(const struct prefs_table *t, struct slice name)
{
    for (unsigned i = 0; i < t->renamed_count; i++) {
        if (slice_eq(name, slice_of(t->renamed[i].old)))
            name = slice_of(t->renamed[i].now);
    }
    for (unsigned i = 0; i < t->count; i++) {
        if (slice_eq(name, slice_of(t->rows[i].name)))
            return &t->rows[i];
    }
    return NULL;
}

/* ---- what may stand in a text ---- */

bool prefs_is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == 0x7F)
            return false;
    }
    return true;
}

bool prefs_is_plain(struct slice s, const char *also)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || strchr(also, c) == NULL))
            return false;
    }
    return true;
}

bool prefs_is_address(struct slice s)
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

bool prefs_is_passphrase(struct slice s)
{
    return prefs_is_printable(s) && (s.len == 0 || s.len >= 8);
}

/* ---- one value ---- */

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

static enum err set_text(const struct prefs_table *t, void *values, const struct prefs_row *row,
                         struct slice value)
{
    if (value.len > (size_t)row->most)
        return ERR_LIMIT;
    if (slice_find(value, '\0') != value.len || t->check(row, value) != ERR_OK)
        return ERR_INPUT;
    memset(text_of(values, row), 0, (size_t)row->most + 1); /* nothing of an old secret stays */
    return slice_to_text(value, text_of(values, row), (size_t)row->most + 1) ? ERR_OK : ERR_INPUT;
}

static enum err set_number(const struct prefs_table *t, void *values, const struct prefs_row *row,
                           struct slice value)
{
    int64_t n;
    if (!read_number(value, &n))
        return ERR_INPUT;
    if (n < row->least || n > row->most)
        return ERR_LIMIT;
    if (t->check(row, value) != ERR_OK)
        return ERR_INPUT;
    *number_of(values, row) = (int32_t)n;
    return ERR_OK;
}

enum err prefs_set(const struct prefs_table *t, void *values, struct slice name, struct slice value)
{
    const struct prefs_row *row = prefs_find(t, name);
    if (row == NULL)
        return ERR_INPUT;
    switch (row->kind) {
    case PREFS_TEXT: return set_text(t, values, row, value);
    case PREFS_NUMBER: return set_number(t, values, row, value);
    case PREFS_CHOICE:
        return read_choice(row->words, value, number_of(values, row)) ? ERR_OK : ERR_INPUT;
    }
    return ERR_INPUT;
}

bool prefs_same(const struct prefs_row *row, const void *a, const void *b)
{
    if (row->kind == PREFS_TEXT)
        return strcmp(text_in(a, row), text_in(b, row)) == 0;
    return number_in(a, row) == number_in(b, row);
}

/* ---- as text ---- */

static void put_value(const void *values, const struct prefs_row *row, struct buf *out)
{
    struct slice rest;
    switch (row->kind) {
    case PREFS_TEXT: buf_add_text(out, text_in(values, row)); return;
    case PREFS_NUMBER: buf_add_format(out, "%" PRId32, number_in(values, row)); return;
    case PREFS_CHOICE:
        rest = slice_of(row->words);
        for (int32_t i = number_in(values, row); i > 0; i--)
            (void)slice_cut(rest, '|', &rest); /* skips a word */
        buf_add_slice(out, slice_cut(rest, '|', &rest));
        return;
    }
}

void prefs_put(const void *values, const struct prefs_row *row, struct buf *out)
{
    if (row->secrecy == PREFS_OPEN)
        put_value(values, row, out);
    else if (text_in(values, row)[0] != '\0')
        buf_add_text(out, "(set)");
}

bool prefs_save(const struct prefs_table *t, const void *values, struct buf *out)
{
    buf_add_format(out, "%s%d\n", t->heading, t->version);
    for (unsigned i = 0; i < t->count; i++) {
        buf_add_format(out, "%s=", t->rows[i].name);
        put_value(values, &t->rows[i], out);
        buf_add_char(out, '\n');
    }
    if (out->overflowed)
        return false;
    buf_add_format(out, "end %08" PRIX32 "\n", crc32_add(0, out->ptr, out->len));
    return !out->overflowed;
}

/* The lines between the heading and "end", if the CRC there is right. */
static bool check_ends(const struct prefs_table *t, struct slice text, struct slice *out_body)
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
    return said == crc32_add(0, body.ptr, body.len) &&
           slice_starts_nocase(slice_cut(body, '\n', out_body), slice_of(t->heading));
}

bool prefs_is_whole(const struct prefs_table *t, struct slice text)
{
    struct slice body;
    return check_ends(t, text, &body);
}

enum err prefs_load(const struct prefs_table *t, void *values, struct slice text,
                    unsigned *out_refused)
{
    prefs_defaults(t, values);
    *out_refused = 0;
    struct slice rest;
    if (!check_ends(t, text, &rest))
        return ERR_CORRUPT;
    while (rest.len > 0) {
        struct slice value;
        struct slice name = slice_cut(slice_cut(rest, '\n', &rest), '=', &value);
        if (prefs_set(t, values, name, value) != ERR_OK)
            (*out_refused)++;
    }
    return ERR_OK;
}

/* ---- for pages ---- */

static const char *kind_name(const struct prefs_row *row)
{
    if (row->secrecy == PREFS_SECRET)
        return "secret";
    switch (row->kind) {
    case PREFS_TEXT: return "text";
    case PREFS_NUMBER: return "number";
    case PREFS_CHOICE: return "choice";
    }
    return "";
}

static void put_row(const void *values, const struct prefs_row *row, struct json_out *j)
{
    char text[PREFS_VALUE_MAX];
    struct buf value;
    buf_init(&value, text, sizeof text);
    prefs_put(values, row, &value);
    json_out_object(j);
    json_out_put_text(j, "name", row->name);
    json_out_put_text(j, "kind", kind_name(row));
    if (row->secrecy == PREFS_SECRET)
        json_out_put_bool(j, "set", value.len > 0);
    else
        json_out_put_slice(j, "value", buf_slice(&value));
    json_out_put_int(j, "least", row->least);
    json_out_put_int(j, "most", row->most);
    if (row->kind == PREFS_CHOICE)
        json_out_put_text(j, "words", row->words);
    json_out_put_text(j, "meaning", row->meaning);
    json_out_object_end(j);
}

bool prefs_put_json(const struct prefs_table *t, const void *values, struct buf *out)
{
    struct json_out j;
    json_out_init(&j, out);
    json_out_array(&j);
    for (unsigned i = 0; i < t->count; i++)
        put_row(values, &t->rows[i], &j);
    json_out_array_end(&j);
    return !out->overflowed;
}

enum err prefs_take_form(const struct prefs_table *t, void *values, void *scratch,
                         struct slice form, struct buf *out_wrong)
{
    struct form_field f;
    enum form_next next;
    memcpy(scratch, values, t->values_bytes);
    while ((next = form_next_field(&form, &f)) == FORM_FIELD) {
        const struct prefs_row *row = prefs_find(t, slice_of(f.name));
        if (row != NULL && row->secrecy == PREFS_SECRET && f.value[0] == '\0')
            continue;
        enum err e = prefs_set(t, scratch, slice_of(f.name), slice_of(f.value));
        if (e != ERR_OK) {
            buf_add_text(out_wrong, f.name);
            return e;
        }
    }
    if (next == FORM_BAD)
        return ERR_INPUT;
    memcpy(values, scratch, t->values_bytes);
    return ERR_OK;
}
