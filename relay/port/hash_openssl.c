#include "relay/port/hash_openssl.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

struct hash_stream {
    EVP_MD_CTX *ctx;
};

struct hash_openssl {
    struct hash calls;
    EVP_MD *sha256;
    pthread_mutex_t lock; /* of the spare ones */
    struct hash_stream *spare[HASH_OPENSSL_SPARE_MAX];
    size_t spare_count;
    size_t out_count; /* streams begun and not over */
};

static void free_stream(struct hash_stream *s)
{
    if (s == NULL)
        return;
    EVP_MD_CTX_free(s->ctx);
    free(s);
}

static struct hash_stream *new_stream(void)
{
    struct hash_stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->ctx = EVP_MD_CTX_new();
    if (s->ctx != NULL)
        return s;
    free(s);
    return NULL;
}

static struct hash_stream *take_stream(struct hash_openssl *h)
{
    struct hash_stream *s = NULL;
    pthread_mutex_lock(&h->lock);
    if (h->spare_count > 0)
        s = h->spare[--h->spare_count];
    h->out_count++;
    pthread_mutex_unlock(&h->lock);
    return s != NULL ? s : new_stream();
}

static void give_stream(struct hash_openssl *h, struct hash_stream *s)
{
    pthread_mutex_lock(&h->lock);
    assert(h->out_count > 0);
    h->out_count--;
    if (s != NULL && h->spare_count < HASH_OPENSSL_SPARE_MAX) {
        h->spare[h->spare_count++] = s;
        s = NULL;
    }
    pthread_mutex_unlock(&h->lock);
    free_stream(s);
}

static enum err begin(void *ctx, struct hash_stream **out_stream)
{
    struct hash_openssl *h = ctx;
    struct hash_stream *s = take_stream(h);
    if (s == NULL || EVP_DigestInit_ex2(s->ctx, h->sha256, NULL) != 1) {
        give_stream(h, s);
        return ERR_BUSY;
    }
    *out_stream = s;
    return ERR_OK;
}

static void update(void *ctx, struct hash_stream *s, const void *data, size_t len)
{
    (void)ctx;
    int ok = EVP_DigestUpdate(s->ctx, data, len);
    assert(ok == 1); /* cannot fail on a stream that was begun */
}

static void finish(void *ctx, struct hash_stream *s, uint8_t out_sha256[HASH_BYTES])
{
    unsigned len = 0;
    int ok = EVP_DigestFinal_ex(s->ctx, out_sha256, &len);
    assert(ok == 1 && len == HASH_BYTES);
    give_stream(ctx, s);
}

static void discard(void *ctx, struct hash_stream *s)
{
    if (s != NULL)
        give_stream(ctx, s);
}

struct hash_openssl *hash_openssl_create(void)
{
    struct hash_openssl *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    pthread_mutex_init(&h->lock, NULL);
    h->calls = (struct hash){h, begin, update, finish, discard};
    h->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    if (h->sha256 != NULL)
        return h;
    hash_openssl_destroy(h);
    return NULL;
}

void hash_openssl_destroy(struct hash_openssl *h)
{
    if (h == NULL)
        return;
    assert(h->out_count == 0);
    while (h->spare_count > 0)
        free_stream(h->spare[--h->spare_count]);
    EVP_MD_free(h->sha256);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

const struct hash *hash_openssl_calls(const struct hash_openssl *h)
{
    return &h->calls;
}
