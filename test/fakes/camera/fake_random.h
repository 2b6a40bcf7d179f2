/* test/fakes/camera/fake_random.h - random bytes that are the same in every run. */
#pragma once

#include <stdint.h>

#include "lib/port/random.h"

struct fake_random {
    uint32_t seed;
    struct random random;
};

void fake_random_init(struct fake_random *r, uint32_t seed);
uint32_t fake_random_next(struct fake_random *r);
