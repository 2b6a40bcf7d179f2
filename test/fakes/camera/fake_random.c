#include "test/fakes/camera/fake_random.h"

#include <stddef.h>

uint32_t fake_random_next(struct fake_random *r)
{
    r->seed ^= r->seed << 13;
    r->seed ^= r->seed >> 17;
    r->seed ^= r->seed << 5;
    return r->seed;
}

static void fill(void *ctx, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)(fake_random_next(ctx) >> 11);
}

void fake_random_init(struct fake_random *r, uint32_t seed)
{
    r->seed = seed | 1;
    r->random = (struct random){.ctx = r, .fill = fill};
}
