/* relay/main/uploads_inside.h - what the files of uploads share; for relay/main/uploads*.c alone.
 *
 * Locks: an upload's own may be held while taking the owner's (`uploads.lock`); the other way round
 * only by trylock. Neither is held over disk or database. */
#pragma once

#include <pthread.h>

#include "relay/logic/intake.h"
#include "relay/main/chunks.h"
#include "relay/main/uploads.h"

/* One upload. Freed when the exchange, the worker and the committer have all let go of it. */
struct upload {
    struct uploads *owner;
    pthread_mutex_t lock;     /* of what follows up to the next comment */
    struct front_exchange *x; /* NULL once gone */
    struct chunk *filling;
    struct chunk *queued; /* being written, or next */
    bool working;         /* a worker has it, or will */
    bool spooled;         /* a file was begun: only a worker may end the upload */
    bool ended;           /* the body is complete and good */
    bool dead;            /* refused or gone: remove what was written */
    bool answered;
    bool parked;
    bool submitted;    /* the committer has it */
    struct mono since; /* when it was parked, or complete */
    unsigned refs;     /* 0: about to be freed by whoever let go last */
    /* the network thread's until `ended` */
    struct intake intake;
    atomic_bool coming; /* counted in deps.coming */
    /* the worker's */
    struct jobs_task task;
    struct spool spool;
    struct committer_photo photo;
    /* under the owner's lock */
    struct upload *prev, *next;
    struct upload *next_waiting;
    bool waiting; /* for a chunk; holds a reference */
};

struct uploads {
    struct uploads_deps deps;
    struct chunks *chunks;
    pthread_mutex_t lock;
    struct upload *all;
    size_t count;
    struct upload *waiting_first, **waiting_last;
    bool stopping;
    struct intake_limits limits;
    _Atomic uint32_t commit_timeout_ms;
    _Atomic uint64_t next_spool;
    atomic_bool write_failed;
};

/* uploads.c */
void uploads_unref(struct upload *up);
void uploads_not_coming(struct upload *up);
/* With the upload locked: lets the network go on. */
void uploads_unpark(struct upload *up);

/* uploads_answer.c; with the upload locked */
void uploads_answer_refusal(struct upload *up, enum refusal r);
void uploads_answer_good(struct upload *up, bool duplicate);
void uploads_answer_count(struct uploads *u, enum refusal r);

/* uploads_chunk.c */
/* With the upload locked: a chunk with room for more, or NULL and it is parked. */
struct chunk *uploads_chunk_room(struct upload *up);
/* Gives free chunks to those who wait for one, longest first. With no upload locked. */
void uploads_chunk_serve(struct uploads *u);
/* NULL is harmless. With no upload locked. */
void uploads_chunk_give(struct uploads *u, struct chunk *chunk);
/* With the owner locked, and at most `asking` (may be NULL): somebody who fills his chunk slowly is
 * made to write what he has, so that it comes free. */
void uploads_chunk_squeeze(struct uploads *u, const struct upload *asking);

/* uploads_work.c; with the upload locked */
/* Has a worker look at it. */
void uploads_work_post(struct upload *up);
/* Nothing of it is to be kept. */
void uploads_work_end(struct upload *up, enum refusal r);
