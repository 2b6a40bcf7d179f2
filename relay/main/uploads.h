/* relay/main/uploads.h - uploads on their way from the network to the committer.
 *
 * The network thread finds the photo in the body and fills chunks; workers write and hash them; the
 * committer answers. An upload never waits on the network thread: without a chunk it is parked
 * until one comes back. Senders that dribble do not keep chunks from others: what they have sent is
 * written early when chunks run short. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "relay/logic/intake.h"
#include "relay/logic/metrics.h"
#include "relay/logic/ports/front.h"
#include "relay/logic/ports/hash.h"
#include "relay/logic/refusal.h"
#include "relay/main/committer.h"
#include "relay/main/jobs.h"

struct uploads;
struct upload;

/* What may change while the relay runs (SIGHUP). */
struct uploads_rules {
    struct intake_limits intake;
    uint32_t commit_timeout_ms; /* then 503, whatever the disk does */
};

/* All borrowed until uploads_destroy(). */
struct uploads_deps {
    const struct fs *fs;
    const struct hash *hash;
    const struct clock *clock;
    struct jobs *jobs;
    struct committer *committer;
    struct metrics *metrics;
    const char *folder;  /* absolute, for answers */
    const char *tmp;     /* where uploads are written, see recovery_choose_tmp() */
    bool sync_bytes;     /* flush each file by itself (GROUND_PER_FILE) */
    atomic_uint *coming; /* counted here, read by the committer */
    /* May an upload of so many bytes (0 = not known) come now? Must not wait. */
    enum refusal (*admit)(void *ctx, struct front_exchange *x, uint64_t bytes);
    void *ctx;
};

CHECKED enum err uploads_create(const struct uploads_deps *deps, const struct uploads_rules *rules,
                                struct uploads **out);
void uploads_set_rules(struct uploads *u, const struct uploads_rules *rules);

/* The front_handler's calls for an upload; `*out_upload` is NULL if it was refused. */
enum front_want uploads_head(struct uploads *u, struct front_exchange *x,
                             const struct front_head *h, struct upload **out_upload);
size_t uploads_body(struct uploads *u, struct upload *up, const void *data, size_t len);
void uploads_finish(struct uploads *u, struct upload *up);
void uploads_gone(struct uploads *u, struct upload *up);

/* To be called several times a second: answers 503 for those whose time is up. */
void uploads_pulse(struct uploads *u);

/* Answers 503 to all that are not complete; refuses new ones. */
void uploads_stop(struct uploads *u);
size_t uploads_count(struct uploads *u);
/* Has the disk refused an upload's bytes or name, and taken none since? */
bool uploads_write_failed(const struct uploads *u);
/* None may be left. NULL does nothing. */
void uploads_destroy(struct uploads *u);

/* Answers with an error of the contract. For other handlers, too. */
void uploads_refuse(struct front_exchange *x, enum refusal r, const char *allow);
