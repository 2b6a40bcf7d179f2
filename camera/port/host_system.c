#include "camera/port/host_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static struct mono mono_now(void *ctx)
{
    (void)ctx;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct mono){(uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000};
}

static struct wall wall_now(void *ctx)
{
    (void)ctx;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct wall){(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
}

struct clock host_system_clock(void)
{
    return (struct clock){.mono_now = mono_now, .wall_now = wall_now};
}

static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    char *at = out;
    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0) {
            perror("getrandom"); /* only a kernel without it fails here */
            abort();
        }
        at += n;
        len -= (size_t)n;
    }
}

struct random host_system_random(void)
{
    return (struct random){.fill = fill};
}

void host_system_local_time(struct wall w, unsigned *out_weekday, unsigned *out_minute)
{
    time_t s = (time_t)(w.ms / 1000);
    struct tm tm;
    localtime_r(&s, &tm);
    *out_weekday = (unsigned)tm.tm_wday;
    *out_minute = (unsigned)(tm.tm_hour * 60 + tm.tm_min);
}
