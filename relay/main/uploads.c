#include "relay/main/uploads.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "relay/logic/answer.h"
#include "relay/logic/intake.h"
#include "relay/logic/limits.h"
#include "relay/main/chunks.h"

/* One upload. Freed when the exchange, the worker and the committer have all let go of it. */
struct upload {
    struct uploads *owner;
    pthread_mutex_t lock;     /* of what follows up to the next comment */
    struct front_exchange *x; /* NULL once gone */
    struct chunk *filling;
    struct chunk *queued; /* being written, or next */
    bool working;         /* a job is posted or running */
    bool wanted;          /* others want our chunk: write what we have */
    bool ended;           /* the body is complete and good */
    bool dead;            /* refused or gone: remove what was written */
    bool answered;
    bool parked;
    bool submitted;    /* the committer has it */
    struct mono since; /* when it was parked, or complete */
    unsigned refs;
    /* the network thread's until `ended` */
    struct intake intake;
    atomic_bool coming; /* counted in deps.coming */
    /* the worker's */
    struct spool spool;
    struct committer_photo photo;
    /* under the owner's lock */
    struct upload *prev, *next;
    struct upload *next_waiting;
    bool waiting;
};

struct uploads {
    struct uploads_deps deps;
    struct chunks *chunks;
    pthread_mutex_t lock; /* may be held while taking an upload's lock only by trylock */
    struct upload *all;
    size_t count;
    struct upload *waiting_first, **waiting_last;
    bool stopping;
    _Atomic uint64_t photo_bytes_max;
    _Atomic uint32_t commit_timeout_ms;
    _Atomic uint64_t next_spool;
    atomic_bool write_failed;
};

static void work(void *arg);

static struct mono now(const struct uploads *u)
{
    return u->deps.clock->mono_now(u->deps.clock->ctx);
}

/* --- life ------------------------------------------------------------------------------------- */

static void unref(struct upload *up)
{
    struct uploads *u = up->owner;
    pthread_mutex_lock(&up->lock);
    bool last = --up->refs == 0;
    pthread_mutex_unlock(&up->lock);
    if (!last)
        return;
    pthread_mutex_lock(&u->lock);
    if (up->prev != NULL)
        up->prev->next = up->next;
    else
        u->all = up->next;
    if (up->next != NULL)
        up->next->prev = up->prev;
    u->count--;
    pthread_mutex_unlock(&u->lock);
    metrics_step(u->deps.metrics, METRIC_UPLOADS_IN_FLIGHT, -1);
    pthread_mutex_destroy(&up->lock);
    free(up);
}

static struct upload *make(struct uploads *u, struct front_exchange *x)
{
    struct upload *up = calloc(1, sizeof *up);
    if (up == NULL)
        return NULL;
    up->owner = u;
    up->x = x;
    up->refs = 1;
    atomic_init(&up->coming, true);
    pthread_mutex_init(&up->lock, NULL);
    atomic_fetch_add(u->deps.coming, 1);
    metrics_step(u->deps.metrics, METRIC_UPLOADS_IN_FLIGHT, 1);
    pthread_mutex_lock(&u->lock);
    up->next = u->all;
    if (u->all != NULL)
        u->all->prev = up;
    u->all = up;
    u->count++;
    pthread_mutex_unlock(&u->lock);
    return up;
}

static void no_longer_coming(struct upload *up)
{
    if (atomic_exchange(&up->coming, false))
        atomic_fetch_sub(up->owner->deps.coming, 1);
}

/* --- answers ---------------------------------------------------------------------------------- */

void uploads_refuse(struct front_exchange *x, enum refusal r, const char *allow)
{
    char body[512];
    size_t len = refusal_write_json(r, body, sizeof body);
    struct front_reply reply = {
        .status = refusal_status(r),
        .content_type = "application/json",
        .body = body,
        .body_len = len,
    };
    if (allow != NULL)
        reply.headers[reply.header_count++] = (struct front_header_line){"Allow", allow};
    if (reply.status == 503)
        reply.headers[reply.header_count++] = (struct front_header_line){"Retry-After", "5"};
    if (r == REFUSAL_NO_TOKEN)
        reply.headers[reply.header_count++] =
            (struct front_header_line){"WWW-Authenticate", "Bearer realm=\"camrelay\""};
    if (r == REFUSAL_NO_PASSWORD)
        reply.headers[reply.header_count++] =
            (struct front_header_line){"WWW-Authenticate", "Basic realm=\"camrelay\""};
    front_answer(x, &reply);
}

