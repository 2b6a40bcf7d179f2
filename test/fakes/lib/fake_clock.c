#include "test/fakes/lib/fake_clock.h"

static struct mono mono_now(void *ctx)
{
    return ((struct fake_clock *)ctx)->mono;
}

static struct wall wall_now(void *ctx)
{
    return ((struct fake_clock *)ctx)->wall;
}

void fake_clock_init(struct fake_clock *c)
{
    *c = (struct fake_clock){
        .clock = {.ctx = c, .mono_now = mono_now, .wall_now = wall_now},
        .mono = {1000},
        .wall = {1768378502000},
    };
}

void fake_clock_advance(struct fake_clock *c, uint64_t ms)
{
    c->mono.ms += ms;
    c->wall.ms += (int64_t)ms;
}

void fake_clock_jump(struct fake_clock *c, int64_t ms)
{
    c->wall.ms += ms;
}
