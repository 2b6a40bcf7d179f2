/* Every reader of a field value over the same bytes: nothing outside them is read, and what is
 * given back lies inside them. */
#include "lib/wire/http_field.h"

#include <stdlib.h>
#include <string.h>

#include "lib/wire/disposition.h"
#include "lib/wire/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static bool inside(struct slice part, struct slice all)
{
    return part.len == 0 || (part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len);
}

static void read_params(struct slice value)
{
    struct http_field_media media;
    struct http_field_param param;
    struct slice boundary;
    static struct multipart reader;
    if (multipart_boundary(value, &boundary) == MULTIPART_KIND_BOUNDED)
        check(inside(boundary, value) && multipart_init(&reader, boundary));
    if (http_field_media(value, &media) != ERR_OK)
        return;
    check(inside(media.type, value));
    while (http_field_param_next(&media.params, &param) == HTTP_FIELD_PARAM)
        check(inside(param.name, value) && inside(param.value, value));
}

static void read_credentials(struct slice value)
{
    char memory[32];
    struct slice user = {0};
    struct slice password = {0};
    struct slice token = {0};
    if (http_field_bearer(value, &token))
        check(token.len > 0 && inside(token, value));
    if (http_field_basic(value, memory, sizeof memory, &user, &password) == ERR_OK)
        check(user.len + password.len < sizeof memory);
}

static void read_numbers(struct slice value)
{
    uint64_t length;
    uint32_t seconds;
    struct http_field_span span;
    uint8_t digest[32];
    bool found;
    if (http_field_length(value, &length))
        check(!http_field_is_chunked(value));
    check(http_field_retry_after(value, (struct wall){1}, &seconds) != ERR_LIMIT);
    check(http_field_sha256(value, &found, digest) != ERR_LIMIT);
    for (uint64_t size = 0; size < 20; size += 19) {
        if (http_field_range(value, size, &span) == HTTP_FIELD_RANGE_ONE)
            check(span.len >= 1 && span.first < size && span.len <= size - span.first);
    }
}

static void read_disposition(struct slice value)
{
    struct disposition d;
    char *copy = malloc(value.len + 1);
    check(copy != NULL);
    memcpy(copy, value.ptr, value.len);
    struct slice all = {copy, value.len};
    if (disposition_parse(copy, value.len, &d) == ERR_OK) {
        check(inside(d.type, all) && inside(d.name, all) && inside(d.filename, all));
        check(slice_find(d.name, '\0') == d.name.len);
        check(slice_find(d.filename, '\0') == d.filename.len);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice value = {(const char *)data, size};
    read_params(value);
    read_credentials(value);
    read_numbers(value);
    read_disposition(value);
    if (http_field_is_token(value))
        check(!http_field_has_etag(value, SLICE("\"x\"")) || slice_eq(value, SLICE("*")));
    (void)http_field_has_etag(value, value); /* must end and stay inside */
    (void)http_field_prefers_korean(value);  /* likewise */
    return 0;
}
