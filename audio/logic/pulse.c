#include "audio/logic/pulse.h"

static void begin(struct pulse *p, struct mono now)
{
    p->begun = false;
    p->count = 0;
    p->last = now;
    p->measure_ms = PULSE_MEASURE_MS;
    atomic_store_explicit(&p->state, PULSE_MEASURING, memory_order_relaxed);
}

void pulse_init(struct pulse *p, uint32_t expected_hz_num, uint32_t expected_hz_den,
                struct mono now)
{
    *p = (struct pulse){.expected_mhz =
                            (uint32_t)((uint64_t)expected_hz_num * 1000 / expected_hz_den)};
    begin(p, now);
}

static bool is_near(uint32_t measured, uint32_t expected)
{
    uint32_t off = measured > expected ? measured - expected : expected - measured;
    return off <= (uint32_t)((uint64_t)expected * PULSE_TOLERANCE_PPM / 1000000);
}

void pulse_follow(struct pulse *p)
{
    p->follows = true;
}

bool pulse_is_good(const struct pulse *p)
{
    enum pulse_state state = atomic_load_explicit(&p->state, memory_order_relaxed);
    return state == PULSE_RIGHT || (state == PULSE_MEASURING && !p->follows);
}

/* The longer, the better known; for ever would wrap. */
static void follow(struct pulse *p, uint64_t ms)
{
    uint32_t measured = (uint32_t)(p->count * 1000000 / ms);
    bool usable = measured > p->expected_mhz / 2 && measured < 2 * (uint64_t)p->expected_mhz;
    atomic_store_explicit(&p->measured_mhz, measured, memory_order_relaxed);
    atomic_store_explicit(&p->state, usable ? PULSE_RIGHT : PULSE_WRONG, memory_order_relaxed);
    if (p->measure_ms < PULSE_FOLLOW_MS_MAX)
        p->measure_ms *= PULSE_FOLLOW_TIMES;
    else
        p->measure_ms = UINT64_MAX;
}

void pulse_feed(struct pulse *p, uint32_t readings, struct mono now)
{
    p->last = now;
    if (!p->begun) { /* these were sampled before we looked at the clock */
        p->first = now;
        p->begun = true;
        return;
    }
    if (!p->follows && atomic_load_explicit(&p->state, memory_order_relaxed) != PULSE_MEASURING)
        return;
    p->count += readings;
    uint64_t ms = now.ms - p->first.ms;
    if (ms < p->measure_ms)
        return;
    if (p->follows) {
        follow(p, ms);
        return;
    }
    uint32_t measured = (uint32_t)(p->count * 1000000 / ms);
    atomic_store_explicit(&p->measured_mhz, measured, memory_order_relaxed);
    if (is_near(measured, p->expected_mhz))
        atomic_store_explicit(&p->state, PULSE_RIGHT, memory_order_relaxed);
    else if (ms >= PULSE_GIVE_UP_MS)
        atomic_store_explicit(&p->state, PULSE_WRONG, memory_order_relaxed);
}

bool pulse_is_silent(const struct pulse *p, struct mono now)
{
    return now.ms - p->last.ms >= PULSE_SILENT_MS;
}

void pulse_restarted(struct pulse *p, struct mono now)
{
    uint32_t n = atomic_load_explicit(&p->restarts, memory_order_relaxed);
    atomic_store_explicit(&p->restarts, n + 1, memory_order_relaxed);
    begin(p, now);
}
