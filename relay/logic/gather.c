#include "relay/logic/gather.h"

void gather_answered(struct gather *g, size_t count, size_t waiting, uint32_t flush_ms)
{
    g->flush_ms = flush_ms;
    g->expected = count + waiting;
}

void gather_ended(struct gather *g, struct mono now)
{
    g->ended = now;
}

void gather_begin(struct gather *g, size_t queued, struct mono first, struct mono now)
{
    /* Who does not come back at once is not waited for: a camera takes its time. */
    if (first.ms > g->ended.ms + g->flush_ms / GATHER_COMING_PART)
        g->expected = 0;
    g->began = now;
    g->newest = now;
    g->queued = queued;
}

uint32_t gather_wait_ms(struct gather *g, size_t queued, size_t coming, struct mono now)
{
    uint32_t coming_ms = g->flush_ms / GATHER_COMING_PART;
    uint32_t return_ms = g->flush_ms / GATHER_RETURN_PART;
    uint32_t pause_ms = g->flush_ms / GATHER_PAUSE_PART;
    if (queued > g->queued)
        g->newest = now;
    g->queued = queued;
    uint64_t age_ms = now.ms - g->began.ms;
    uint64_t idle_ms = now.ms - g->newest.ms;
    if (coming > 0 && age_ms < coming_ms)
        return coming_ms - (uint32_t)age_ms;
    if (queued >= g->expected || age_ms >= return_ms || idle_ms >= pause_ms)
        return 0;
    uint32_t rest_ms = return_ms - (uint32_t)age_ms;
    uint32_t quiet_ms = pause_ms - (uint32_t)idle_ms;
    return quiet_ms < rest_ms ? quiet_ms : rest_ms;
}
