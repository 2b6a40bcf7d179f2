#include "relay/port/fs_posix.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "relay/port/fs_posix_errno.h"

enum { FILE_MODE = 0640, FOLDER_MODE = 0750 };

static const char TAG_NAME[] = "user.camrelay";

/* Only what could ever be meant: no empty step, no "." or "..", no absolute path. */
static enum err check_path(const char *path)
{
    if (strlen(path) >= FS_PATH_MAX)
        return ERR_LIMIT;
    for (const char *at = path;; at++) {
        size_t len = strcspn(at, "/");
        if (len == 0 || (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
            return ERR_INPUT;
        at += len;
        if (*at == '\0')
            return ERR_OK;
    }
}

/* Step by step, for kernels without openat2. `path` was checked. */
static int open_walking(int root, const char *path, int flags)
{
    int at = root;
    for (;;) {
        char step[FS_PATH_MAX];
        size_t len = strcspn(path, "/");
        memcpy(step, path, len);
        step[len] = '\0';
        bool last = path[len] == '\0';
        int fd = openat(at, step,
                        last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                        FILE_MODE);
        int saved = errno;
        if (at != root)
            (void)close(at);
        errno = saved;
        if (fd < 0 || last)
            return fd;
        at = fd;
        path += len + 1;
    }
}

static int open_beneath(const struct fs_posix *p, const char *path, int flags)
{
    if (p->walks)
        return open_walking(p->root, path, flags);
    struct open_how how = {
        .flags = (unsigned)flags,
        .mode = (flags & O_CREAT) != 0 ? FILE_MODE : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int fd = -1;
    do {
        fd = (int)syscall(SYS_openat2, p->root, path, &how, sizeof how);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    return fd;
}

/* The folder a path lies in and the last step of the path. The root itself is lent, not opened. */
struct place {
    int folder;
    const char *name;
};

static enum err find_place(const struct fs_posix *p, const char *path, struct place *out_place)
{
    enum err e = check_path(path);
    if (e != ERR_OK)
        return e;
    const char *slash = strrchr(path, '/');
    *out_place = (struct place){p->root, slash == NULL ? path : slash + 1};
    if (slash == NULL)
        return ERR_OK;
    char folder[FS_PATH_MAX];
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    int fd = open_beneath(p, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fs_posix_from_errno("open folder", folder, errno);
    out_place->folder = fd;
    return ERR_OK;
}

static void leave_place(const struct fs_posix *p, const struct place *place)
{
    if (place->folder != p->root)
        (void)close(place->folder); /* O_PATH: nothing to lose */
}

/* A folder to be read or flushed; "." is the root. */
static enum err open_folder(const struct fs_posix *p, const char *folder, int *out_fd)
{
    bool root = strcmp(folder, ".") == 0;
    enum err e = root ? ERR_OK : check_path(folder);
    if (e != ERR_OK)
        return e;
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int fd = root ? openat(p->root, ".", flags) : open_beneath(p, folder, flags);
    if (fd < 0 && errno == ENOENT)
        return ERR_INPUT;
    if (fd < 0)
        return fs_posix_from_errno("open folder", folder, errno);
    *out_fd = fd;
    return ERR_OK;
}

static enum err do_create(void *ctx, const char *path, int *out_fd)
{
    const struct fs_posix *p = ctx;
    enum err e = check_path(path);
    if (e != ERR_OK)
        return e;
    int fd = open_beneath(p, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
    if (fd < 0)
        return fs_posix_from_errno("create", path, errno);
    *out_fd = fd;
    return ERR_OK;
}

/* There is no such file; is there at least the folder it would be in? */
static enum err find_nothing(const struct fs_posix *p, const char *path, bool *out_found)
{
    struct place place;
    enum err e = find_place(p, path, &place);
    if (e != ERR_OK)
        return e;
    leave_place(p, &place);
    *out_found = false;
    return ERR_OK;
}

static enum err do_open(void *ctx, const char *path, bool *out_found, int *out_fd)
{
    const struct fs_posix *p = ctx;
    enum err e = check_path(path);
    if (e != ERR_OK)
        return e;
    /* O_NONBLOCK: a pipe somebody left here must not hold us up. */
    int fd = open_beneath(p, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return find_nothing(p, path, out_found);
    if (fd < 0)
        return fs_posix_from_errno("open", path, errno);
    struct stat st;
    if (fstat(fd, &st) != 0)
        e = fs_posix_from_errno("fstat", path, errno);
    else if (!S_ISREG(st.st_mode))
        e = ERR_INPUT;
    if (e != ERR_OK) {
        (void)close(fd); /* read only: nothing to lose */
        return e;
    }
    *out_found = true;
    *out_fd = fd;
    return ERR_OK;
}

static enum err do_write(void *ctx, int fd, const void *data, size_t len)
{
    (void)ctx;
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fs_posix_from_errno("write", NULL, errno);
        at += n;
        len -= (size_t)n;
    }
    return ERR_OK;
}

/* NOLINTNEXTLINE(readability-function-size): struct fs has these six parameters */
static enum err do_read(void *ctx, int fd, uint64_t offset, void *out, size_t cap, size_t *out_len)
{
    (void)ctx;
    size_t len = 0;
    while (len < cap) {
        ssize_t n = pread(fd, (char *)out + len, cap - len, (off_t)(offset + len));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fs_posix_from_errno("read", NULL, errno);
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *out_len = len;
    return ERR_OK;
}

static enum err do_sync(void *ctx, int fd)
{
    (void)ctx;
    return fsync(fd) == 0 ? ERR_OK : fs_posix_from_errno("fsync", NULL, errno);
}

static enum err do_close(void *ctx, int fd)
{
    (void)ctx;
    /* EINTR: Linux has closed it all the same (close(2), NOTES). */
    if (close(fd) == 0 || errno == EINTR)
        return ERR_OK;
    return fs_posix_from_errno("close", NULL, errno);
}

static enum err do_forget_cache(void *ctx, int fd)
{
    (void)ctx;
    int number = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    return number == 0 ? ERR_OK : fs_posix_from_errno("fadvise", NULL, number);
}

/* No links either (some FUSE and network file systems): the name is taken by an empty file first.
 * A cut in between leaves that empty file, which is no photo to anybody. */
static enum err reserve_and_rename(const struct place *from, const struct place *to,
                                   bool *out_taken)
{
    int fd = openat(to->folder, to->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    FILE_MODE);
    if (fd < 0 && errno == EEXIST) {
        *out_taken = true;
        return ERR_OK;
    }
    if (fd < 0)
        return fs_posix_from_errno("create", to->name, errno);
    (void)close(fd); /* nothing was written */
    if (renameat(from->folder, from->name, to->folder, to->name) == 0) {
        *out_taken = false;
        return ERR_OK;
    }
    int saved = errno;
    (void)unlinkat(to->folder, to->name, 0); /* an empty file at worst */
    return fs_posix_from_errno("rename", to->name, saved);
}

static enum err link_and_unlink(const struct place *from, const struct place *to, bool *out_taken)
{
    if (linkat(from->folder, from->name, to->folder, to->name, 0) == 0) {
        /* The file has its name; a second one in the folder of unfinished work is swept later. */
        if (unlinkat(from->folder, from->name, 0) != 0)
            (void)fs_posix_from_errno("unlink", from->name, errno);
        *out_taken = false;
        return ERR_OK;
    }
    if (errno == EEXIST) {
        *out_taken = true;
        return ERR_OK;
    }
    if (errno == EPERM || errno == ENOTSUP || errno == ENOSYS || errno == EINVAL)
        return reserve_and_rename(from, to, out_taken);
    return fs_posix_from_errno("link", to->name, errno);
}

static enum err move_noreplace(const struct place *from, const struct place *to, bool *out_taken)
{
    if (renameat2(from->folder, from->name, to->folder, to->name, RENAME_NOREPLACE) == 0) {
        *out_taken = false;
        return ERR_OK;
    }
    if (errno == EEXIST) {
        *out_taken = true;
        return ERR_OK;
    }
    if (errno == EINVAL || errno == ENOSYS)
        return link_and_unlink(from, to, out_taken);
    return fs_posix_from_errno("rename", to->name, errno);
}

static enum err do_rename_noreplace(void *ctx, const char *from, const char *to, bool *out_taken)
{
    const struct fs_posix *p = ctx;
    struct place a;
    struct place b;
    enum err e = find_place(p, from, &a);
    if (e != ERR_OK)
        return e;
    e = find_place(p, to, &b);
    if (e == ERR_OK) {
        e = move_noreplace(&a, &b, out_taken);
        leave_place(p, &b);
    }
    leave_place(p, &a);
    return e;
}

static enum err do_rename(void *ctx, const char *from, const char *to)
{
    const struct fs_posix *p = ctx;
    struct place a;
    struct place b;
    enum err e = find_place(p, from, &a);
    if (e != ERR_OK)
        return e;
    e = find_place(p, to, &b);
    if (e == ERR_OK) {
        if (renameat(a.folder, a.name, b.folder, b.name) != 0)
            e = fs_posix_from_errno("rename", to, errno);
        leave_place(p, &b);
    }
    leave_place(p, &a);
    return e;
}

static enum err do_remove(void *ctx, const char *path)
{
    const struct fs_posix *p = ctx;
    struct place place;
    enum err e = find_place(p, path, &place);
    if (e != ERR_OK)
        return e;
    if (unlinkat(place.folder, place.name, 0) != 0 && errno != ENOENT)
        e = fs_posix_from_errno("unlink", path, errno);
    leave_place(p, &place);
    return e;
}

static enum err do_make_folder(void *ctx, const char *path)
{
    const struct fs_posix *p = ctx;
    struct place place;
    enum err e = find_place(p, path, &place);
    if (e != ERR_OK)
        return e;
    struct stat st;
    if (mkdirat(place.folder, place.name, FOLDER_MODE) != 0) {
        int saved = errno;
        bool folder = saved == EEXIST &&
                      fstatat(place.folder, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                      S_ISDIR(st.st_mode);
        e = folder ? ERR_OK : fs_posix_from_errno("mkdir", path, saved);
    }
    leave_place(p, &place);
    return e;
}

static enum err do_stat(void *ctx, const char *path, bool *out_found, struct fs_stat *out_stat)
{
    const struct fs_posix *p = ctx;
    struct place place = {p->root, "."};
    enum err e = strcmp(path, ".") == 0 ? ERR_OK : find_place(p, path, &place);
    if (e != ERR_OK)
        return e;
    struct stat st;
    if (fstatat(place.folder, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        *out_found = true;
        *out_stat = (struct fs_stat){
            .size_bytes = (uint64_t)st.st_size,
            .modified = {(int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000},
            .is_file = S_ISREG(st.st_mode),
        };
    } else if (errno == ENOENT) {
        *out_found = false;
    } else {
        e = fs_posix_from_errno("stat", path, errno);
    }
    leave_place(p, &place);
    return e;
}

static enum err list_open_folder(DIR *dir, const char *folder,
                                 bool (*each)(void *arg, const char *name), void *arg)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL)
            return errno == 0 ? ERR_OK : fs_posix_from_errno("readdir", folder, errno);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!each(arg, entry->d_name))
            return ERR_OK;
    }
}

static enum err do_list(void *ctx, const char *folder, bool (*each)(void *arg, const char *name),
                        void *arg)
{
    int fd = -1;
    enum err e = open_folder(ctx, folder, &fd);
    if (e != ERR_OK)
        return e;
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        e = fs_posix_from_errno("fdopendir", folder, errno);
        (void)close(fd); /* read only */
        return e;
    }
    e = list_open_folder(dir, folder, each, arg);
    (void)closedir(dir); /* read only */
    return e;
}

static enum err do_sync_names(void *ctx, const char *folder)
{
    int fd = -1;
    enum err e = open_folder(ctx, folder, &fd);
    if (e != ERR_OK)
        return e;
    if (fsync(fd) != 0)
        e = fs_posix_from_errno("fsync folder", folder, errno);
    (void)close(fd); /* read only; what counts was the fsync */
    return e;
}

static enum err do_sync_all(void *ctx)
{
    const struct fs_posix *p = ctx;
    return syncfs(p->root) == 0 ? ERR_OK : fs_posix_from_errno("syncfs", ".", errno);
}

static enum err do_tag_set(void *ctx, int fd, const void *data, size_t len, bool *out_kept)
{
    (void)ctx;
    *out_kept = false;
    if (fsetxattr(fd, TAG_NAME, data, len, 0) == 0) {
        *out_kept = true;
        return ERR_OK;
    }
    /* None here, or no room for this one (ext4 answers ENOSPC to both): the caller has a journal.
     */
    if (errno == ENOTSUP || errno == E2BIG || errno == ERANGE || errno == ENOSPC ||
        errno == EDQUOT || errno == EPERM || errno == ENOSYS)
        return ERR_OK;
    return fs_posix_from_errno("setxattr", NULL, errno);
}

static enum err do_tag_get(void *ctx, int fd, void *out, size_t cap, size_t *out_len)
{
    (void)ctx;
    ssize_t n = fgetxattr(fd, TAG_NAME, out, cap);
    if (n >= 0 && (size_t)n <= cap) {
        *out_len = (size_t)n;
        return ERR_OK;
    }
    if (n >= 0 || errno == ERANGE)
        return ERR_LIMIT; /* n > cap: cap was 0, and the kernel told the length */
    if (errno != ENODATA && errno != ENOTSUP && errno != ENOSYS)
        return fs_posix_from_errno("getxattr", NULL, errno);
    *out_len = 0;
    return ERR_OK;
}

static enum err do_space(void *ctx, struct fs_space *out_space)
{
    const struct fs_posix *p = ctx;
    struct statvfs v;
    if (fstatvfs(p->root, &v) != 0)
        return fs_posix_from_errno("statvfs", ".", errno);
    *out_space = (struct fs_space){
        .free_bytes = (uint64_t)v.f_bavail * v.f_frsize,
        .total_bytes = (uint64_t)v.f_blocks * v.f_frsize,
    };
    return ERR_OK;
}

/* mkdir -p whose names are on the medium when it returns. */
static enum err make_root(const char *root)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s", root) >= sizeof path)
        return ERR_LIMIT;
    for (char *at = path; *at != '\0';) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char end = *at;
        *at = '\0';
        bool made = path[0] != '\0' && mkdir(path, FOLDER_MODE) == 0;
        if (!made && path[0] != '\0' && errno != EEXIST)
            return fs_posix_from_errno("mkdir", path, errno);
        if (made) {
            char parent[4100];
            (void)snprintf(parent, sizeof parent, "%s/..", path);
            int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            bool synced = fd >= 0 && fsync(fd) == 0;
            int saved = errno;
            if (fd >= 0)
                (void)close(fd); /* read only */
            if (!synced)
                return fs_posix_from_errno("fsync folder", parent, saved);
        }
        *at = end;
    }
    return ERR_OK;
}

static bool has_openat2(int root)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH};
    int fd = (int)syscall(SYS_openat2, root, ".", &how, sizeof how);
    if (fd < 0)
        return false;
    (void)close(fd); /* O_PATH */
    return true;
}

enum err fs_posix_open(struct fs_posix *p, const char *root)
{
    *p = (struct fs_posix){.root = -1};
    enum err e = make_root(root);
    if (e != ERR_OK)
        return e;
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fs_posix_from_errno("open folder", root, errno);
    p->root = fd;
    p->walks = !has_openat2(fd);
    p->fs = (struct fs){
        .ctx = p,
        .create = do_create,
        .open = do_open,
        .write = do_write,
        .read = do_read,
        .sync = do_sync,
        .close = do_close,
        .forget_cache = do_forget_cache,
        .rename_noreplace = do_rename_noreplace,
        .rename = do_rename,
        .remove = do_remove,
        .make_folder = do_make_folder,
        .stat = do_stat,
        .list = do_list,
        .sync_names = do_sync_names,
        .sync_all = do_sync_all,
        .tag_set = do_tag_set,
        .tag_get = do_tag_get,
        .space = do_space,
    };
    return ERR_OK;
}

void fs_posix_close(struct fs_posix *p)
{
    if (p->fs.ctx == NULL || p->root < 0)
        return;
    (void)close(p->root); /* read only; flushing is the caller's */
    p->root = -1;
}
