/* test/shims/trouble.h - the calls that stall.so and fail.so stand in front of.
 *
 * The file that includes this defines trouble(): called before every call on a file the shim is
 * about, with the call's name: "write", "rename", "fsync", "fdatasync", "syncfs", "create",
 * "unlink", "mkdir", "link", "truncate", "tag" or "read". It answers 0 to let the call happen, or
 * an errno to fail it with. */
#pragma once

#include <dlfcn.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "test/shims/shim.h"

static int trouble(const char *call);

static int stopped(int number)
{
    errno = number;
    return -1;
}

#define BEFORE(call, about)                                                                        \
    int number_ = (about) ? trouble(call) : 0;                                                     \
    if (number_ != 0)                                                                              \
        return stopped(number_);

ssize_t write(int fd, const void *data, size_t len)
{
    BEFORE("write", shim_is_about(fd))
    return syscall(SYS_write, fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    BEFORE("write", shim_is_about(fd))
    return syscall(SYS_pwrite64, fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    BEFORE("write", shim_is_about(fd))
    return syscall(SYS_pwrite64, fd, data, len, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    BEFORE("write", shim_is_about(fd))
    return syscall(SYS_writev, fd, parts, count);
}

ssize_t pread(int fd, void *out, size_t len, off_t offset)
{
    BEFORE("read", shim_is_about(fd))
    return syscall(SYS_pread64, fd, out, len, offset);
}

ssize_t pread64(int fd, void *out, size_t len, off64_t offset)
{
    BEFORE("read", shim_is_about(fd))
    return syscall(SYS_pread64, fd, out, len, offset);
}

int fsync(int fd)
{
    BEFORE("fsync", shim_is_about(fd))
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    BEFORE("fdatasync", shim_is_about(fd))
    return (int)syscall(SYS_fdatasync, fd);
}

int syncfs(int fd)
{
    BEFORE("syncfs", shim_is_about(fd))
    return (int)syscall(SYS_syncfs, fd);
}

int ftruncate(int fd, off_t size)
{
    BEFORE("truncate", shim_is_about(fd))
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    BEFORE("truncate", shim_is_about(fd))
    return (int)syscall(SYS_ftruncate, fd, size);
}

int fsetxattr(int fd, const char *name, const void *value, size_t len, int flags)
{
    BEFORE("tag", shim_is_about(fd))
    return (int)syscall(SYS_fsetxattr, fd, name, value, len, flags);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    BEFORE("rename", shim_is_about_name(to_folder, to))
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    BEFORE("link", shim_is_about_name(to_folder, to))
    return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int unlinkat(int folder, const char *name, int flags)
{
    BEFORE("unlink", shim_is_about_name(folder, name))
    return (int)syscall(SYS_unlinkat, folder, name, flags);
}

int unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}

int mkdirat(int folder, const char *name, mode_t mode)
{
    BEFORE("mkdir", shim_is_about_name(folder, name))
    return (int)syscall(SYS_mkdirat, folder, name, mode);
}

int mkdir(const char *name, mode_t mode)
{
    return mkdirat(AT_FDCWD, name, mode);
}

static int open_at(int folder, const char *name, int flags, mode_t mode)
{
    BEFORE("create", (flags & O_CREAT) != 0 && shim_is_about_name(folder, name))
    return (int)syscall(SYS_openat, folder, name, flags, mode);
}

#define MODE_OF(flags)                                                                             \
    mode_t mode = 0;                                                                               \
    if (((flags) & (O_CREAT | __O_TMPFILE)) != 0) {                                                \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode = (mode_t)va_arg(args, int);                                                          \
        va_end(args);                                                                              \
    }

int open(const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, name, flags, mode);
}

int open64(const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, name, flags, mode);
}

int openat(int folder, const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_at(folder, name, flags, mode);
}

int openat64(int folder, const char *name, int flags, ...)
{
    MODE_OF(flags)
    return open_at(folder, name, flags, mode);
}

/* glibc has no openat2(), so programs come here for it. */
long syscall(long number, ...)
{
    static long (*real)(long, ...);
    long a[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "syscall");
        memcpy(&real, &found, sizeof real);
    }
    if (number == SYS_openat2) {
        const struct open_how *how = (const void *)(uintptr_t)a[2];
        const char *name = (const char *)(uintptr_t)a[1];
        BEFORE("create", (how->flags & O_CREAT) != 0 && shim_is_about_name((int)a[0], name))
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
