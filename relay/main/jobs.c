#include "relay/main/jobs.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct jobs {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something was queued, or stopping began */
    struct jobs_task *first, **last;
    size_t count;
    struct jobs_task *pool; /* a ring: what was posted leaves the queue in the order it came */
    size_t cap, pool_first, pool_count;
    bool stopping, stopped;
    unsigned threads;
    pthread_t ids[JOBS_THREADS_MAX];
};

/* With the lock held. */
static void append(struct jobs *j, struct jobs_task *task)
{
    task->next = NULL;
    *j->last = task;
    j->last = &task->next;
    j->count++;
}

static bool next_job(struct jobs *j, struct jobs_task *out)
{
    pthread_mutex_lock(&j->lock);
    while (j->first == NULL && !j->stopping)
        pthread_cond_wait(&j->changed, &j->lock);
    struct jobs_task *task = j->first;
    if (task != NULL) {
        *out = *task;
        j->first = task->next;
        if (j->first == NULL)
            j->last = &j->first;
        j->count--;
        if (j->pool_count > 0 && task == &j->pool[j->pool_first]) {
            j->pool_first = (j->pool_first + 1) % j->cap;
            j->pool_count--;
        }
    }
    pthread_mutex_unlock(&j->lock);
    return task != NULL;
}

static void *work(void *arg)
{
    struct jobs *j = arg;
    struct jobs_task job;
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
    j->last = &j->first;
    j->pool = calloc(waiting_max, sizeof *j->pool);
    j->cap = waiting_max;
    while (j->pool != NULL && j->threads < threads) {
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
    bool room = !j->stopping && j->pool_count < j->cap;
    if (room) {
        struct jobs_task *task = &j->pool[(j->pool_first + j->pool_count) % j->cap];
        *task = (struct jobs_task){.run = run, .arg = arg};
        j->pool_count++;
        append(j, task);
    }
    pthread_mutex_unlock(&j->lock);
    if (room) /* outside the lock: who wakes up does not run into it */
        pthread_cond_signal(&j->changed);
    return room;
}

void jobs_add(struct jobs *j, struct jobs_task *task)
{
    pthread_mutex_lock(&j->lock);
    assert(!j->stopped); /* nobody would run it */
    append(j, task);
    pthread_mutex_unlock(&j->lock);
    pthread_cond_signal(&j->changed);
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
    pthread_mutex_lock(&j->lock);
    j->stopped = true;
    pthread_mutex_unlock(&j->lock);
}

void jobs_destroy(struct jobs *j)
{
    if (j == NULL)
        return;
    jobs_stop(j);
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    free(j->pool);
    free(j);
}
