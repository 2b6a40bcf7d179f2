/* relay/main/jobs.h - a few threads that may wait for disks, so that network threads need not.
 *
 * Work is run in the order it was posted, as many at once as there are threads. The queue
 * of jobs_post is bounded: when it is full, jobs_post says so at once and nothing was queued. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

enum { JOBS_THREADS_MAX = 32 };

struct jobs;

/* Starts `threads` (1..JOBS_THREADS_MAX) workers over a queue of at most `waiting_max` (at least 1)
 * entries. ERR_FULL: no memory or threads to be had; `*out_jobs` is then untouched. */
CHECKED enum err jobs_create(unsigned threads, size_t waiting_max, struct jobs **out_jobs);

/* Has `run(arg)` called once on a worker. False: the queue is full or jobs_stop began; `run` will
 * not be called. Never waits; callable from any thread, also from a job. */
CHECKED bool jobs_post(struct jobs *j, void (*run)(void *arg), void *arg);

/* A job whose memory is the caller's: there is always room for it. */
struct jobs_task {
    void (*run)(void *arg);
    void *arg;
    struct jobs_task *next; /* ours */
};

/* Has `task->run(task->arg)` called once on a worker. Borrows `task` until `run` begins; it may be
 * added again from then on. Never waits, never fails; not after jobs_stop() returned. */
void jobs_add(struct jobs *j, struct jobs_task *task);

/* Entries queued and not yet begun. */
size_t jobs_waiting(struct jobs *j);

/* Takes nothing new, runs what is queued, and returns when the last job ended. */
void jobs_stop(struct jobs *j);
/* Stops if still running, and frees. NULL does nothing. */
void jobs_destroy(struct jobs *j);
