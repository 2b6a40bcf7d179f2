#include "relay/logic/destination.h"

#include <assert.h>
#include <string.h>

#include "lib/pace/backoff.h"

struct destination_limits destination_limits_usual(void)
{
    return (struct destination_limits){
        .parallel = DESTINATION_PARALLEL,
        .backoff_base_ms = DESTINATION_BACKOFF_BASE_MS,
        .backoff_cap_ms = DESTINATION_BACKOFF_CAP_MS,
        .held_probe_ms = DESTINATION_HELD_PROBE_MS,
    };
}

void destination_init(struct destination *d, const struct destination_limits *limits)
{
    assert(limits->parallel >= 1 && limits->parallel <= DESTINATION_PARALLEL_MAX);
    assert(limits->backoff_base_ms >= 1 && limits->backoff_cap_ms >= limits->backoff_base_ms);
    assert(limits->backoff_cap_ms <= DESTINATION_BACKOFF_CAP_MS);
    *d = (struct destination){.limits = *limits};
}

bool destination_on_trial(const struct destination *d)
{
    return d->status.state != DESTINATION_UP;
}

bool destination_ready(const struct destination *d, struct mono now)
{
    if (!destination_on_trial(d))
        return d->status.in_flight < d->limits.parallel;
    return d->status.in_flight == 0 && now.ms >= d->not_before.ms;
}

struct mono destination_next(const struct destination *d, struct mono now)
{
    if (!destination_on_trial(d) || now.ms >= d->not_before.ms)
        return now;
    return d->not_before;
}

uint32_t destination_begin(struct destination *d)
{
    d->status.in_flight++;
    return d->epoch;
}

void destination_drop(struct destination *d)
{
    assert(d->status.in_flight > 0);
    d->status.in_flight--;
}

static void enter(struct destination *d, enum destination_state state, struct wall now)
{
    if (d->status.state != state)
        d->status.since = now;
    d->status.state = state;
    d->epoch++;
}

static void close_breaker(struct destination *d, struct wall now)
{
    if (destination_on_trial(d))
        enter(d, DESTINATION_UP, now);
    d->openings = 0;
    d->status.failures = 0;
    d->status.next_try = (struct wall){0};
    d->status.last_error[0] = '\0';
}

static void open_breaker(struct destination *d, enum destination_state state,
                         const struct verdict *v, struct destination_moment m)
{
    struct backoff_config pace = {d->limits.backoff_base_ms, d->limits.backoff_cap_ms};
    if (state != d->status.state)
        d->openings = 0;
    d->openings++;
    uint64_t wait_ms = state == DESTINATION_HELD ? d->limits.held_probe_ms
                                                 : backoff_wait_ms(&pace, d->openings, m.dice);
    if (v->has_retry_after && (uint64_t)v->retry_after_s * 1000 > wait_ms)
        wait_ms = (uint64_t)v->retry_after_s * 1000;
    d->not_before = (struct mono){m.mono.ms + wait_ms};
    d->status.next_try = (struct wall){m.wall.ms + (int64_t)wait_ms};
    enter(d, state, m.wall);
}

static void note_failure(struct destination *d, const struct verdict *v, struct wall now)
{
    d->status.failures++;
    d->status.last_failed = now;
    memcpy(d->status.last_error, v->error, sizeof d->status.last_error);
}

static void judge_again(struct destination *d, const struct verdict *v, struct destination_moment m)
{
    if (destination_on_trial(d) || v->has_retry_after ||
        d->status.failures >= DESTINATION_FAILURES_MAX)
        open_breaker(d, DESTINATION_DOWN, v, m);
}

static void judge_refusal(struct destination *d, bool stale, const struct verdict *v,
                          struct destination_moment m)
{
    d->refusals++;
    if (destination_blames_photo(d)) {
        close_breaker(d, m.wall); /* only a working receiver looks into photos */
        return;
    }
    note_failure(d, v, m.wall);
    if (!stale)
        open_breaker(d, DESTINATION_HELD, v, m);
}

bool destination_blames_photo(const struct destination *d)
{
    return d->refusals <= DESTINATION_REFUSALS_MAX;
}

void destination_judge(struct destination *d, uint32_t begun, const struct verdict *v,
                       struct destination_moment m)
{
    destination_drop(d);
    d->status.attempts[v->reason]++;
    bool stale = begun != d->epoch; /* the state it failed under is over: it says nothing new */
    switch (v->kind) {
    case VERDICT_SENT:
        d->status.last_sent = m.wall;
        d->status.knows_keys = v->knows_keys;
        d->refusals = 0;
        close_breaker(d, m.wall);
        return;
    case VERDICT_REFUSED: judge_refusal(d, stale, v, m); return;
    case VERDICT_OUR_FILE: return; /* says nothing about the destination */
    case VERDICT_LATER:
        note_failure(d, v, m.wall);
        if (!stale)
            open_breaker(d, DESTINATION_DOWN, v, m);
        return;
    case VERDICT_AGAIN:
        note_failure(d, v, m.wall);
        if (!stale)
            judge_again(d, v, m);
        return;
    case VERDICT_HOLD:
        note_failure(d, v, m.wall);
        if (!stale)
            open_breaker(d, DESTINATION_HELD, v, m);
        return;
    }
}

void destination_retry(struct destination *d)
{
    d->not_before = (struct mono){0};
    d->openings = 0;
    d->status.next_try = (struct wall){0};
}

const char *destination_state_name(enum destination_state s)
{
    switch (s) {
    case DESTINATION_UP: return "up";
    case DESTINATION_DOWN: return "down";
    case DESTINATION_HELD: return "held";
    }
    return "?";
}
