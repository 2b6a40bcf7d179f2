#include "relay/main/views.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct views {
    struct views_opener opener;
    pthread_mutex_t lock;
    pthread_cond_t given;
    unsigned count;
    struct state_view views[VIEWS_MAX];
    bool is_open[VIEWS_MAX];
    bool is_lent[VIEWS_MAX];
};

enum err views_create(const struct views_opener *opener, unsigned count, struct views **out_views)
{
    assert(count >= 1 && count <= VIEWS_MAX);
    struct views *v = calloc(1, sizeof *v);
    if (v == NULL)
        return ERR_FULL;
    v->opener = *opener;
    v->count = count;
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->given, NULL);
    *out_views = v;
    return ERR_OK;
}

/* Prefers one that is open already; `v->count` if none is free. */
static unsigned free_slot(const struct views *v)
{
    unsigned found = v->count;
    for (unsigned i = 0; i < v->count; i++) {
        if (v->is_lent[i])
            continue;
        if (v->is_open[i])
            return i;
        if (found == v->count)
            found = i;
    }
    return found;
}

enum err views_take(struct views *v, struct state_view **out_view)
{
    pthread_mutex_lock(&v->lock);
    unsigned i;
    while ((i = free_slot(v)) == v->count)
        pthread_cond_wait(&v->given, &v->lock);
    v->is_lent[i] = true;
    pthread_mutex_unlock(&v->lock);
    if (!v->is_open[i]) { /* ours alone while it is lent */
        enum err e = v->opener.open(v->opener.ctx, &v->views[i]);
        if (e != ERR_OK) {
            views_give(v, &v->views[i]);
            return e;
        }
        v->is_open[i] = true;
    }
    *out_view = &v->views[i];
    return ERR_OK;
}

void views_give(struct views *v, struct state_view *view)
{
    size_t i = (size_t)(view - v->views);
    pthread_mutex_lock(&v->lock);
    assert(i < v->count && v->is_lent[i]);
    v->is_lent[i] = false;
    pthread_cond_signal(&v->given);
    pthread_mutex_unlock(&v->lock);
}

void views_destroy(struct views *v)
{
    if (v == NULL)
        return;
    for (unsigned i = 0; i < v->count; i++) {
        assert(!v->is_lent[i]);
        if (v->is_open[i])
            v->views[i].close(v->views[i].ctx);
    }
    pthread_cond_destroy(&v->given);
    pthread_mutex_destroy(&v->lock);
    free(v);
}
