#include "lib/pace/backoff.h"

#include <assert.h>

uint32_t backoff_wait_ms(const struct backoff_config *config, unsigned failures, uint32_t dice)
{
    assert(config->base_ms <= config->cap_ms);
    if (failures == 0)
        return 0;
    uint64_t ceiling = config->cap_ms;
    if (failures < 32 && (uint64_t)config->base_ms << failures < ceiling)
        ceiling = (uint64_t)config->base_ms << failures;
    uint64_t steps = ceiling - config->base_ms + 1;
    return config->base_ms + (uint32_t)(steps * dice >> 32);
}
