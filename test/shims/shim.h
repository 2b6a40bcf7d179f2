/* test/shims/shim.h - what the preload libraries beside it share: which file a call is about.
 *
 * SHIM_UNDER: an absolute folder; calls on files elsewhere are left alone. Not set: every file, but
 * never sockets, pipes and the standard streams. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is this descriptor a file or folder the shim is about? Leaves errno alone. */
static inline bool shim_is_about(int fd)
{
    int saved = errno;
    const char *under = getenv("SHIM_UNDER");
    char link[64];
    char path[PATH_MAX];
    struct stat st;
    bool file =
        fd > STDERR_FILENO && fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
    if (file && under != NULL) {
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, path, sizeof path - 1);
        path[n > 0 ? n : 0] = '\0';
        size_t len = strlen(under);
        file = strncmp(path, under, len) == 0 && (path[len] == '/' || path[len] == '\0');
    }
    errno = saved;
    return file;
}

/* The same for a name below a folder's descriptor (or AT_FDCWD). */
static inline bool shim_is_about_name(int folder, const char *name)
{
    const char *under = getenv("SHIM_UNDER");
    if (under == NULL)
        return true;
    size_t len = strlen(under);
    if (name[0] == '/')
        return strncmp(name, under, len) == 0 && (name[len] == '/' || name[len] == '\0');
    if (folder != AT_FDCWD)
        return shim_is_about(folder);
    char path[PATH_MAX];
    int saved = errno;
    bool inside = getcwd(path, sizeof path) != NULL && strncmp(path, under, len) == 0;
    errno = saved;
    return inside;
}
