/* test/powercut/recorder.c - preload library: writes down, in order, what a program does to a
 * folder, which flushes of it have finished, and what left through sockets.
 *
 * POWERCUT_ROOT: the folder, absolute. POWERCUT_LOG: the log, appended to (recorder_log.h).
 * POWERCUT_FLUSH_MS: every flush takes so much longer, so that much is under way during it.
 * POWERCUT_FAIL_FLUSH: so-and-so-many-th flush of everything fails with EIO and does nothing.
 * POWERCUT_NO_TAGS: the file system keeps no extended attributes. POWERCUT_MOUNTS: a file to be
 * read instead of /proc/self/mountinfo, so that runs can lie on tmpfs and still be told it is ext4.
 *
 * Sound order: an effect and its record are made under one lock, so the log has them in the order
 * they happened in. A flush is recorded before it starts and after it returned; what stands before
 * its start was finished before it. Bytes to a socket are recorded before they are sent: a cut
 * behind that record may come after the peer had its answer.
 *
 * Memory maps are not seen: SQLite maps only its -shm file that way, which says nothing after a cut
 * (it is built anew), and the replayer proves the rest by comparing a full replay with the folder.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "test/powercut/recorder_log.h"

enum { FDS_MAX = 65536, LOG_FD_LOW = 900, SEND_BYTES_MAX = 8192, PATH_BYTES_MAX = 4096 };

enum fd_kind { FD_UNKNOWN, FD_OURS, FD_SOCKET, FD_OTHER };

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char s_kinds[FDS_MAX]; /* enum fd_kind */
static char s_root[PATH_BYTES_MAX];
static size_t s_root_len;
static int s_log = -1;
static long s_flush_ms;
static long s_fail_flush; /* counts down to 0; below: never */
static uint64_t s_flushes;

/* dlsym costs little beside a system call, and a table would have to be kept in step. */
static void *find_real(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    if (p == NULL) {
        dprintf(STDERR_FILENO, "recorder: no %s\n", name);
        abort();
    }
    return p;
}

__attribute__((constructor)) static void recorder_start(void)
{
    const char *root = getenv("POWERCUT_ROOT");
    const char *log = getenv("POWERCUT_LOG");
    const char *delay = getenv("POWERCUT_FLUSH_MS");
    const char *fail = getenv("POWERCUT_FAIL_FLUSH");
    if (root == NULL || log == NULL)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    s_log = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, LOG_FD_LOW);
    (void)syscall(SYS_close, fd);
    s_root_len = (size_t)snprintf(s_root, sizeof s_root, "%s", root);
    s_flush_ms = delay == NULL ? 0 : strtol(delay, NULL, 10);
    s_fail_flush = fail == NULL ? 0 : strtol(fail, NULL, 10);
    if (s_log < 0 || s_root_len >= sizeof s_root) {
        dprintf(STDERR_FILENO, "recorder: cannot open %s\n", log);
        abort();
    }
}

/* Callers hold the lock. A log that cannot be written would prove nothing: stop. */
static void put(struct recorder_head head, const void *a, const void *b)
{
    head.magic = RECORDER_MAGIC;
    struct iovec parts[3] = {{&head, sizeof head},
                             {(void *)(uintptr_t)a, head.len_a},
                             {(void *)(uintptr_t)b, head.len_b}};
    ssize_t want = (ssize_t)(sizeof head + head.len_a + head.len_b);
    if (syscall(SYS_writev, s_log, parts, 3) != want)
        abort();
}

static bool inside(const char *path)
{
    return strncmp(path, s_root, s_root_len) == 0 &&
           (path[s_root_len] == '\0' || path[s_root_len] == '/');
}

/* Absolute path of a descriptor; false if it has none. */
static bool path_of_fd(int fd, char out[PATH_BYTES_MAX])
{
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, PATH_BYTES_MAX - 1);
    if (n <= 0)
        return false;
    out[n] = '\0';
    return out[0] == '/';
}

static bool path_at(int folder, const char *name, char out[PATH_BYTES_MAX])
{
    while (name[0] == '.' && name[1] == '/')
        name += 2;
    if (name[0] == '/')
        return (size_t)snprintf(out, PATH_BYTES_MAX, "%s", name) < PATH_BYTES_MAX;
    if (folder == AT_FDCWD ? getcwd(out, PATH_BYTES_MAX) == NULL : !path_of_fd(folder, out))
        return false;
    size_t len = strlen(out);
    return (size_t)snprintf(out + len, PATH_BYTES_MAX - len, "/%s", name) < PATH_BYTES_MAX - len;
}

static void set_kind(int fd, enum fd_kind kind)
{
    if (fd >= 0 && fd < FDS_MAX)
        s_kinds[fd] = (unsigned char)kind;
}

