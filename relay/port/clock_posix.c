#include "relay/port/clock_posix.h"

#include <assert.h>
#include <stddef.h>
#include <time.h>

static struct timespec read_clock(clockid_t id)
{
    struct timespec t;
    int rc = clock_gettime(id, &t);
    assert(rc == 0); /* both clocks exist on every Linux */
    return t;
}

static struct mono mono_now(void *ctx)
{
    (void)ctx;
    struct timespec t = read_clock(CLOCK_MONOTONIC);
    return (struct mono){(uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000};
}

static struct wall wall_now(void *ctx)
{
    (void)ctx;
    struct timespec t = read_clock(CLOCK_REALTIME);
    return (struct wall){(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
}

struct clock clock_posix(void)
{
    return (struct clock){NULL, mono_now, wall_now};
}
