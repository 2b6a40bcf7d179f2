/* relay/port/lock_flock.h - one running program per folder, by flock(2) on a file in it.
 *
 * The lock goes away with the process, however it ends; the file stays and holds the number of the
 * process that had it last. Over NFS it holds between machines only if the server does locks. */
#pragma once

#include <stdbool.h>

#include "lib/base/err.h"

struct lock_flock {
    int fd; /* 0 or less: none held (standard input is never a lock) */
};

/* `*out_taken` (and ERR_OK) if another process has it; `*out_holder` is then its number, 0 if it
 * cannot be read. `folder` must be there. Errors are logged. */
CHECKED enum err lock_flock_take(struct lock_flock *l, const char *folder, bool *out_taken,
                                 long *out_holder);

/* Harmless on a zeroed one. */
void lock_flock_give(struct lock_flock *l);
