/* relay/logic/dispatch.h - forwarding: picks photos, sends them, judges answers, hands on results.
 *
 * Joins courier (what next), destination (may it be bothered), parcel (how it looks on the wire),
 * uplink (the wire), verdict (what the answer means) and listing (was it there already). Knows no
 * thread: one thread calls dispatch_step() for ever.
 *
 * Promise: a photo in the outbox is tried until a receiver has it, or has refused it itself
 * VERDICT_PHOTO_TRIES_MAX times, or our own file is gone or damaged; the last two become dead
 * letters with a reason. A row is never in flight twice at once. After an answer got lost the photo
 * goes out again under the same key; a receiver that never showed that it knows keys is asked for
 * its list first. No error ends forwarding. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/port/clock.h"
#include "lib/port/fs.h"
#include "lib/port/random.h"
#include "relay/logic/courier.h"
#include "relay/logic/destination.h"
#include "relay/logic/ports/hash.h"
#include "relay/logic/ports/json.h"
#include "relay/logic/ports/uplink.h"

enum {
    DISPATCH_SLOTS_MAX = 64, /* transfers at once, over all destinations */
    DISPATCH_INTERVAL_MS = 60 * 1000,
    DISPATCH_WAIT_MAX_MS = 60 * 1000, /* the longest sleep of one step */
    DISPATCH_VIEW_PAUSE_MS = 1000,    /* after the view failed */
    DISPATCH_CONNECT_MS = 10 * 1000,
    DISPATCH_STALL_MS = 30 * 1000,
    DISPATCH_TOTAL_MS = 10 * 60 * 1000, /* and as long as its bytes take at this pace: */
    DISPATCH_BYTES_PER_MS_MIN = 16,
};

/* One destination as the owner named it. Texts are borrowed and outlive the dispatch. */
struct dispatch_target {
    const char *url;
    const char *token;   /* NULL or "" = none */
    const char *ca_file; /* NULL or "" = the system's */
    const char *proxy;   /* NULL or "" = none */
    bool tls_insecure;
    bool paused;    /* keeps what is owed to it, sends nothing */
    bool immediate; /* a photo goes as soon as it is stored, besides the passes */
    uint32_t interval_ms;
    struct destination_limits limits;
};

/* All borrowed. */
struct dispatch_ports {
    const struct fs *fs; /* the photos' */
    const struct state_view *view;
    const struct uplink *uplink;
    const struct json *json;
    const struct hash *hash;
    const struct clock *clock;
    const struct random *random;
    /* Results for the one writer, copied before it returns. Each comes back through
     * dispatch_written() when it is written, or cannot be. */
    void (*post)(void *ctx, const struct delivery_result *results, size_t count);
    void *post_ctx;
};

struct dispatch_slot {
    uint64_t id; /* of the request; 0 = free. Number of the slot + a count of requests x 256 */
    unsigned destination;
    uint32_t begun;
    bool asking; /* GET /list, not the photo */
    struct outbox_row row;
};

struct dispatch_route {
    struct dispatch_target target;
    struct destination destination;
    struct mono next_pass;
    struct mono next_due; /* a row we made wait is due then; UINT64_MAX = none */
    int64_t seen;         /* of the last pass */
};

struct dispatch {
    struct dispatch_ports ports;
    struct dispatch_route routes[DESTINATIONS_MAX];
    size_t route_count;
    struct dispatch_slot slots[DISPATCH_SLOTS_MAX];
    uint64_t requests; /* so far */
    struct courier courier;
    int64_t seen;
    struct mono view_not_before;
    int64_t drift_ms;  /* wall - mono, to notice a clock that is set back */
    unsigned rotation; /* which destination is served first */
    struct delivery_result results[DISPATCH_SLOTS_MAX];
    size_t result_count;
};

void dispatch_init(struct dispatch *d, const struct dispatch_ports *ports,
                   const struct dispatch_target *targets, size_t count);

/* Photos up to `seen` are durable and may be forwarded. */
void dispatch_seen(struct dispatch *d, int64_t seen);

/* Starts what may be started, waits at most `wait_ms` (less if something is due earlier) for the
 * uplink, and deals with everything that came back. An error is the uplink's: pause, then step on.
 */
CHECKED enum err dispatch_step(struct dispatch *d, uint32_t wait_ms);

/* These results are in the database, or never will be; their rows may be picked again if still
 * due. */
void dispatch_written(struct dispatch *d, const struct delivery_result *results, size_t count);

/* New settings for the destinations, in the same order. What was learned stays, held and downed
 * ones are tried at once. */
void dispatch_set_targets(struct dispatch *d, const struct dispatch_target *targets);
/* A person says: now. Begins a pass everywhere, and what waits after a failure need not. */
void dispatch_retry(struct dispatch *d);

/* Cancels everything in flight and posts it as waiting and ambiguous: the receivers may have it. */
void dispatch_cancel(struct dispatch *d);

/* What pages show; plain data. */
struct destination_status dispatch_status(const struct dispatch *d, unsigned destination);
