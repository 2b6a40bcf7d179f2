#include "relay/main/jobs.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct job {
    void (*run)(void *arg);
    void *arg;
};

struct jobs {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something was queued, or stopping began */
    struct job *queue;      /* ring of `cap` */
    size_t cap, first, count;
    bool stopping;
    unsigned threads;
    pthread_t ids[JOBS_THREADS_MAX];
};

static bool next_job(struct jobs *j, struct job *out)
{
    pthread_mutex_lock(&j->lock);
    while (j->count == 0 && !j->stopping)
        pthread_cond_wait(&j->changed, &j->lock);
    bool have = j->count > 0;
    if (have) {
        *out = j->queue[j->first];
        j->first = (j->first + 1) % j->cap;
        j->count--;
    }
    pthread_mutex_unlock(&j->lock);
    return have;
}

static void *work(void *arg)
{
    struct jobs *j = arg;
    struct job job;
    while (next_job(j, &job))
        job.run(job.arg);
    return NULL;
}

enum err jobs_create(unsigned threads, size_t waiting_max, struct jobs **out_jobs)
{
    assert(threads >= 1 && threads <= JOBS_THREADS_MAX && waiting_max >= 1);
    struct jobs *j = calloc(1, sizeof *j);
    if (j == NULL)
        return ERR_FULL;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, NULL);
    j->queue = calloc(waiting_max, sizeof *j->queue);
    j->cap = waiting_max;
    while (j->queue != NULL && j->threads < threads) {
        if (pthread_create(&j->ids[j->threads], NULL, work, j) != 0)
            break;
        j->threads++;
    }
    if (j->threads < threads) {
        jobs_destroy(j);
        return ERR_FULL;
    }
    *out_jobs = j;
    return ERR_OK;
}

bool jobs_post(struct jobs *j, void (*run)(void *arg), void *arg)
{
    pthread_mutex_lock(&j->lock);
    bool room = !j->stopping && j->count < j->cap;
    if (room) {
        j->queue[(j->first + j->count) % j->cap] = (struct job){run, arg};
        j->count++;
    }
    pthread_mutex_unlock(&j->lock);
    if (room) /* outside the lock: who wakes up does not run into it */
        pthread_cond_signal(&j->changed);
    return room;
}

size_t jobs_waiting(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    size_t count = j->count;
    pthread_mutex_unlock(&j->lock);
    return count;
}

void jobs_stop(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    j->stopping = true;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
    for (unsigned i = 0; i < j->threads; i++)
        pthread_join(j->ids[i], NULL);
    j->threads = 0;
}

void jobs_destroy(struct jobs *j)
{
    if (j == NULL)
        return;
    jobs_stop(j);
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    free(j->queue);
    free(j);
}
