/* Whatever stands in a sent_files.json, a receipt or a list: no crash, no byte read past the end,
 * the same names whether it comes whole or in pieces, and receipts that keep their own rules. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "relay/port/json_jansson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
    const uint8_t *data;
    size_t len, at, piece;
};

struct names {
    uint64_t count;
    uint64_t sum; /* of all bytes and their places */
};

static enum err read_text(void *ctx, void *out, size_t cap, size_t *out_len)
{
    struct text *t = ctx;
    size_t n = t->len - t->at;
    n = n < cap ? n : cap;
    n = n < t->piece ? n : t->piece;
    memcpy(out, t->data + t->at, n);
    t->at += n;
    *out_len = n;
    return ERR_OK;
}

static bool on_name(void *arg, const char *name)
{
    struct names *n = arg;
    size_t len = strlen(name);
    assert(len > 0 && len < PHOTO_NAME_MAX && strchr(name, '/') == NULL);
    assert(utf8_valid((struct slice){name, len}));
    n->count++;
    for (size_t i = 0; i < len; i++)
        n->sum = n->sum * 31 + (unsigned char)name[i];
    return true;
}

static enum err read_names(const struct json *j, struct text t, struct names *out,
                           struct json_trouble *trouble)
{
    struct json_source source = {.ctx = &t, .read = read_text};
    return j->names(j->ctx, &source, on_name, out, trouble);
}

static bool on_entry(void *arg, const struct json_listed *entry)
{
    assert(entry->filename[0] != '\0' && strlen(entry->filename) < PHOTO_NAME_MAX);
    return --*(unsigned *)arg > 0;
}

static void check_receipt(const struct json *j, const char *text, size_t len)
{
    struct json_receipt r;
    memset(&r, 0xa5, sizeof r);
    j->receipt(j->ctx, text, len, &r);
    assert(r.is_object || (!r.has_success && !r.has_size && !r.has_sha256 && !r.has_filename));
    assert(strlen(r.error) < sizeof r.error && strlen(r.code) < sizeof r.code);
    assert(strlen(r.filename) < sizeof r.filename);
    assert(!r.sha256_readable || r.has_sha256);
    for (const char *c = r.error; *c != '\0'; c++)
        assert((unsigned char)*c >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json j = json_jansson();
    struct names whole = {0}, pieces = {0};
    struct json_trouble a, b;
    size_t piece = size > 0 ? data[0] % 7 + 1u : 1u;
    enum err e = read_names(&j, (struct text){data, size, 0, SIZE_MAX}, &whole, &a);
    enum err again = read_names(&j, (struct text){data, size, 0, piece}, &pieces, &b);
    assert(e == again && whole.count == pieces.count && whole.sum == pieces.sum);
    assert(a.offset == b.offset && a.line == b.line && strcmp(a.text, b.text) == 0);
    assert((e == ERR_OK) == (a.text[0] == '\0') && a.offset <= size);

    char *copy = malloc(size > 0 ? size : 1); /* ends exactly where the text ends */
    assert(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    check_receipt(&j, copy, size);
    unsigned most = 1000;
    bool complete;
    (void)j.listing(j.ctx, (struct slice){copy, size}, on_entry, &most, &complete);
    free(copy);
    return 0;
}