static void count_refusal(struct uploads *u, enum refusal r)
{
    static const enum metric rows[REFUSAL_COUNT] = {
#define REFUSAL(name, status, code, text) [REFUSAL_##name] = METRIC_REJECTED_##name,
#include "relay/logic/refusal.def"
#undef REFUSAL
    };
    metrics_add(u->deps.metrics, rows[r], 1);
}

/* With the upload locked. */
static void refuse(struct upload *up, enum refusal r)
{
    if (up->answered)
        return;
    up->answered = true;
    count_refusal(up->owner, r);
    if (up->x != NULL)
        uploads_refuse(up->x, r, NULL);
}

static void accept(struct upload *up, bool duplicate)
{
    struct uploads *u = up->owner;
    char memory[ANSWER_BYTES_MAX];
    struct buf body;
    buf_init(&body, memory, sizeof memory);
    answer_write(&body, &up->photo.item.photo, u->deps.folder, duplicate,
                 u->deps.clock->wall_now(u->deps.clock->ctx));
    struct front_reply reply = {
        .status = 200,
        .content_type = "application/json",
        .body = body.ptr,
        .body_len = body.len,
    };
    pthread_mutex_lock(&up->lock);
    if (!up->answered && up->x != NULL)
        front_answer(up->x, &reply);
    up->answered = true;
    pthread_mutex_unlock(&up->lock);
}

/* --- chunks ----------------------------------------------------------------------------------- */

/* With the upload locked: lets the network go on. */
static void unpark(struct upload *up)
{
    if (!up->parked)
        return;
    up->parked = false;
    if (up->x != NULL)
        front_resume(up->x);
}

/* With the upload locked. */
static void park(struct upload *up)
{
    up->parked = true;
    up->since = now(up->owner);
}

/* With the upload locked: has a worker look at it. */
static void post(struct upload *up)
{
    if (up->working)
        return;
    up->working = true;
    up->refs++;
    if (jobs_post(up->owner->deps.jobs, work, up))
        return;
    /* As many jobs fit as there are uploads, so this means the relay is stopping. */
    up->working = false;
    up->refs--;
    up->dead = true;
    refuse(up, REFUSAL_STOPPING);
}

/* With the upload locked: hands the chunk at hand to the worker if it has none. */
static bool hand_over(struct upload *up)
{
    if (up->queued != NULL || up->filling == NULL)
        return false;
    up->queued = up->filling;
    up->filling = NULL;
    up->wanted = false;
    post(up);
    return true;
}

/* A chunk came back: whoever waited longest for one may go on. */
static void wake_waiting(struct uploads *u)
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
    if (up == NULL)
        return;
    pthread_mutex_lock(&up->lock);
    unpark(up);
    pthread_mutex_unlock(&up->lock);
    unref(up); /* the waiting list's */
}

static void give_back(struct uploads *u, struct chunk *chunk)
{
    if (chunk == NULL)
        return;
    chunks_give(u->chunks, chunk);
    wake_waiting(u);
}

/* With the upload locked. No chunk was free: it waits for one, and somebody who is only filling
 * slowly is made to write what he has. */
static void wait_for_chunk(struct upload *up)
{
    struct uploads *u = up->owner;
    park(up);
    pthread_mutex_lock(&u->lock);
    if (!up->waiting) {
        up->waiting = true;
        up->refs++;
        up->next_waiting = NULL;
        *u->waiting_last = up;
        u->waiting_last = &up->next_waiting;
    }
    bool freed = false;
    for (struct upload *other = u->all; other != NULL && !freed; other = other->next) {
        if (other == up || pthread_mutex_trylock(&other->lock) != 0)
            continue;
        freed = !other->dead && hand_over(other);
        pthread_mutex_unlock(&other->lock);
    }
    pthread_mutex_unlock(&u->lock);
}

