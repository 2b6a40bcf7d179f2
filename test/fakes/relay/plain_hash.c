#include "test/fakes/relay/plain_hash.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "lib/base/sha256.h"

struct hash_stream {
    struct sha256 sum;
};

static atomic_uint s_open;

static enum err begin(void *ctx, struct hash_stream **out_stream)
{
    (void)ctx;
    struct hash_stream *s = malloc(sizeof *s);
    if (s == NULL)
        return ERR_BUSY;
    sha256_start(&s->sum);
    atomic_fetch_add(&s_open, 1);
    *out_stream = s;
    return ERR_OK;
}

static void update(void *ctx, struct hash_stream *s, const void *data, size_t len)
{
    (void)ctx;
    sha256_add(&s->sum, data, len);
}

static void discard(void *ctx, struct hash_stream *s)
{
    (void)ctx;
    if (s != NULL)
        atomic_fetch_sub(&s_open, 1);
    free(s);
}

static void finish(void *ctx, struct hash_stream *s, uint8_t out_sha256[HASH_BYTES])
{
    sha256_finish(&s->sum, out_sha256);
    discard(ctx, s);
}

struct hash plain_hash(void)
{
    return (struct hash){.begin = begin, .update = update, .finish = finish, .discard = discard};
}

unsigned plain_hash_open_count(void)
{
    return atomic_load(&s_open);
}