static enum fd_kind kind_of(int fd)
{
    if (s_log < 0 || fd < 0 || fd >= FDS_MAX)
        return FD_OTHER;
    if (s_kinds[fd] == FD_UNKNOWN) {
        struct stat st;
        bool is_socket = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
        s_kinds[fd] = is_socket ? FD_SOCKET : FD_OTHER;
    }
    return (enum fd_kind)s_kinds[fd];
}

/* A descriptor was opened; `was_there` tells whether the file had been before. */
static void note_open(int fd, int flags, bool was_there)
{
    char path[PATH_BYTES_MAX];
    struct stat st;
    set_kind(fd, FD_OTHER);
    if (fd < 0 || !path_of_fd(fd, path) || !inside(path) || fstat(fd, &st) != 0)
        return;
    set_kind(fd, FD_OURS);
    struct recorder_head head = {.kind = RECORDER_OPEN, .fd = fd, .len_a = (uint32_t)strlen(path)};
    if (!was_there && (flags & O_CREAT) != 0)
        head.x |= RECORDER_OPEN_CREATED;
    if ((flags & O_TRUNC) != 0)
        head.x |= RECORDER_OPEN_TRUNCATED;
    if (S_ISDIR(st.st_mode))
        head.x |= RECORDER_OPEN_FOLDER;
    put(head, path, NULL);
}

static int open_and_note(int folder, const char *name, int flags, mode_t mode)
{
    if (s_log < 0)
        return (int)syscall(SYS_openat, folder, name, flags, mode);
    pthread_mutex_lock(&s_lock);
    bool there = faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    int fd = (int)syscall(SYS_openat, folder, name, flags, mode);
    int saved = errno;
    note_open(fd, flags, there);
    pthread_mutex_unlock(&s_lock);
    errno = saved;
    return fd;
}

#define OPEN_LIKE(name)                                                                            \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? (mode_t)va_arg(args, int) : 0;      \
        va_end(args);                                                                              \
        return open_and_note(AT_FDCWD, path, flags, mode);                                         \
    }
#define OPENAT_LIKE(name)                                                                          \
    int name(int folder, const char *path, int flags, ...)                                         \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? (mode_t)va_arg(args, int) : 0;      \
        va_end(args);                                                                              \
        return open_and_note(folder, path, flags, mode);                                           \
    }
OPEN_LIKE(open)
OPEN_LIKE(open64)
OPENAT_LIKE(openat)
OPENAT_LIKE(openat64)

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open_and_note(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags)
{
    return open_and_note(AT_FDCWD, path, flags, 0);
}

