/* relay/logic/destination.h - one place photos go to: may it be bothered now, what is known of it.
 *
 * A circuit breaker with three states. UP: up to `parallel` photos at a time. DOWN: it could not be
 * reached, said "later", or failed DESTINATION_FAILURES_MAX times in a row; one photo at a time is
 * tried, after a wait that doubles (full jitter, see lib/pace/backoff.h) from backoff_base_ms to
 * backoff_cap_ms and never ends. HELD: it answers, but not as an upload address does (401, 404, a
 * redirect ...), or it refuses one photo after the other, which says more about the address than
 * about the photos; one photo every held_probe_ms. Any answer that only a working receiver gives
 * leads back to UP.
 *
 * Transfers that began before the last change of state and fail too change nothing more: four
 * parallel failures are one failure. Plain data without pointers: copy it to show it elsewhere. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/port/clock.h"
#include "relay/logic/ports/photo.h"
#include "relay/logic/verdict.h"

enum {
    DESTINATION_PARALLEL = 4,
    DESTINATION_PARALLEL_MAX = 32,
    DESTINATION_FAILURES_MAX = 3, /* in a row, before the breaker opens */
    DESTINATION_REFUSALS_MAX = 8, /* of photos, none taken in between, before it is HELD */
    DESTINATION_BACKOFF_BASE_MS = 5000,
    DESTINATION_BACKOFF_CAP_MS = 15 * 60 * 1000,
    DESTINATION_HELD_PROBE_MS = 5 * 60 * 1000,
};

enum destination_state {
    DESTINATION_UP,
    DESTINATION_DOWN,
    DESTINATION_HELD,
};

struct destination_limits {
    unsigned parallel; /* 1..DESTINATION_PARALLEL_MAX */
    uint32_t backoff_base_ms;
    uint32_t backoff_cap_ms;
    uint32_t held_probe_ms;
};

/* The defaults above. */
struct destination_limits destination_limits_usual(void);

/* What pages show. Times of 0 = never. */
struct destination_status {
    enum destination_state state;
    unsigned in_flight;
    unsigned failures;     /* in a row; 0 after any success */
    bool knows_keys;       /* its last receipt carried our sha256 */
    struct wall since;     /* of the state; 0 = since start */
    struct wall last_sent; /* newest proven delivery of this run */
    struct wall last_failed;
    struct wall next_try;                /* DOWN and HELD only */
    uint64_t attempts[VERDICT_REASONS];  /* of this run, by their end */
    char last_error[DELIVERY_ERROR_MAX]; /* "" once it works again */
};

struct destination {
    struct destination_limits limits;
    struct destination_status status;
    struct mono not_before; /* DOWN and HELD: no attempt earlier */
    unsigned refusals;      /* of photos, since one was taken */
    unsigned openings;      /* waits in a row without success: how long the next one is */
    uint32_t epoch;         /* rises with every change of what may be sent */
};

/* The moment of an event, and dice thrown for it. */
struct destination_moment {
    struct mono mono;
    struct wall wall;
    uint32_t dice;
};

void destination_init(struct destination *d, const struct destination_limits *limits);

/* May one more attempt begin now? */
bool destination_ready(const struct destination *d, struct mono now);

/* The earliest moment destination_ready() may become true without an attempt ending first; `now` if
 * it is already. */
struct mono destination_next(const struct destination *d, struct mono now);

/* Only one at a time, because it is being tried out: prefer a photo that never failed. */
bool destination_on_trial(const struct destination *d);

/* An attempt begins. The answer is handed to destination_judge() with its end. */
uint32_t destination_begin(struct destination *d);
/* It ended with a verdict. */
void destination_judge(struct destination *d, uint32_t begun, const struct verdict *v,
                       struct destination_moment m);
/* After a judgement REFUSED: was the photo judged, and not everything? */
bool destination_blames_photo(const struct destination *d);
/* It ended without one (cancelled, or nothing was sent). */
void destination_drop(struct destination *d);

/* A person says: try now. Keeps what was learned and counted. */
void destination_retry(struct destination *d);

/* "up", "down" or "held". Static text. */
const char *destination_state_name(enum destination_state s);