/* --- the worker's side ------------------------------------------------------------------------ */

static enum err write_chunk(struct upload *up, const struct chunk *chunk)
{
    struct uploads *u = up->owner;
    enum err e = ERR_OK;
    if (up->spool.fs == NULL) {
        uint64_t number = atomic_fetch_add(&u->next_spool, 1) + 1;
        e = spool_begin(&up->spool, u->deps.fs, u->deps.hash, number);
    } else if (chunk->restart) {
        e = spool_restart(&up->spool);
    }
    if (e == ERR_OK && chunk->buf.len > 0)
        e = spool_write(&up->spool, chunk->buf.ptr, chunk->buf.len);
    return e;
}

static enum refusal disk_refusal(struct uploads *u, enum err e)
{
    atomic_store(&u->write_failed, true);
    return e == ERR_FULL ? REFUSAL_FULL : REFUSAL_DISK_FAILED;
}

/* The committer's thread: the outcome is settled. */
static void committed(struct committer_photo *p)
{
    struct upload *up = (struct upload *)((char *)p - offsetof(struct upload, photo));
    enum refusal r = REFUSAL_NONE;
    switch (p->item.outcome) {
    case COMMIT_STORED:
        atomic_store(&up->owner->write_failed, false);
        accept(up, false);
        break;
    case COMMIT_DUPLICATE: accept(up, true); break;
    case COMMIT_KEY_REUSED: r = REFUSAL_KEY_REUSED; break;
    case COMMIT_FAILED:
    case COMMIT_KNOWN:
    case COMMIT_WAITING: r = disk_refusal(up->owner, p->item.error); break;
    }
    if (r != REFUSAL_NONE) {
        pthread_mutex_lock(&up->lock);
        refuse(up, r);
        pthread_mutex_unlock(&up->lock);
    }
    unref(up);
}

/* All bytes are written: closes the file and gives it to the committer. */
static enum refusal submit(struct upload *up)
{
    struct uploads *u = up->owner;
    struct commit_item *item = &up->photo.item;
    item->photo = up->intake.photo;
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
    no_longer_coming(up);
    committer_submit(u->deps.committer, &up->photo);
    return REFUSAL_NONE;
}

/* With the upload locked; unlocks it. Nothing of it is kept. */
static void clean_up(struct upload *up)
{
    struct chunk *queued = up->queued;
    struct chunk *filling = up->filling;
    up->queued = NULL;
    up->filling = NULL;
    pthread_mutex_unlock(&up->lock);
    give_back(up->owner, queued);
    give_back(up->owner, filling);
    spool_abort(&up->spool);
    no_longer_coming(up);
}

/* With the upload locked: what is to be written next, if anything. */
static struct chunk *next_chunk(struct upload *up)
{
    if (up->queued == NULL && up->filling != NULL && (up->ended || up->wanted || up->parked)) {
        up->queued = up->filling;
        up->filling = NULL;
        up->wanted = false;
    }
    return up->queued;
}

/* With the upload locked; unlocks it. */
static void write_one(struct upload *up, struct chunk *chunk)
{
    pthread_mutex_unlock(&up->lock);
    enum err e = write_chunk(up, chunk);
    pthread_mutex_lock(&up->lock);
    up->queued = NULL;
    if (e != ERR_OK) {
        up->dead = true;
        refuse(up, disk_refusal(up->owner, e));
    }
    unpark(up);
    pthread_mutex_unlock(&up->lock);
    give_back(up->owner, chunk);
}

static void work(void *arg)
{
    struct upload *up = arg;
    while (true) {
        pthread_mutex_lock(&up->lock);
        if (up->dead) {
            clean_up(up);
            break;
        }
        struct chunk *chunk = next_chunk(up);
        if (chunk != NULL) {
            write_one(up, chunk);
            continue;
        }
        bool complete = up->ended && !up->submitted;
        if (!complete) {
            up->working = false;
            pthread_mutex_unlock(&up->lock);
            unref(up);
            return;
        }
        up->submitted = true;
        pthread_mutex_unlock(&up->lock);
        enum refusal r = submit(up); /* on success the committer has our reference */
        if (r == REFUSAL_NONE)
            return;
        pthread_mutex_lock(&up->lock);
        up->dead = true;
        refuse(up, r);
        pthread_mutex_unlock(&up->lock);
    }
    pthread_mutex_lock(&up->lock);
    up->working = false;
    pthread_mutex_unlock(&up->lock);
    unref(up);
}