FILE *fopen(const char *path, const char *mode)
{
    FILE *(*real)(const char *, const char *);
    void *found = find_real("fopen");
    memcpy(&real, &found, sizeof real);
    const char *mounts = getenv("POWERCUT_MOUNTS");
    return real(mounts != NULL && strcmp(path, "/proc/self/mountinfo") == 0 ? mounts : path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return fopen(path, mode);
}

int creat(const char *path, mode_t mode)
{
    return open_and_note(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* glibc has no openat2(), so programs come here for it. */
long syscall(long number, ...)
{
    va_list args;
    va_start(args, number);
    long a[6];
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    static long (*real)(long, ...);
    if (real == NULL) {
        void *found = find_real("syscall");
        memcpy(&real, &found, sizeof real);
    }
    if (number != SYS_openat2 || s_log < 0)
        return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    const char *name = (const char *)a[1];
    const struct open_how *how = (const void *)a[2];
    pthread_mutex_lock(&s_lock);
    bool there = faccessat((int)a[0], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    long fd = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    int saved = errno;
    note_open((int)fd, (int)how->flags, there);
    pthread_mutex_unlock(&s_lock);
    errno = saved;
    return fd;
}

int close(int fd)
{
    if (fd == s_log && s_log >= 0)
        return 0; /* somebody closes whatever is open: not this one */
    pthread_mutex_lock(&s_lock);
    if (s_log >= 0 && fd >= 0 && fd < FDS_MAX && s_kinds[fd] == FD_OURS)
        put((struct recorder_head){.kind = RECORDER_CLOSE, .fd = fd}, NULL, NULL);
    set_kind(fd, FD_UNKNOWN);
    int rc = (int)syscall(SYS_close, fd);
    int saved = errno;
    pthread_mutex_unlock(&s_lock);
    errno = saved;
    return rc;
}

/* Its close() stays within libc. */
int closedir(DIR *dir)
{
    int (*real)(DIR *);
    void *found = find_real("closedir");
    memcpy(&real, &found, sizeof real);
    int fd = dirfd(dir);
    pthread_mutex_lock(&s_lock);
    if (s_log >= 0 && fd >= 0 && fd < FDS_MAX && s_kinds[fd] == FD_OURS)
        put((struct recorder_head){.kind = RECORDER_CLOSE, .fd = fd}, NULL, NULL);
    set_kind(fd, FD_UNKNOWN);
    int rc = real(dir);
    pthread_mutex_unlock(&s_lock);
    return rc;
}

static void note_send(int fd, const struct iovec *parts, int count)
{
    char bytes[SEND_BYTES_MAX];
    size_t len = 0;
    for (int i = 0; i < count && len < sizeof bytes; i++) {
        size_t n = parts[i].iov_len;
        if (n > sizeof bytes - len)
            n = sizeof bytes - len;
        memcpy(bytes + len, parts[i].iov_base, n);
        len += n;
    }
    pthread_mutex_lock(&s_lock);
    put((struct recorder_head){.kind = RECORDER_SEND, .fd = fd, .len_a = (uint32_t)len}, bytes,
        NULL);
    pthread_mutex_unlock(&s_lock);
}

/* Where the next write() of this descriptor goes. */
static off_t next_offset(int fd)
{
    struct stat st;
    if ((fcntl(fd, F_GETFL) & O_APPEND) != 0 && fstat(fd, &st) == 0)
        return st.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

static ssize_t write_and_note(int fd, const void *data, size_t len, off_t offset, bool at_offset)
{
    pthread_mutex_lock(&s_lock);
    off_t at = at_offset ? offset : next_offset(fd);
    ssize_t n = at_offset ? syscall(SYS_pwrite64, fd, data, len, offset)
                          : syscall(SYS_write, fd, data, len);
    int saved = errno;
    if (n > 0) {
        struct recorder_head head = {
            .kind = RECORDER_WRITE, .fd = fd, .x = (uint64_t)at, .len_a = (uint32_t)n};
        put(head, data, NULL);
    }
    pthread_mutex_unlock(&s_lock);
    errno = saved;
    return n;
}

ssize_t write(int fd, const void *data, size_t len)
{
    enum fd_kind kind = kind_of(fd);
    if (kind == FD_OURS)
        return write_and_note(fd, data, len, 0, false);
    if (kind == FD_SOCKET)
        note_send(fd, &(struct iovec){(void *)(uintptr_t)data, len}, 1);
    return syscall(SYS_write, fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    if (kind_of(fd) == FD_OURS)
        return write_and_note(fd, data, len, offset, true);
    return syscall(SYS_pwrite64, fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    return pwrite(fd, data, len, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    enum fd_kind kind = kind_of(fd);
    if (kind == FD_SOCKET)
        note_send(fd, parts, count);
    if (kind != FD_OURS)
        return syscall(SYS_writev, fd, parts, count);
    ssize_t sum = 0;
    for (int i = 0; i < count; i++) {
        ssize_t n = write_and_note(fd, parts[i].iov_base, parts[i].iov_len, 0, false);
        if (n < 0)
            return sum > 0 ? sum : n;
        sum += n;
        if ((size_t)n < parts[i].iov_len)
            break;
    }
    return sum;
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    if (s_log >= 0)
        note_send(fd, &(struct iovec){(void *)(uintptr_t)data, len}, 1);
    return syscall(SYS_sendto, fd, data, len, flags, NULL, 0);
}

ssize_t sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
               socklen_t to_len)
{
    if (s_log >= 0)
        note_send(fd, &(struct iovec){(void *)(uintptr_t)data, len}, 1);
    return syscall(SYS_sendto, fd, data, len, flags, to, to_len);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (s_log >= 0)
        note_send(fd, message->msg_iov, (int)message->msg_iovlen);
    return syscall(SYS_sendmsg, fd, message, flags);
}

int accept4(int fd, struct sockaddr *from, socklen_t *from_len, int flags)
{
    int peer = (int)syscall(SYS_accept4, fd, from, from_len, flags);
    int saved = errno;
    if (peer >= 0 && s_log >= 0) {
        pthread_mutex_lock(&s_lock);
        set_kind(peer, FD_SOCKET);
        put((struct recorder_head){.kind = RECORDER_ACCEPT, .fd = peer}, NULL, NULL);
        pthread_mutex_unlock(&s_lock);
    }
    errno = saved;
    return peer;
}

int accept(int fd, struct sockaddr *from, socklen_t *from_len)
{
    return accept4(fd, from, from_len, 0);
}

/* Does something to names and records it if it worked and a path lies inside. */
struct name_change {
    enum recorder_kind kind;
    char a[PATH_BYTES_MAX];
    char b[PATH_BYTES_MAX];
};

static void begin_change(struct name_change *c, enum recorder_kind kind, int folder,
                         const char *name)
{
    c->kind = kind;
    c->b[0] = '\0';
    pthread_mutex_lock(&s_lock);
    if (!path_at(folder, name, c->a))
        c->a[0] = '\0';
}

static int end_change(struct name_change *c, int rc)
{
    int saved = errno;
    if (rc == 0 && s_log >= 0 && (inside(c->a) || inside(c->b))) {
        struct recorder_head head = {.kind = (uint32_t)c->kind,
                                     .len_a = (uint32_t)strlen(c->a),
                                     .len_b = (uint32_t)strlen(c->b)};
        put(head, c->a, c->b);
    }
    pthread_mutex_unlock(&s_lock);
    errno = saved;
    return rc;
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    struct name_change c;
    begin_change(&c, RECORDER_RENAME, from_folder, from);
    if (!path_at(to_folder, to, c.b))
        c.b[0] = '\0';
    return end_change(&c, (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
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
    struct name_change c;
    begin_change(&c, RECORDER_LINK, from_folder, from);
    if (!path_at(to_folder, to, c.b))
        c.b[0] = '\0';
    return end_change(&c, (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int folder, const char *name, int flags)
{
    struct name_change c;
    begin_change(&c, RECORDER_UNLINK, folder, name);
    return end_change(&c, (int)syscall(SYS_unlinkat, folder, name, flags));
}

int unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}

int rmdir(const char *name)
{
    return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

int mkdirat(int folder, const char *name, mode_t mode)
{
    struct name_change c;
    begin_change(&c, RECORDER_MKDIR, folder, name);
    return end_change(&c, (int)syscall(SYS_mkdirat, folder, name, mode));
}

int mkdir(const char *name, mode_t mode)
{
    return mkdirat(AT_FDCWD, name, mode);
}

static void note_size(int fd, int rc)
{
    struct stat st;
    int saved = errno;
    if (rc == 0 && kind_of(fd) == FD_OURS && fstat(fd, &st) == 0)
        put((struct recorder_head){.kind = RECORDER_SIZE, .fd = fd, .x = (uint64_t)st.st_size},
            NULL, NULL);
    errno = saved;
}

int ftruncate(int fd, off_t size)
{
    pthread_mutex_lock(&s_lock);
    int rc = (int)syscall(SYS_ftruncate, fd, size);
    note_size(fd, rc);
    pthread_mutex_unlock(&s_lock);
    return rc;
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
    pthread_mutex_lock(&s_lock);
    int rc = (int)syscall(SYS_fallocate, fd, mode, offset, len);
    note_size(fd, rc);
    pthread_mutex_unlock(&s_lock);
    return rc;
}

int fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
    return fallocate(fd, mode, offset, len);
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
    return fallocate(fd, 0, offset, len) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t offset, off64_t len)
{
    return posix_fallocate(fd, offset, len);
}

int fsetxattr(int fd, const char *name, const void *value, size_t len, int flags)
{
    if (getenv("POWERCUT_NO_TAGS") != NULL) {
        errno = ENOTSUP;
        return -1;
    }
    pthread_mutex_lock(&s_lock);
    int rc = (int)syscall(SYS_fsetxattr, fd, name, value, len, flags);
    int saved = errno;
    if (rc == 0 && kind_of(fd) == FD_OURS) {
        struct recorder_head head = {.kind = RECORDER_TAG,
                                     .fd = fd,
                                     .len_a = (uint32_t)strlen(name),
                                     .len_b = (uint32_t)len};
        put(head, name, value);
    }
    pthread_mutex_unlock(&s_lock);
    errno = saved;
    return rc;
}

static int flush_and_note(long call, int fd, uint64_t what)
{
    if (kind_of(fd) != FD_OURS)
        return (int)syscall(call, fd);
    struct recorder_head head = {.kind = RECORDER_BEGIN, .fd = fd, .x = what};
    pthread_mutex_lock(&s_lock);
    head.y = ++s_flushes;
    put(head, NULL, NULL);
    bool fails = what == RECORDER_FLUSH_ALL && --s_fail_flush == 0;
    pthread_mutex_unlock(&s_lock);
    int rc = fails ? -1 : (int)syscall(call, fd);
    int saved = fails ? EIO : errno;
    struct timespec t = {s_flush_ms / 1000, s_flush_ms % 1000 * 1000000};
    if (s_flush_ms > 0)
        (void)nanosleep(&t, NULL);
    head.kind = RECORDER_END;
    head.x = rc == 0 ? 0 : (uint64_t)saved;
    pthread_mutex_lock(&s_lock);
    put(head, NULL, NULL);
    pthread_mutex_unlock(&s_lock);
    errno = saved;
    return rc;
}

int fsync(int fd)
{
    return flush_and_note(SYS_fsync, fd, RECORDER_FLUSH_FILE);
}

int fdatasync(int fd)
{
    return flush_and_note(SYS_fdatasync, fd, RECORDER_FLUSH_FILE);
}

int syncfs(int fd)
{
    return flush_and_note(SYS_syncfs, fd, RECORDER_FLUSH_ALL);
}
