#include "relay/logic/parcel.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/hex.h"
#include "lib/base/sha256.h"
#include "lib/wire/multipart_writer.h"
#include "lib/wire/timestamp.h"
#include "lib/wire/url.h"
#include "relay/logic/medium.h"

enum { SHA256_TEXT = 2 * SHA256_BYTES };

/* A line that is whole or absent. */
static void add_header(struct parcel *p, const char *name, struct slice value)
{
    assert(p->header_count < PARCEL_HEADERS);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c < 0x20 || c == 0x7f) /* would end the line, and begin another one */
            return;
    }
    struct buf line;
    buf_init(&line, p->headers[p->header_count].line, sizeof p->headers[0].line);
    buf_add_text(&line, name);
    buf_add_text(&line, ": ");
    buf_add_slice(&line, value);
    if (buf_text(&line) != NULL && !line.overflowed)
        p->header_count++;
}

static void add_number(struct parcel *p, const char *name, uint64_t value)
{
    char text[24];
    struct buf b;
    buf_init(&b, text, sizeof text);
    buf_add_format(&b, "%" PRIu64, value);
    add_header(p, name, buf_slice(&b));
}

static void add_token(struct parcel *p, const char *token)
{
    if (token == NULL || token[0] == '\0')
        return;
    char text[1000];
    struct buf b;
    buf_init(&b, text, sizeof text);
    buf_add_text(&b, "Bearer ");
    buf_add_text(&b, token);
    if (!b.overflowed)
        add_header(p, "Authorization", buf_slice(&b));
}

void parcel_key(const struct photo *photo, char out[PARCEL_KEY_MAX])
{
    struct sha256 s;
    uint8_t name_hash[SHA256_BYTES];
    sha256_start(&s);
    sha256_add(&s, photo->name, strlen(photo->name));
    sha256_finish(&s, name_hash);

    hex_encode(photo->sha256, SHA256_BYTES, out);
    out[SHA256_TEXT] = '-';
    hex_encode(name_hash, 8, out + SHA256_TEXT + 1);
}

static void add_identity(struct parcel *p, const struct photo *photo)
{
    char key[PARCEL_KEY_MAX], text[PARCEL_KEY_MAX + 2];
    struct buf b;
    parcel_key(photo, key);
    buf_init(&b, text, sizeof text);
    buf_add_char(&b, '"');
    buf_add_text(&b, key);
    buf_add_char(&b, '"');
    add_header(p, "Idempotency-Key", buf_slice(&b));

    char digest[BASE64_TEXT_LEN(SHA256_BYTES) + 1], line[sizeof digest + 16];
    base64_write(photo->sha256, SHA256_BYTES, digest);
    buf_init(&b, line, sizeof line);
    buf_add_format(&b, "sha-256=:%s:", digest);
    add_header(p, "Repr-Digest", buf_slice(&b));
}

static void add_origin(struct parcel *p, const struct photo *photo)
{
    if (photo->camera[0] != '\0')
        add_header(p, "X-Camera-Id", slice_of(photo->camera));
    if (photo->captured.ms != 0) {
        char text[TIMESTAMP_TEXT_MAX];
        timestamp_format(photo->captured, true, text);
        add_header(p, "X-Captured-At", slice_of(text));
    }
    if (photo->has_seq) {
        add_number(p, "X-Camera-Boot", photo->boot);
        add_number(p, "X-Camera-Seq", photo->seq);
    }
}

static const char *type_of(const struct photo *photo)
{
    enum medium m = MEDIUM_JPEG;
    (void)medium_of_name(slice_of(photo->name), &m); /* every stored file has such a name */
    return medium_type(m);
}

static void add_body(struct parcel *p, const struct photo *photo)
{
    char boundary[MULTIPART_WRITER_BOUNDARY_LEN + 1], type[128];
    multipart_writer_boundary(photo->sha256, boundary);
    struct slice edge = slice_of(boundary);
    struct multipart_writer_file file = {
        .name = SLICE("file"),
        .filename = slice_of(photo->name),
        .content_type = slice_of(type_of(photo)),
    };

    struct buf b;
    buf_init(&b, type, sizeof type);
    multipart_writer_content_type(&b, edge);
    add_header(p, "Content-Type", buf_slice(&b));

    buf_init(&b, p->prefix, sizeof p->prefix);
    multipart_writer_file(&b, edge, &file);
    assert(!b.overflowed);
    p->prefix_len = b.len;

    buf_init(&b, p->suffix, sizeof p->suffix);
    multipart_writer_end(&b, edge);
    assert(!b.overflowed);
    p->suffix_len = b.len;
}

void parcel_make(struct parcel *p, const struct photo *photo, const char *token)
{
    p->header_count = 0;
    add_identity(p, photo);
    add_origin(p, photo);
    add_token(p, token);
    add_body(p, photo);
}

void parcel_make_question(struct parcel *p, const char *token)
{
    p->header_count = 0;
    p->prefix_len = 0;
    p->suffix_len = 0;
    add_token(p, token);
}

enum err parcel_list_url(const char *upload_url, unsigned limit, char *out, size_t cap)
{
    struct slice text = slice_of(upload_url);
    struct url u;
    enum err e = url_split(text, &u);
    if (e != ERR_OK)
        return e;

    /* What stands before the path (scheme, login, host, port) stays as it was written. */
    size_t end = u.path.len > 0 ? (size_t)(u.path.ptr - text.ptr) + u.path.len
                                : slice_find(text, u.has_query ? '?' : '\0');
    struct slice base = {text.ptr, end};
    while (u.path.len > 0 && base.ptr[base.len - 1] != '/')
        base.len--;

    struct buf b;
    buf_init(&b, out, cap);
    buf_add_slice(&b, base);
    if (u.path.len == 0)
        buf_add_char(&b, '/');
    buf_add_format(&b, "list?limit=%u", limit);
    return buf_text(&b) != NULL && !b.overflowed ? ERR_OK : ERR_LIMIT;
}
