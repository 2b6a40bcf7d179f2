/* A URL that is taken is shown as one that is taken again, without user, password and query; any
 * bytes survive as a path segment. */
#include "lib/wire/url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_shown(const struct url *u, size_t size)
{
    struct buf out;
    struct url again;
    char *memory = malloc(size + 32);
    check(memory != NULL);
    buf_init(&out, memory, size + 32);
    url_show(u, &out);
    check(!out.overflowed && url_split(buf_slice(&out), &again) == ERR_OK);
    check(!again.has_user && again.has_query == u->has_query && again.tls == u->tls);
    check(slice_eq(again.host, u->host) && slice_eq(again.path, u->path) && again.port == u->port);
    check(!again.has_query || slice_eq(again.query, SLICE("...")));
    free(memory);
}

static void check_segment(struct slice raw)
{
    struct buf out;
    size_t len;
    char *memory = malloc(raw.len * 3 + 1);
    char *back = malloc(raw.len + 1);
    check(memory != NULL && back != NULL);
    buf_init(&out, memory, raw.len * 3);
    url_encode_segment(raw, &out);
    check(!out.overflowed);
    enum err e = url_decode_segment(buf_slice(&out), back, raw.len, &len);
    check(e == (slice_find(raw, '\0') == raw.len ? ERR_OK : ERR_INPUT));
    check(e != ERR_OK || slice_eq((struct slice){back, len}, raw));
    if (url_decode_segment(raw, back, raw.len, &len) == ERR_OK)
        check(len <= raw.len);
    free(back);
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct url u;
    if (url_split(text, &u) == ERR_OK)
        check_shown(&u, size);
    check_segment(text);
    return 0;
}
