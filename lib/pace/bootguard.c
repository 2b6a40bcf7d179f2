#include "lib/pace/bootguard.h"

uint32_t bootguard_count(uint32_t crashes_before, bool was_crash)
{
    if (!was_crash)
        return 0;
    return crashes_before < UINT32_MAX ? crashes_before + 1 : crashes_before;
}

bool bootguard_is_safe_mode(uint32_t crashes)
{
    return crashes >= BOOTGUARD_CRASHES_MAX;
}

uint32_t bootguard_pause_ms(uint32_t crashes)
{
    uint32_t ms = BOOTGUARD_PAUSE_MIN_MS;
    if (crashes <= BOOTGUARD_CRASHES_MAX)
        return 0;
    for (uint32_t n = BOOTGUARD_CRASHES_MAX + 1; n < crashes && ms < BOOTGUARD_PAUSE_MAX_MS; n++)
        ms *= 2;
    return ms < BOOTGUARD_PAUSE_MAX_MS ? ms : BOOTGUARD_PAUSE_MAX_MS;
}

bool bootguard_is_healthy(struct mono since_start)
{
    return since_start.ms >= BOOTGUARD_HEALTHY_MS;
}

bool bootguard_safe_mode_ends(struct mono since_start)
{
    return since_start.ms >= BOOTGUARD_SAFE_MS;
}
