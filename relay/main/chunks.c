#include "relay/main/chunks.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct chunks {
    pthread_mutex_t lock;
    struct chunk *free;
    size_t made;
    size_t out;
    size_t count;
    size_t bytes;
};

enum err chunks_create(size_t count, size_t bytes, struct chunks **out)
{
    struct chunks *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_FULL;
    pthread_mutex_init(&c->lock, NULL);
    c->count = count;
    c->bytes = bytes;
    *out = c;
    return ERR_OK;
}

/* Made when first needed: a quiet relay stays small. */
static struct chunk *make(struct chunks *c)
{
    if (c->made == c->count)
        return NULL;
    struct chunk *chunk = malloc(sizeof *chunk + c->bytes);
    if (chunk != NULL)
        c->made++;
    return chunk;
}

struct chunk *chunks_take(struct chunks *c)
{
    pthread_mutex_lock(&c->lock);
    struct chunk *chunk = c->free;
    if (chunk != NULL)
        c->free = chunk->next;
    else
        chunk = make(c);
    if (chunk != NULL)
        c->out++;
    pthread_mutex_unlock(&c->lock);
    if (chunk != NULL) {
        buf_init(&chunk->buf, chunk + 1, c->bytes);
        chunk->restart = false;
        chunk->next = NULL;
    }
    return chunk;
}

void chunks_give(struct chunks *c, struct chunk *chunk)
{
    pthread_mutex_lock(&c->lock);
    assert(c->out > 0);
    c->out--;
    chunk->next = c->free;
    c->free = chunk;
    pthread_mutex_unlock(&c->lock);
}

size_t chunks_out(struct chunks *c)
{
    pthread_mutex_lock(&c->lock);
    size_t out = c->out;
    pthread_mutex_unlock(&c->lock);
    return out;
}

void chunks_destroy(struct chunks *c)
{
    if (c == NULL)
        return;
    assert(c->out == 0);
    while (c->free != NULL) {
        struct chunk *next = c->free->next;
        free(c->free);
        c->free = next;
    }
    pthread_mutex_destroy(&c->lock);
    free(c);
}
