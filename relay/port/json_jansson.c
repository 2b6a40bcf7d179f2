#include "relay/port/json_jansson.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/hex.h"
#include "lib/base/slice.h"
#include "lib/base/utf8.h"

enum {
    /* A value starts in a window that holds at least JSON_VALUE_MAX bytes, or all that is left. */
    WINDOW_BYTES = 2 * JSON_VALUE_MAX,
};

/* ---- small things ---- */

static size_t text_len(const json_t *v)
{
    return json_string_length(v);
}

/* For people: whole characters, no control characters. */
static void copy_text(const json_t *v, char *out, size_t cap)
{
    out[0] = '\0';
    if (!json_is_string(v))
        return;
    size_t len = utf8_cut((struct slice){json_string_value(v), text_len(v)}, cap - 1);
    for (size_t i = 0; i < len; i++) {
        char c = json_string_value(v)[i];
        out[i] = (unsigned char)c < 0x20 || c == 0x7f ? ' ' : c;
    }
    out[len] = '\0';
}

static void copy_name(const json_t *v, char out[PHOTO_NAME_MAX])
{
    if (!slice_to_text((struct slice){json_string_value(v), text_len(v)}, out, PHOTO_NAME_MAX))
        out[0] = '\0';
}

static bool read_size(const json_t *v, uint64_t *out)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return false;
    *out = (uint64_t)json_integer_value(v);
    return true;
}

/* ---- receipt ---- */

static void read_success(const json_t *v, struct json_receipt *out)
{
    out->has_success = json_is_boolean(v) || json_is_number(v);
    out->success = json_is_true(v) || (json_is_number(v) && json_number_value(v) != 0);
}

static void read_hash(const json_t *v, struct json_receipt *out)
{
    if (!json_is_string(v))
        return;
    out->has_sha256 = true;
    out->sha256_readable = hex_decode((struct slice){json_string_value(v), text_len(v)},
                                      out->sha256, sizeof out->sha256);
}

static void read_fields(const json_t *root, struct json_receipt *out)
{
    read_success(json_object_get(root, "success"), out);
    read_hash(json_object_get(root, "sha256"), out);
    const json_t *size = json_object_get(root, "size");
    out->has_size = json_is_number(size);
    if (out->has_size && !read_size(size, &out->size_bytes))
        out->size_bytes = UINT64_MAX; /* a number no photo has as its size */
    const json_t *name = json_object_get(root, "filename");
    out->has_filename = json_is_string(name);
    if (out->has_filename) { /* a name too long for us is one all the same */
        struct slice text = {json_string_value(name), text_len(name)};
        text.len = utf8_cut(text, sizeof out->filename - 1);
        (void)slice_to_text(text, out->filename, sizeof out->filename);
    }
    out->duplicate = json_is_true(json_object_get(root, "duplicate"));
    copy_text(json_object_get(root, "code"), out->code, sizeof out->code);
    copy_text(json_object_get(root, "error"), out->error, sizeof out->error);
}

static struct slice without_mark(const char *text, size_t len)
{
    size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* RFC 8259 8.1 */
    return (struct slice){text + mark, len - mark};
}

static void receipt(void *ctx, const char *text, size_t len, struct json_receipt *out)
{
    (void)ctx;
    *out = (struct json_receipt){0};
    struct slice s = without_mark(text, len);
    if (s.len == 0)
        return;
    json_error_t error;
    json_t *root = json_loadb(s.ptr, s.len, JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, &error);
    if (json_is_object(root)) {
        out->is_object = true;
        read_fields(root, out);
    } else if (root == NULL && json_error_code(&error) == json_error_numeric_overflow) {
        /* JSON with a number that is no size of any photo. */
        size_t blanks = 0;
        while (blanks < s.len && strchr(" \t\r\n", s.ptr[blanks]) != NULL && s.ptr[blanks] != '\0')
            blanks++;
        out->is_object = out->has_size = blanks < s.len && s.ptr[blanks] == '{';
        out->size_bytes = out->is_object ? UINT64_MAX : 0;
    }
    json_decref(root);
}

