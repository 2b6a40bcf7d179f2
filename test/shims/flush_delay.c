/* test/shims/flush_delay.c - preload library: every flush takes SHIM_FLUSH_MS milliseconds longer,
 * as on a slow card.
 *
 * Flushes of several threads wait side by side, which flatters programs that flush every file by
 * itself; with SHIM_FLUSH_ONE_BY_ONE=1 they wait for each other, as a medium with one queue makes
 * them. SHIM_UNDER: see shim.h. */
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#include "test/shims/shim.h"

static pthread_mutex_t s_queue = PTHREAD_MUTEX_INITIALIZER;

static int flush(long call, int fd)
{
    const char *text = getenv("SHIM_FLUSH_MS");
    long ms = text == NULL || !shim_is_about(fd) ? 0 : strtol(text, NULL, 10);
    bool one_by_one = getenv("SHIM_FLUSH_ONE_BY_ONE") != NULL;
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    if (ms > 0 && one_by_one)
        pthread_mutex_lock(&s_queue);
    while (ms > 0 && nanosleep(&left, &left) != 0)
        continue;
    if (ms > 0 && one_by_one)
        pthread_mutex_unlock(&s_queue);
    return (int)syscall(call, fd);
}

int fsync(int fd)
{
    return flush(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return flush(SYS_fdatasync, fd);
}

int syncfs(int fd)
{
    return flush(SYS_syncfs, fd);
}
