#include "relay/main/uploads.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "relay/logic/limits.h"
#include "relay/main/uploads_inside.h"

static struct mono now(const struct uploads *u)
{
    return u->deps.clock->mono_now(u->deps.clock->ctx);
}

/* --- life ------------------------------------------------------------------------------------- */

static struct upload *make(struct uploads *u, struct front_exchange *x)
{
    struct upload *up = calloc(1, sizeof *up);
    if (up == NULL)
        return NULL;
    up->owner = u;
    up->x = x;
    up->refs = 1;
    atomic_init(&up->coming, false);
    pthread_mutex_init(&up->lock, NULL);
    return up;
}

static void drop(struct upload *up)
{
    pthread_mutex_destroy(&up->lock);
    free(up);
}

/* From here on others may see it. False: the relay is stopping. */
static bool enlist(struct uploads *u, struct upload *up)
{
    pthread_mutex_lock(&u->lock);
    bool welcome = !u->stopping;
    if (welcome) {
        up->next = u->all;
        if (u->all != NULL)
            u->all->prev = up;
        u->all = up;
        u->count++;
        atomic_store(&up->coming, true);
        atomic_fetch_add(u->deps.coming, 1);
        metrics_step(u->deps.metrics, METRIC_UPLOADS_IN_FLIGHT, 1);
    }
    pthread_mutex_unlock(&u->lock);
    return welcome;
}

void uploads_unref(struct upload *up)
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
    metrics_step(u->deps.metrics, METRIC_UPLOADS_IN_FLIGHT, -1);
    u->count--;
    pthread_mutex_unlock(&u->lock);
    drop(up);
}

void uploads_not_coming(struct upload *up)
{
    if (atomic_exchange(&up->coming, false))
        atomic_fetch_sub(up->owner->deps.coming, 1);
}

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

static enum refusal judge_head(struct uploads *u, struct front_exchange *x,
                               const struct front_head *h, struct upload **out_upload)
{
    enum refusal r = u->deps.admit(u->deps.ctx, x, h->has_length ? h->length : 0);
    if (r != REFUSAL_NONE)
        return r;
    if (!h->has_length && !h->chunked)
        return REFUSAL_NO_LENGTH;
    struct upload *up = make(u, x);
    if (up == NULL)
        return REFUSAL_BUSY;
    struct intake_request request = read_head(x, h);
    pthread_mutex_lock(&u->lock);
    struct intake_limits limits = u->limits;
    pthread_mutex_unlock(&u->lock);
    r = intake_begin(&up->intake, &request, &limits);
    if (r == REFUSAL_NONE && !enlist(u, up))
        r = REFUSAL_STOPPING;
    if (r != REFUSAL_NONE) {
        drop(up);
        return r;
    }
    *out_upload = up;
    return REFUSAL_NONE;
}

enum front_want uploads_head(struct uploads *u, struct front_exchange *x,
                             const struct front_head *h, struct upload **out_upload)
{
    *out_upload = NULL;
    enum refusal r = judge_head(u, x, h, out_upload);
    if (r == REFUSAL_NONE)
        return FRONT_WANT_BODY;
    uploads_answer_count(u, r);
    uploads_refuse(x, r, NULL);
    return FRONT_ANSWERED;
}

void uploads_unpark(struct upload *up)
{
    if (!up->parked)
        return;
    up->parked = false;
    if (up->x != NULL)
        front_resume(up->x);
}

/* With the upload locked. Answers how many bytes it took. */
static size_t take_bytes(struct upload *up, const char *data, size_t len)
{
    struct chunk *chunk = uploads_chunk_room(up);
    if (chunk == NULL)
        return 0;
    size_t room = chunk->buf.cap - chunk->buf.len - INTAKE_SLACK;
    struct slice piece = {data, len < room ? len : room};
    enum refusal r = intake_feed(&up->intake, piece, &chunk->buf);
    if (up->intake.restart) {
        chunk->restart = true;
        up->intake.restart = false;
    }
    if (r != REFUSAL_NONE)
        uploads_work_end(up, r);
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
    bool parked = up->parked;
    bool dead = up->dead;
    pthread_mutex_unlock(&up->lock);
    if (parked) /* a chunk may have come back between asking for one and joining the queue */
        uploads_chunk_serve(u);
    return dead ? len : used;
}

void uploads_finish(struct uploads *u, struct upload *up)
{
    pthread_mutex_lock(&up->lock);
    enum refusal r = up->dead ? REFUSAL_NONE : intake_end(&up->intake);
    if (r != REFUSAL_NONE) {
        uploads_work_end(up, r);
    } else if (!up->dead) {
        up->ended = true;
        up->since = now(u);
        uploads_work_post(up);
    }
    pthread_mutex_unlock(&up->lock);
}

void uploads_gone(struct uploads *u, struct upload *up)
{
    pthread_mutex_lock(&up->lock);
    up->x = NULL;
    up->parked = false;
    if (!up->ended && !up->dead) {
        uploads_work_end(up, REFUSAL_NONE);
        metrics_add(u->deps.metrics, METRIC_REJECTED_GONE, 1);
    }
    pthread_mutex_unlock(&up->lock);
    uploads_unref(up);
}

/* --- time and end ----------------------------------------------------------------------------- */

/* With the owner locked: calls `look` for every upload that nobody is busy with, locked. */
static void each_idle(struct uploads *u, void (*look)(struct upload *up, struct mono at))
{
    struct mono at = now(u);
    for (struct upload *up = u->all; up != NULL; up = up->next) {
        if (pthread_mutex_trylock(&up->lock) != 0)
            continue;
        if (up->refs > 0)
            look(up, at);
        pthread_mutex_unlock(&up->lock);
    }
}

static void check_time(struct upload *up, struct mono at)
{
    uint64_t end_ms = up->since.ms + atomic_load(&up->owner->commit_timeout_ms);
    bool waits = (up->ended || up->parked) && !up->answered && !up->dead;
    if (!waits || at.ms <= end_ms)
        return;
    if (up->ended) /* the committer may still store it: then the key tells at the next try */
        uploads_answer_refusal(up, REFUSAL_DISK_SLOW);
    else
        uploads_work_end(up, REFUSAL_DISK_SLOW);
}

/* Whom it did not look at was busy, so not stuck; the next pulse looks again. */
void uploads_pulse(struct uploads *u)
{
    pthread_mutex_lock(&u->lock);
    each_idle(u, check_time);
    if (u->waiting_first != NULL)
        uploads_chunk_squeeze(u, NULL);
    pthread_mutex_unlock(&u->lock);
    uploads_chunk_serve(u);
}

static void end_incomplete(struct upload *up, struct mono at)
{
    (void)at;
    if (!up->ended && !up->dead)
        uploads_work_end(up, REFUSAL_STOPPING);
}

/* Whom it did not look at is answered when the front closes, or by calling this again. */
void uploads_stop(struct uploads *u)
{
    pthread_mutex_lock(&u->lock);
    u->stopping = true;
    each_idle(u, end_incomplete);
    pthread_mutex_unlock(&u->lock);
}

bool uploads_write_failed(const struct uploads *u)
{
    return atomic_load(&u->write_failed);
}

void uploads_set_rules(struct uploads *u, const struct uploads_rules *rules)
{
    pthread_mutex_lock(&u->lock);
    u->limits = rules->intake;
    pthread_mutex_unlock(&u->lock);
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
