/* The worker's side of an upload: writes and hashes its chunks, and gives it to the committer. */
#include <stddef.h>
#include <string.h>

#include "relay/main/uploads_inside.h"

static void work(void *arg);

void uploads_work_post(struct upload *up)
{
    if (up->working)
        return;
    up->working = true;
    up->refs++;
    up->task = (struct jobs_task){.run = work, .arg = up};
    jobs_add(up->owner->deps.jobs, &up->task);
}

void uploads_work_end(struct upload *up, enum refusal r)
{
    up->dead = true;
    if (r != REFUSAL_NONE)
        uploads_answer_refusal(up, r);
    if (up->spooled || up->queued != NULL || up->filling != NULL)
        uploads_work_post(up);
    else if (!up->working)
        uploads_not_coming(up);
}

static enum err write_chunk(struct upload *up, const struct chunk *chunk)
{
    struct uploads *u = up->owner;
    enum err e = ERR_OK;
    if (up->spool.fs == NULL) {
        uint64_t number = atomic_fetch_add(&u->next_spool, 1) + 1;
        e = spool_begin(&up->spool, u->deps.fs, u->deps.hash, u->deps.tmp, number);
    } else if (chunk->restart) {
        e = spool_restart(&up->spool);
    }
    if (e == ERR_OK && chunk->buf.len > 0)
        e = spool_write(&up->spool, chunk->buf.ptr, chunk->buf.len);
    return e;
}

static enum refusal disk_refusal(struct uploads *u, enum err e)
{
    if (e == ERR_BUSY) /* the disk is not to blame */
        return REFUSAL_BUSY;
    atomic_store(&u->write_failed, true);
    return e == ERR_FULL ? REFUSAL_FULL : REFUSAL_DISK_FAILED;
}

/* With the upload locked. */
static void answer_outcome(struct upload *up)
{
    const struct commit_item *item = &up->photo.item;
    switch (item->outcome) {
    case COMMIT_STORED:
        atomic_store(&up->owner->write_failed, false);
        uploads_answer_good(up, false);
        break;
    case COMMIT_DUPLICATE: uploads_answer_good(up, true); break;
    case COMMIT_KEY_REUSED: uploads_answer_refusal(up, REFUSAL_KEY_REUSED); break;
    case COMMIT_FAILED:
    case COMMIT_KNOWN:
    case COMMIT_WAITING: uploads_answer_refusal(up, disk_refusal(up->owner, item->error)); break;
    }
}

/* The committer's thread: the outcome is settled. */
static void committed(struct committer_photo *p)
{
    struct upload *up = (struct upload *)((char *)p - offsetof(struct upload, photo));
    pthread_mutex_lock(&up->lock);
    answer_outcome(up);
    pthread_mutex_unlock(&up->lock);
    uploads_unref(up);
}

/* All bytes are written: closes the file and gives it to the committer, with our reference. */
static enum refusal submit(struct upload *up)
{
    struct uploads *u = up->owner;
    struct commit_item *item = &up->photo.item;
    item->photo = up->intake.photo;
    item->medium = up->intake.probe.medium;
    item->photo.received = u->deps.clock->wall_now(u->deps.clock->ctx);
    enum err e = spool_finish(&up->spool, &item->photo, u->deps.sync_bytes, &item->tagged);
    if (e != ERR_OK)
        return disk_refusal(u, e);
    if (up->intake.has_digest &&
        memcmp(up->intake.digest, item->photo.sha256, sizeof item->photo.sha256) != 0) {
        spool_abort(&up->spool);
        return REFUSAL_DIGEST;
    }
    memcpy(item->path, up->spool.path, sizeof item->path);
    up->spool = (struct spool){0};
    up->photo.done = committed;
    uploads_not_coming(up);
    committer_submit(u->deps.committer, &up->photo);
    return REFUSAL_NONE;
}

/* With the upload locked; unlocks it meanwhile. Nothing of it is kept. */
static void clean_up(struct upload *up)
{
    struct chunk *queued = up->queued;
    struct chunk *filling = up->filling;
    up->queued = NULL;
    up->filling = NULL;
    pthread_mutex_unlock(&up->lock);
    uploads_chunk_give(up->owner, queued);
    uploads_chunk_give(up->owner, filling);
    spool_abort(&up->spool);
    uploads_not_coming(up);
    pthread_mutex_lock(&up->lock);
    up->spooled = false;
}

/* With the upload locked: what is to be written next, if anything. */
static struct chunk *next_chunk(struct upload *up)
{
    if (up->queued == NULL && (up->ended || up->parked)) {
        up->queued = up->filling;
        up->filling = NULL;
    }
    return up->queued;
}

/* With the upload locked; unlocks it meanwhile. */
static void write_one(struct upload *up, struct chunk *chunk)
{
    up->spooled = true;
    pthread_mutex_unlock(&up->lock);
    enum err e = write_chunk(up, chunk);
    pthread_mutex_lock(&up->lock);
    up->queued = NULL;
    if (e != ERR_OK)
        uploads_work_end(up, disk_refusal(up->owner, e));
    uploads_unpark(up);
    pthread_mutex_unlock(&up->lock);
    uploads_chunk_give(up->owner, chunk);
    pthread_mutex_lock(&up->lock);
}

/* With the upload locked; unlocks it meanwhile. True: the committer has it, and our reference. */
static bool hand_in(struct upload *up)
{
    up->submitted = true;
    pthread_mutex_unlock(&up->lock);
    enum refusal r = submit(up);
    if (r == REFUSAL_NONE)
        return true;
    pthread_mutex_lock(&up->lock);
    uploads_work_end(up, r);
    return false;
}

static void work(void *arg)
{
    struct upload *up = arg;
    struct chunk *chunk;
    pthread_mutex_lock(&up->lock);
    while (!up->dead) {
        if ((chunk = next_chunk(up)) != NULL)
            write_one(up, chunk);
        else if (!up->ended || up->submitted)
            break;
        else if (hand_in(up))
            return;
    }
    if (up->dead)
        clean_up(up);
    up->working = false;
    pthread_mutex_unlock(&up->lock);
    uploads_unref(up);
}