/* ---- a text read value by value ---- */

struct window {
    const struct json_source *source; /* NULL: all of the text is here */
    char *memory;                     /* WINDOW_BYTES, if there is a source */
    const char *at;
    size_t left;
    bool ended; /* nothing comes behind `left` */
    uint64_t offset, line;
    enum err failed; /* what the source said */
};

static void fill(struct window *w)
{
    if (w->ended || w->left >= JSON_VALUE_MAX)
        return;
    memmove(w->memory, w->at, w->left);
    w->at = w->memory;
    while (!w->ended && w->left < WINDOW_BYTES) {
        size_t got = 0;
        w->failed =
            w->source->read(w->source->ctx, w->memory + w->left, WINDOW_BYTES - w->left, &got);
        w->ended = w->failed != ERR_OK || got == 0;
        if (!w->ended)
            w->left += got;
    }
}

static void advance(struct window *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        w->line += w->at[i] == '\n';
    w->at += n;
    w->left -= n;
    w->offset += n;
}

/* The next byte that is no blank; '\0' at the end. */
static char look(struct window *w)
{
    for (;;) {
        fill(w);
        size_t n = 0;
        while (n < w->left &&
               (w->at[n] == ' ' || w->at[n] == '\t' || w->at[n] == '\n' || w->at[n] == '\r'))
            n++;
        advance(w, n);
        if (w->left > 0)
            return w->at[0];
        if (w->ended)
            return '\0';
    }
}

static bool take_char(struct window *w, char c)
{
    if (look(w) != c || w->left == 0)
        return false;
    advance(w, 1);
    return true;
}

