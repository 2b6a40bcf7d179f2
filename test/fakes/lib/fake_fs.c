/* The calls of struct fs over a disk in memory. */
#include "test/fakes/lib/fake_fs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "test/fakes/lib/fake_fs_inside.h"

enum { HANDLE_FIRST = 1000, NAME_BYTES_MAX = 255 };

enum gate {
    GATE_OPEN,   /* go on; the lock is held */
    GATE_BROKEN, /* answer fail_with; the lock is held */
    GATE_OFF,    /* no power: answer ERR_IO; the lock is not held */
};

static enum gate enter_raw(struct fake_fs *f, enum fake_fs_call call, const char *path)
{
    if (f->before != NULL)
        f->before(f->before_arg, call, path);
    pthread_mutex_lock(&f->lock);
    f->calls++;
    f->calls_of[call]++;
    if (!f->off && f->cut_at != 0 && f->calls >= f->cut_at) {
        f->off = true;
        if (f->cut_jumps) {
            pthread_mutex_unlock(&f->lock);
            longjmp(f->on_cut, 1);
        }
    }
    if (f->off) {
        pthread_mutex_unlock(&f->lock);
        return GATE_OFF;
    }
    bool matches = f->fail_call == FAKE_FS_ANY || f->fail_call == call;
    if (f->fail_in == 0 || !matches || --f->fail_in > 0)
        return GATE_OPEN;
    if (f->fail_stays)
        f->fail_in = 1;
    return GATE_BROKEN;
}

static enum err leave(struct fake_fs *f, enum err e)
{
    pthread_mutex_unlock(&f->lock);
    return e;
}

/* For calls that do nothing when they fail: true with the lock held, or false and the answer. */
static bool enter(struct fake_fs *f, enum fake_fs_call call, const char *path, enum err *out_e)
{
    switch (enter_raw(f, call, path)) {
    case GATE_OPEN: return true;
    case GATE_BROKEN: *out_e = leave(f, f->fail_with); return false;
    case GATE_OFF: *out_e = ERR_IO; return false;
    }
    return false;
}

/* The rules of lib/port/fs.h for paths; the folder a file is to be in must be there. */
static enum err check_path(const struct fake_fs *f, const char *path)
{
    if (strlen(path) >= FS_PATH_MAX)
        return ERR_LIMIT;
    for (const char *at = path;; at++) {
        size_t len = strcspn(at, "/");
        if (len == 0 || (len == 1 && *at == '.') || (len == 2 && memcmp(at, "..", 2) == 0))
            return ERR_INPUT;
        if (len > NAME_BYTES_MAX)
            return ERR_LIMIT;
        at += len;
        if (*at == '\0')
            break;
    }
    char parent[FS_PATH_MAX];
    fake_fs_parent(path, parent);
    if (strcmp(parent, ".") == 0)
        return ERR_OK;
    int folder = fake_fs_find(f, parent);
    return folder != FAKE_FS_NO_FILE && f->files[folder].is_folder ? ERR_OK : ERR_INPUT;
}

static bool is_folder(const struct fake_fs *f, const char *path)
{
    if (strcmp(path, ".") == 0)
        return true;
    int file = fake_fs_find(f, path);
    return file != FAKE_FS_NO_FILE && f->files[file].is_folder;
}

static int new_handle(struct fake_fs *f, int file, bool writable)
{
    f->handles = realloc(f->handles, (f->handle_count + 1) * sizeof *f->handles);
    assert(f->handles != NULL);
    f->handles[f->handle_count] = (struct fake_fs_handle){file, true, writable};
    return HANDLE_FIRST + (int)f->handle_count++;
}

/* A descriptor that is not open is a mistake of the caller, never of the world. */
static struct fake_fs_handle *handle_of(struct fake_fs *f, int fd)
{
    assert(fd >= HANDLE_FIRST && (size_t)(fd - HANDLE_FIRST) < f->handle_count);
    struct fake_fs_handle *h = &f->handles[fd - HANDLE_FIRST];
    assert(h->open);
    return h;
}

static struct fake_fs_file *file_of(struct fake_fs *f, int fd)
{
    return &f->files[handle_of(f, fd)->file];
}

static enum err do_create(void *ctx, const char *path, int *out_fd)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_CREATE, path, &e))
        return e;
    e = check_path(f, path);
    if (e == ERR_OK && fake_fs_find(f, path) != FAKE_FS_NO_FILE)
        e = ERR_INPUT;
    if (e != ERR_OK)
        return leave(f, e);
    int file = fake_fs_new_file(f, false);
    fake_fs_set_name(f, path, file);
    *out_fd = new_handle(f, file, true);
    return leave(f, ERR_OK);
}

static enum err do_open(void *ctx, const char *path, bool *out_found, int *out_fd)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_OPEN, path, &e))
        return e;
    int file = fake_fs_find(f, path);
    if (file == FAKE_FS_NO_FILE) {
        e = check_path(f, path);
        if (e == ERR_OK)
            *out_found = false;
        return leave(f, e);
    }
    if (f->files[file].is_folder)
        return leave(f, ERR_INPUT);
    *out_found = true;
    *out_fd = new_handle(f, file, false);
    return leave(f, ERR_OK);
}

