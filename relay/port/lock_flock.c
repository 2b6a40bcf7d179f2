#include "relay/port/lock_flock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "relay/port/fs_posix_errno.h"

static long read_holder(int fd)
{
    char text[24];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    long pid = strtol(text, NULL, 10);
    return pid > 0 ? pid : 0;
}

static enum err write_holder(int fd)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        return fs_posix_from_errno("write", "lock", errno);
    return ERR_OK;
}

enum err lock_flock_take(struct lock_flock *l, const char *folder, bool *out_taken,
                         long *out_holder)
{
    char path[4200];
    if ((size_t)snprintf(path, sizeof path, "%s/lock", folder) >= sizeof path)
        return ERR_LIMIT;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return fs_posix_from_errno("open", path, errno);
    enum err e = ERR_OK;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        /* A full disk must not keep the relay from starting: the lock holds without the number. */
        if (write_holder(fd) == ERR_IO)
            e = ERR_IO;
    } else if (errno == EWOULDBLOCK) {
        *out_taken = true;
        *out_holder = read_holder(fd);
        (void)close(fd); /* nothing was written */
        return ERR_OK;
    } else {
        e = fs_posix_from_errno("flock", path, errno);
    }
    if (e != ERR_OK) {
        (void)close(fd); /* nothing of worth was written */
        return e;
    }
    *out_taken = false;
    l->fd = fd;
    return ERR_OK;
}

void lock_flock_give(struct lock_flock *l)
{
    if (l->fd <= 0)
        return;
    (void)close(l->fd); /* nothing of worth was written */
    l->fd = -1;
}