/* --- the network thread's side ---------------------------------------------------------------- */

static struct intake_request read_head(struct front_exchange *x, const struct front_head *h)
{
    struct intake_request r = {
        .content_type = front_header(x, "Content-Type"),
        .key = front_header(x, "Idempotency-Key"),
        .digest = front_header(x, "Repr-Digest"),
        .camera = front_header(x, "X-Camera-Id"),
        .captured_at = front_header(x, "X-Captured-At"),
        .boot = front_header(x, "X-Camera-Boot"),
        .seq = front_header(x, "X-Camera-Seq"),
        .has_length = h->has_length,
        .length = h->length,
    };
    if (r.camera.len == 0) /* Prusa camera firmware names itself so */
        r.camera = front_header(x, "Fingerprint");
    return r;
}

enum front_want uploads_head(struct uploads *u, struct front_exchange *x,
                             const struct front_head *h, struct upload **out_upload)
{
    *out_upload = NULL;
    uint64_t max = atomic_load(&u->photo_bytes_max);
    enum refusal r = u->deps.admit(u->deps.ctx, x, h->has_length ? h->length : 0);
    if (r == REFUSAL_NONE && !h->has_length && !h->chunked)
        r = REFUSAL_NO_LENGTH;
    struct upload *up = r == REFUSAL_NONE ? make(u, x) : NULL;
    if (r == REFUSAL_NONE && up == NULL)
        r = REFUSAL_BUSY;
    if (up != NULL) {
        struct intake_request request = read_head(x, h);
        r = intake_begin(&up->intake, &request, max);
    }
    pthread_mutex_lock(&u->lock);
    if (r == REFUSAL_NONE && u->stopping)
        r = REFUSAL_STOPPING;
    pthread_mutex_unlock(&u->lock);
    if (r == REFUSAL_NONE) {
        *out_upload = up;
        return FRONT_WANT_BODY;
    }
    if (up != NULL) {
        no_longer_coming(up);
        unref(up);
    }
    count_refusal(u, r);
    uploads_refuse(x, r, NULL);
    return FRONT_ANSWERED;
}

/* With the upload locked: a chunk with room for more, or NULL and it is parked. */
static struct chunk *chunk_with_room(struct upload *up)
{
    if (up->filling != NULL && up->filling->buf.cap - up->filling->buf.len <= INTAKE_SLACK) {
        if (!hand_over(up)) {
            park(up);
            return NULL;
        }
    }
    if (up->filling == NULL)
        up->filling = chunks_take(up->owner->chunks);
    if (up->filling == NULL)
        wait_for_chunk(up);
    return up->filling;
}

/* With the upload locked. Answers how many bytes it took. */
static size_t take_bytes(struct upload *up, const char *data, size_t len)
{
    struct chunk *chunk = chunk_with_room(up);
    if (chunk == NULL)
        return 0;
    size_t room = chunk->buf.cap - chunk->buf.len - INTAKE_SLACK;
    struct slice piece = {data, len < room ? len : room};
    enum refusal r = intake_feed(&up->intake, piece, &chunk->buf);
    if (up->intake.restart) {
        chunk->restart = true;
        up->intake.restart = false;
    }
    if (r != REFUSAL_NONE) {
        up->dead = true;
        refuse(up, r);
        post(up);
    }
    return piece.len;
}

size_t uploads_body(struct uploads *u, struct upload *up, const void *data, size_t len)
{
    size_t used = 0;
    pthread_mutex_lock(&up->lock);
    while (used < len && !up->dead) {
        size_t n = take_bytes(up, (const char *)data + used, len - used);
        if (n == 0)
            break;
        used += n;
    }
    bool waits = up->waiting;
    bool dead = up->dead;
    pthread_mutex_unlock(&up->lock);
    /* A chunk may have come back between asking for one and joining the queue. */
    if (waits && chunks_out(u->chunks) < CHUNKS_MAX)
        wake_waiting(u);
    return dead ? len : used;
}

