/* Who may fill a chunk when there are fewer chunks than uploads. */
#include "relay/main/uploads_inside.h"

/* With the upload locked. */
static void park(struct upload *up)
{
    const struct clock *clock = up->owner->deps.clock;
    up->parked = true;
    up->since = clock->mono_now(clock->ctx);
}

/* With the upload locked: hands the chunk at hand to the worker if it has none. */
static bool hand_over(struct upload *up)
{
    if (up->queued != NULL || up->filling == NULL)
        return false;
    up->queued = up->filling;
    up->filling = NULL;
    uploads_work_post(up);
    return true;
}

/* With the upload and its owner locked: joins those who wait for a chunk. */
static void join_queue(struct upload *up)
{
    struct uploads *u = up->owner;
    if (up->waiting)
        return;
    up->waiting = true;
    up->refs++;
    up->next_waiting = NULL;
    *u->waiting_last = up;
    u->waiting_last = &up->next_waiting;
}

/* Takes the first of the queue; NULL if nobody waits. The reference is the caller's now. */
static struct upload *leave_queue(struct uploads *u)
{
    pthread_mutex_lock(&u->lock);
    struct upload *up = u->waiting_first;
    if (up != NULL) {
        u->waiting_first = up->next_waiting;
        if (u->waiting_first == NULL)
            u->waiting_last = &u->waiting_first;
        up->waiting = false;
    }
    pthread_mutex_unlock(&u->lock);
    return up;
}

void uploads_chunk_squeeze(struct uploads *u, const struct upload *asking)
{
    bool freed = false;
    for (struct upload *up = u->all; up != NULL && !freed; up = up->next) {
        if (up == asking || pthread_mutex_trylock(&up->lock) != 0)
            continue;
        /* An empty one was given just now, and is about to be filled. */
        freed = !up->dead && up->filling != NULL && up->filling->buf.len > 0 && hand_over(up);
        pthread_mutex_unlock(&up->lock);
    }
}

struct chunk *uploads_chunk_room(struct upload *up)
{
    struct uploads *u = up->owner;
    if (up->filling != NULL && up->filling->buf.cap - up->filling->buf.len <= INTAKE_SLACK) {
        if (!hand_over(up)) {
            park(up);
            return NULL;
        }
    }
    if (up->filling == NULL)
        up->filling = chunks_take(u->chunks);
    if (up->filling != NULL)
        return up->filling;
    park(up);
    pthread_mutex_lock(&u->lock);
    join_queue(up);
    uploads_chunk_squeeze(u, up);
    pthread_mutex_unlock(&u->lock);
    return NULL;
}

/* Answers whether the upload still wanted it. */
static bool take(struct upload *up, struct chunk *chunk)
{
    pthread_mutex_lock(&up->lock);
    bool wants = up->parked && !up->dead && up->filling == NULL;
    if (wants) {
        up->filling = chunk;
        uploads_unpark(up);
    }
    pthread_mutex_unlock(&up->lock);
    return wants;
}

/* Answers whether somebody took it. */
static bool give_to_first(struct uploads *u, struct chunk *chunk)
{
    bool taken = false;
    struct upload *up;
    while (!taken && (up = leave_queue(u)) != NULL) {
        taken = take(up, chunk);
        uploads_unref(up);
    }
    return taken;
}

static bool anybody_waits(struct uploads *u)
{
    pthread_mutex_lock(&u->lock);
    bool waits = u->waiting_first != NULL;
    pthread_mutex_unlock(&u->lock);
    return waits;
}

/* Asks again after giving back: who found no chunk while we held it may have queued meanwhile. */
void uploads_chunk_serve(struct uploads *u)
{
    while (anybody_waits(u)) {
        struct chunk *chunk = chunks_take(u->chunks);
        if (chunk == NULL)
            return;
        if (!give_to_first(u, chunk))
            chunks_give(u->chunks, chunk);
    }
}

void uploads_chunk_give(struct uploads *u, struct chunk *chunk)
{
    if (chunk == NULL)
        return;
    chunks_give(u->chunks, chunk);
    uploads_chunk_serve(u);
}
