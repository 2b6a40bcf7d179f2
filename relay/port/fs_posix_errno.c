#include "relay/port/fs_posix_errno.h"

#include <errno.h>
#include <string.h>

#include "lib/port/log.h"

static enum err meaning_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case ENOTEMPTY:
    case ELOOP:
    case ENXIO: return ERR_INPUT; /* ENXIO: a socket or a pipe, opened like a file */
    case ENAMETOOLONG:
    case EFBIG: return ERR_LIMIT;
    case ENOSPC:
    case EDQUOT: return ERR_FULL;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return ERR_BUSY;
    default: return ERR_IO; /* theirs is not our enum */
    }
}

enum err fs_posix_from_errno(const char *call, const char *path, int number)
{
    enum err e = meaning_of(number);
    if (e == ERR_INPUT || e == ERR_LIMIT)
        return e;
    char memory[80];
    const char *text = strerror_r(number, memory, sizeof memory);
    log_line(LOG_LEVEL_WARN, "disk: %s failed: %s path=%s errno=%d", call, text,
             path == NULL ? "-" : path, number);
    return e;
}