void uploads_finish(struct uploads *u, struct upload *up)
{
    pthread_mutex_lock(&up->lock);
    enum refusal r = up->dead ? REFUSAL_NONE : intake_end(&up->intake);
    if (r != REFUSAL_NONE) {
        up->dead = true;
        refuse(up, r);
    }
    up->ended = !up->dead;
    up->since = now(u);
    post(up);
    pthread_mutex_unlock(&up->lock);
}

void uploads_gone(struct uploads *u, struct upload *up)
{
    (void)u;
    pthread_mutex_lock(&up->lock);
    up->x = NULL;
    up->parked = false;
    if (!up->ended && !up->dead) {
        up->dead = true;
        metrics_add(up->owner->deps.metrics, METRIC_REJECTED_GONE, 1);
    }
    if (up->dead)
        post(up); /* a worker cleans up */
    pthread_mutex_unlock(&up->lock);
    unref(up);
}

/* --- time and end ----------------------------------------------------------------------------- */

/* With the upload locked. */
static void check_time(struct upload *up, struct mono at, uint32_t timeout_ms)
{
    bool waits = (up->ended || up->parked) && !up->answered && !up->dead;
    if (!waits || at.ms - up->since.ms <= timeout_ms)
        return;
    refuse(up, REFUSAL_DISK_SLOW);
    if (up->ended)
        return; /* the committer may still store it: then the key tells at the next try */
    up->dead = true;
    post(up);
}

void uploads_pulse(struct uploads *u)
{
    struct mono at = now(u);
    uint32_t timeout_ms = atomic_load(&u->commit_timeout_ms);
    pthread_mutex_lock(&u->lock);
    for (struct upload *up = u->all; up != NULL; up = up->next) {
        if (pthread_mutex_trylock(&up->lock) != 0)
            continue; /* busy, so not stuck; the next pulse looks again */
        check_time(up, at, timeout_ms);
        pthread_mutex_unlock(&up->lock);
    }
    bool waiting = u->waiting_first != NULL;
    pthread_mutex_unlock(&u->lock);
    if (waiting && chunks_out(u->chunks) < CHUNKS_MAX)
        wake_waiting(u);
}

bool uploads_write_failed(const struct uploads *u)
{
    return atomic_load(&u->write_failed);
}

void uploads_set_rules(struct uploads *u, const struct uploads_rules *rules)
{
    atomic_store(&u->photo_bytes_max, rules->photo_bytes_max);
    atomic_store(&u->commit_timeout_ms, rules->commit_timeout_ms);
}

enum err uploads_create(const struct uploads_deps *deps, const struct uploads_rules *rules,
                        struct uploads **out)
{
    struct uploads *u = calloc(1, sizeof *u);
    if (u == NULL)
        return ERR_FULL;
    u->deps = *deps;
    u->waiting_last = &u->waiting_first;
    pthread_mutex_init(&u->lock, NULL);
    uploads_set_rules(u, rules);
    enum err e = chunks_create(CHUNKS_MAX, CHUNK_BYTES, &u->chunks);
    if (e != ERR_OK) {
        uploads_destroy(u);
        return e;
    }
    *out = u;
    return ERR_OK;
}

void uploads_stop(struct uploads *u)
{
    pthread_mutex_lock(&u->lock);
    u->stopping = true;
    for (struct upload *up = u->all; up != NULL; up = up->next) {
        if (pthread_mutex_trylock(&up->lock) != 0)
            continue; /* the front closes what is left */
        if (!up->ended && !up->dead) {
            up->dead = true;
            refuse(up, REFUSAL_STOPPING);
            post(up);
        }
        pthread_mutex_unlock(&up->lock);
    }
    pthread_mutex_unlock(&u->lock);
}

size_t uploads_count(struct uploads *u)
{
    pthread_mutex_lock(&u->lock);
    size_t n = u->count;
    pthread_mutex_unlock(&u->lock);
    return n;
}

void uploads_destroy(struct uploads *u)
{
    if (u == NULL)
        return;
    assert(u->all == NULL);
    chunks_destroy(u->chunks);
    pthread_mutex_destroy(&u->lock);
    free(u);
}