static enum err do_write(void *ctx, int fd, const void *data, size_t len)
{
    struct fake_fs *f = ctx;
    enum gate gate = enter_raw(f, FAKE_FS_WRITE, NULL);
    if (gate == GATE_OFF)
        return ERR_IO;
    assert(handle_of(f, fd)->writable);
    struct fake_fs_file *file = file_of(f, fd);
    file->modified = f->now;
    enum err e = gate == GATE_BROKEN ? f->fail_with : ERR_OK;
    size_t fits = e == ERR_OK ? len : len / 2;
    if (fits > f->room_bytes) {
        fits = (size_t)f->room_bytes;
        e = ERR_FULL;
    }
    if (f->room_bytes != UINT64_MAX)
        f->room_bytes -= fits;
    fake_fs_append(file, data, fits);
    return leave(f, e);
}

static enum err do_read(void *ctx, int fd, uint64_t offset, void *out, size_t cap, size_t *out_len)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_READ, NULL, &e))
        return e;
    assert(!handle_of(f, fd)->writable);
    const struct fake_fs_file *file = file_of(f, fd);
    size_t len = 0;
    if (offset < file->seen_len)
        len = file->seen_len - (size_t)offset;
    if (len > cap)
        len = cap;
    if (len > 0)
        memcpy(out, file->seen + offset, len);
    *out_len = len;
    return leave(f, ERR_OK);
}

static enum err do_sync(void *ctx, int fd)
{
    struct fake_fs *f = ctx;
    enum gate gate = enter_raw(f, FAKE_FS_SYNC, NULL);
    if (gate == GATE_OFF)
        return ERR_IO;
    if (gate == GATE_OPEN) {
        fake_fs_keep_file(file_of(f, fd));
        return leave(f, ERR_OK);
    }
    fake_fs_drop_file(file_of(f, fd));
    return leave(f, f->fail_with);
}

static enum err do_close(void *ctx, int fd)
{
    struct fake_fs *f = ctx;
    enum gate gate = enter_raw(f, FAKE_FS_CLOSE, NULL);
    if (gate == GATE_OFF)
        return ERR_IO;
    handle_of(f, fd)->open = false;
    return leave(f, gate == GATE_BROKEN ? f->fail_with : ERR_OK);
}

static enum err do_forget_cache(void *ctx, int fd)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_FORGET, NULL, &e))
        return e;
    struct fake_fs_file *file = file_of(f, fd);
    if (file->kept_len > 0)
        memcpy(file->seen, file->kept, file->kept_len);
    return leave(f, ERR_OK);
}

static enum err move(struct fake_fs *f, const char *from, const char *to)
{
    int file = fake_fs_find(f, from);
    enum err e = check_path(f, from);
    if (e == ERR_OK)
        e = check_path(f, to);
    if (e == ERR_OK && (file == FAKE_FS_NO_FILE || is_folder(f, from) || is_folder(f, to)))
        e = ERR_INPUT;
    if (e == ERR_OK && strcmp(from, to) != 0) {
        fake_fs_set_name(f, to, file);
        fake_fs_set_name(f, from, FAKE_FS_NO_FILE);
    }
    return e;
}

static enum err do_rename_noreplace(void *ctx, const char *from, const char *to, bool *out_taken)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_RENAME_NOREPLACE, to, &e))
        return e;
    bool taken = fake_fs_find(f, to) != FAKE_FS_NO_FILE;
    if (!taken)
        e = move(f, from, to);
    else if (fake_fs_find(f, from) == FAKE_FS_NO_FILE)
        e = ERR_INPUT;
    if (e == ERR_OK)
        *out_taken = taken;
    return leave(f, e);
}

static enum err do_rename(void *ctx, const char *from, const char *to)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_RENAME, to, &e))
        return e;
    return leave(f, move(f, from, to));
}

static enum err do_remove(void *ctx, const char *path)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_REMOVE, path, &e))
        return e;
    e = check_path(f, path);
    if (e == ERR_OK && is_folder(f, path))
        e = ERR_INPUT;
    if (e == ERR_OK && fake_fs_find(f, path) != FAKE_FS_NO_FILE)
        fake_fs_set_name(f, path, FAKE_FS_NO_FILE);
    return leave(f, e);
}

static enum err do_make_folder(void *ctx, const char *path)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_MAKE_FOLDER, path, &e))
        return e;
    e = check_path(f, path);
    if (e != ERR_OK)
        return leave(f, e);
    if (fake_fs_find(f, path) == FAKE_FS_NO_FILE)
        fake_fs_set_name(f, path, fake_fs_new_file(f, true));
    return leave(f, is_folder(f, path) ? ERR_OK : ERR_INPUT);
}