/* One whole value of at most JSON_VALUE_MAX bytes; NULL if there is none, with the reason. */
static json_t *take_value(struct window *w, char *why, size_t cap)
{
    json_error_t error;
    (void)look(w);
    size_t len = w->left < JSON_VALUE_MAX ? w->left : JSON_VALUE_MAX;
    json_t *v =
        json_loadb(w->at, len, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (v != NULL)
        advance(w, (size_t)error.position);
    else
        (void)snprintf(why, cap, "%.*s", (int)cap - 1, error.text);
    return v;
}

/* Stands before the first value of an array: of the text itself, or of the member of the object
 * that is `key`, or if `key` is NULL of the first member that is an array. */
static bool find_array(struct window *w, const char *key, bool *out_is_object, char *why,
                       size_t cap)
{
    *out_is_object = false;
    fill(w);
    advance(w, w->left - without_mark(w->at, w->left).len);
    if (take_char(w, '['))
        return true;
    (void)snprintf(why, cap, "neither an array nor an object");
    if (!take_char(w, '{'))
        return false;
    *out_is_object = true;
    do {
        (void)snprintf(why, cap, "there is no array in the object");
        if (look(w) == '}')
            return false;
        json_t *name = take_value(w, why, cap);
        bool wanted =
            json_is_string(name) && (key == NULL || strcmp(json_string_value(name), key) == 0);
        bool is_key = json_is_string(name);
        json_decref(name);
        if (!is_key || !take_char(w, ':')) {
            if (is_key)
                (void)snprintf(why, cap, "a ':' was expected");
            return false;
        }
        if (wanted && take_char(w, '['))
            return true;
        json_t *other = take_value(w, why, cap);
        if (other == NULL)
            return false;
        json_decref(other);
    } while (take_char(w, ','));
    return false;
}

/* ---- listing ---- */

static bool read_entry(const json_t *v, struct json_listed *out)
{
    const json_t *name = v;
    *out = (struct json_listed){0};
    if (json_is_object(v)) {
        name = json_object_get(v, "filename");
        if (name == NULL)
            name = json_object_get(v, "name");
        out->has_size = read_size(json_object_get(v, "size"), &out->size_bytes);
        const json_t *hash = json_object_get(v, "sha256");
        out->has_sha256 = json_is_string(hash) &&
                          hex_decode((struct slice){json_string_value(hash), text_len(hash)},
                                     out->sha256, sizeof out->sha256);
    }
    if (!json_is_string(name))
        return false;
    copy_name(name, out->filename);
    return out->filename[0] != '\0';
}

static enum err listing(void *ctx, struct slice text,
                        bool (*each)(void *arg, const struct json_listed *entry), void *arg,
                        bool *out_whole)
{
    (void)ctx;
    char why[JSON_TEXT_MAX];
    bool is_object;
    struct window w = {.at = text.ptr, .left = text.len, .ended = true, .line = 1};
    if (text.len == 0 || !find_array(&w, "files", &is_object, why, sizeof why))
        return ERR_INPUT;

    *out_whole = true;
    bool more = look(&w) != ']';
    while (more) {
        json_t *v = take_value(&w, why, sizeof why);
        if (v == NULL)
            break;
        struct json_listed entry;
        bool is_entry = read_entry(v, &entry);
        json_decref(v);
        if (is_entry && !each(arg, &entry))
            return ERR_OK;
        more = take_char(&w, ',');
    }
    *out_whole = take_char(&w, ']');
    return ERR_OK;
}

/* ---- names ---- */

struct names {
    struct window w;
    bool (*each)(void *arg, const char *name);
    void *arg;
    uint64_t count;
    struct json_trouble *trouble;
};

static enum err complain(struct names *n, enum err e, const char *why)
{
    n->trouble->offset = n->w.offset;
    n->trouble->line = n->w.line;
    (void)snprintf(n->trouble->text, sizeof n->trouble->text, "%s", why);
    return n->w.failed != ERR_OK ? n->w.failed : e;
}

static bool is_file_name(const json_t *v)
{
    size_t len = text_len(v);
    const char *text = json_string_value(v);
    return len > 0 && len < PHOTO_NAME_MAX && memchr(text, '\0', len) == NULL &&
           memchr(text, '/', len) == NULL;
}

static enum err one_name(struct names *n)
{
    char why[JSON_TEXT_MAX];
    if (look(&n->w) != '"')
        return complain(n, ERR_CORRUPT, "a name in quotes was expected");
    json_t *v = take_value(&n->w, why, sizeof why);
    if (v == NULL)
        return complain(n, ERR_CORRUPT, why);
    bool wanted = !is_file_name(v) || n->each(n->arg, json_string_value(v));
    json_decref(v);
    if (!wanted)
        return complain(n, ERR_LIMIT, "the rest was not wanted");
    n->count++;
    if (n->count > JSON_NAMES_MAX)
        return complain(n, ERR_LIMIT, "more names than are taken");
    if (n->w.offset > JSON_NAMES_BYTES_MAX)
        return complain(n, ERR_LIMIT, "the text is too long");
    return ERR_OK;
}

/* Behind the array: the rest of the object, then nothing. */
static enum err read_tail(struct names *n)
{
    char why[JSON_TEXT_MAX] = "a '}' was expected";
    while (n->trouble->is_object && take_char(&n->w, ',')) {
        json_t *key = take_value(&n->w, why, sizeof why);
        bool is_key = json_is_string(key) && take_char(&n->w, ':');
        json_decref(key);
        json_t *v = is_key ? take_value(&n->w, why, sizeof why) : NULL;
        bool whole = v != NULL;
        json_decref(v);
        if (!whole || n->w.offset > JSON_NAMES_BYTES_MAX)
            return complain(n, ERR_CORRUPT, why);
    }
    if (n->trouble->is_object && !take_char(&n->w, '}'))
        return complain(n, ERR_CORRUPT, why);
    if (look(&n->w) != '\0' || n->w.left > 0 || n->w.failed != ERR_OK)
        return complain(n, ERR_CORRUPT, "something stands behind the end");
    return ERR_OK;
}

static enum err read_names(struct names *n)
{
    char why[JSON_TEXT_MAX];
    if (!find_array(&n->w, NULL, &n->trouble->is_object, why, sizeof why))
        return complain(n, ERR_CORRUPT, why);
    bool more = look(&n->w) != ']';
    while (more) {
        enum err e = one_name(n);
        if (e != ERR_OK)
            return e;
        more = take_char(&n->w, ',');
    }
    if (!take_char(&n->w, ']'))
        return complain(n, ERR_CORRUPT, "a ',' or ']' was expected");
    return read_tail(n);
}

static enum err names(void *ctx, const struct json_source *source,
                      bool (*each)(void *arg, const char *name), void *arg,
                      struct json_trouble *out_trouble)
{
    (void)ctx;
    *out_trouble = (struct json_trouble){0};
    char *memory = malloc(WINDOW_BYTES);
    if (memory == NULL)
        return ERR_FULL;
    struct names n = {
        .w = {.source = source, .memory = memory, .at = memory, .line = 1},
        .each = each,
        .arg = arg,
        .trouble = out_trouble,
    };
    enum err e = read_names(&n);
    free(memory);
    return e;
}

/* ---- every value with its path ---- */

struct walk {
    bool (*each)(void *arg, const char *path, const char *value);
    void *arg;
    struct buf path; /* of the value at hand */
};

static bool tell(struct walk *w, const json_t *v)
{
    char number[32];
    struct buf text;
    const char *path = buf_text(&w->path), *value = NULL;
    if (w->path.overflowed || path == NULL)
        return true;
    buf_init(&text, number, sizeof number);
    if (json_is_string(v))
        value = json_string_value(v);
    else if (json_is_boolean(v))
        value = json_is_true(v) ? "true" : "false";
    else if (json_is_integer(v))
        buf_add_format(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (json_is_real(v))
        buf_add_format(&text, "%.17g", json_real_value(v));
    return w->each(w->arg, path, text.len > 0 ? buf_text(&text) : value);
}

static bool walk(struct walk *w, const json_t *v);

/* One step down to `child`, whose name or number is `step`. */
static bool descend(struct walk *w, const char *step, const json_t *child)
{
    size_t before = w->path.len;
    bool was_cut = w->path.overflowed;
    buf_add_format(&w->path, before == 0 ? "%s" : ".%s", step);
    bool on = walk(w, child);
    w->path.len = before;
    w->path.overflowed = was_cut;
    return on;
}

/* As deep as jansson itself reads (2,048 levels). */
static bool walk(struct walk *w, const json_t *v) /* NOLINT(misc-no-recursion) */
{
    if (json_is_array(v)) {
        char step[24];
        for (size_t i = 0; i < json_array_size(v); i++) {
            (void)snprintf(step, sizeof step, "%zu", i);
            if (!descend(w, step, json_array_get(v, i)))
                return false;
        }
        return true;
    }
    if (!json_is_object(v))
        return tell(w, v);
    for (void *at = json_object_iter((json_t *)(uintptr_t)v); at != NULL;
         at = json_object_iter_next((json_t *)(uintptr_t)v, at)) {
        if (!descend(w, json_object_iter_key(at), json_object_iter_value(at)))
            return false;
    }
    return true;
}

static enum err values(void *ctx, const char *text, size_t len,
                       bool (*each)(void *arg, const char *path, const char *value), void *arg)
{
    (void)ctx;
    struct slice s = without_mark(text, len);
    json_error_t error;
    json_t *root = s.len == 0 ? NULL : json_loadb(s.ptr, s.len, JSON_DECODE_ANY, &error);
    if (root == NULL)
        return s.len != 0 && json_error_code(&error) == json_error_out_of_memory ? ERR_FULL
                                                                                 : ERR_INPUT;
    char path[JSON_PATH_MAX];
    struct walk w = {.each = each, .arg = arg};
    buf_init(&w.path, path, sizeof path);
    (void)walk(&w, root);
    json_decref(root);
    return ERR_OK;
}

struct json json_jansson(void)
{
    return (struct json){.receipt = receipt, .listing = listing, .names = names, .values = values};
}