static enum err do_stat(void *ctx, const char *path, bool *out_found, struct fs_stat *out_stat)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_STAT, path, &e))
        return e;
    int file = fake_fs_find(f, path);
    if (file == FAKE_FS_NO_FILE) {
        bool root = strcmp(path, ".") == 0;
        e = root ? ERR_OK : check_path(f, path);
        if (e == ERR_OK)
            *out_found = root;
        if (root)
            *out_stat = (struct fs_stat){0};
        return leave(f, e);
    }
    const struct fake_fs_file *x = &f->files[file];
    *out_found = true;
    *out_stat = (struct fs_stat){x->seen_len, x->modified, !x->is_folder};
    return leave(f, ERR_OK);
}

/* Calls back outside the lock and from a copy, so that `each` may use the disk. */
static enum err do_list(void *ctx, const char *folder, bool (*each)(void *arg, const char *name),
                        void *arg)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_LIST, folder, &e))
        return e;
    if (!is_folder(f, folder))
        return leave(f, ERR_INPUT);
    char(*names)[FS_PATH_MAX] = malloc((f->name_count + 1) * sizeof *names);
    assert(names != NULL);
    size_t count = 0;
    for (size_t i = 0; i < f->name_count; i++) {
        char parent[FS_PATH_MAX];
        fake_fs_parent(f->names[i].path, parent);
        const char *slash = strrchr(f->names[i].path, '/');
        if (strcmp(parent, folder) == 0)
            strcpy(names[count++], slash == NULL ? f->names[i].path : slash + 1);
    }
    pthread_mutex_unlock(&f->lock);
    bool more = true;
    for (size_t i = 0; i < count && more; i++)
        more = each(arg, names[i]);
    free(names);
    return ERR_OK;
}

static enum err do_sync_names(void *ctx, const char *folder)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_SYNC_NAMES, folder, &e))
        return e;
    if (!is_folder(f, folder))
        return leave(f, ERR_INPUT);
    fake_fs_keep_names(f, folder);
    return leave(f, ERR_OK);
}

static enum err do_sync_all(void *ctx)
{
    struct fake_fs *f = ctx;
    enum gate gate = enter_raw(f, FAKE_FS_SYNC_ALL, NULL);
    if (gate == GATE_OFF)
        return ERR_IO;
    for (size_t i = 0; i < f->file_count; i++) {
        if (gate == GATE_OPEN)
            fake_fs_keep_file(&f->files[i]);
        else
            fake_fs_drop_file(&f->files[i]);
    }
    if (gate == GATE_OPEN)
        fake_fs_keep_names(f, NULL);
    return leave(f, gate == GATE_OPEN ? ERR_OK : f->fail_with);
}

static enum err do_tag_set(void *ctx, int fd, const void *data, size_t len, bool *out_kept)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_TAG_SET, NULL, &e))
        return e;
    struct fake_fs_file *file = file_of(f, fd);
    *out_kept = f->has_tags && len <= FAKE_FS_TAG_MAX;
    if (*out_kept) {
        memcpy(file->seen_tag, data, len);
        file->seen_tag_len = len;
    }
    return leave(f, ERR_OK);
}

static enum err do_tag_get(void *ctx, int fd, void *out, size_t cap, size_t *out_len)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_TAG_GET, NULL, &e))
        return e;
    const struct fake_fs_file *file = file_of(f, fd);
    if (file->seen_tag_len > cap)
        return leave(f, ERR_LIMIT);
    memcpy(out, file->seen_tag, file->seen_tag_len);
    *out_len = file->seen_tag_len;
    return leave(f, ERR_OK);
}

static enum err do_space(void *ctx, struct fs_space *out_space)
{
    struct fake_fs *f = ctx;
    enum err e = ERR_OK;
    if (!enter(f, FAKE_FS_SPACE, NULL, &e))
        return e;
    const uint64_t total = UINT64_C(1) << 40;
    *out_space = (struct fs_space){f->room_bytes < total ? f->room_bytes : total, total};
    return leave(f, ERR_OK);
}

void fake_fs_init(struct fake_fs *f)
{
    memset(f, 0, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    f->has_tags = true;
    f->room_bytes = UINT64_MAX;
    f->fs = (struct fs){
        .ctx = f,
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
}

void fake_fs_deinit(struct fake_fs *f)
{
    for (size_t i = 0; i < f->file_count; i++) {
        free(f->files[i].seen);
        free(f->files[i].kept);
    }
    free(f->files);
    free(f->names);
    free(f->durable);
    free(f->changes);
    free(f->handles);
    pthread_mutex_destroy(&f->lock);
    memset(f, 0, sizeof *f);
}

void fake_fs_fail(struct fake_fs *f, enum fake_fs_call call, unsigned nth, enum err e, bool stays)
{
    pthread_mutex_lock(&f->lock);
    f->fail_call = call;
    f->fail_in = nth;
    f->fail_with = e;
    f->fail_stays = stays;
    pthread_mutex_unlock(&f->lock);
}
