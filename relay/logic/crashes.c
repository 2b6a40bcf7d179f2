#include "relay/logic/crashes.h"

#include <stdio.h>
#include <string.h>

#include "relay/logic/layout.h"
#include "relay/logic/names.h"

enum { SAME_SECOND_MAX = 100 };

#define PART LAYOUT_TMP "/crash"

struct oldest {
    const struct fs *fs;
    size_t count;
    struct wall modified;
    char name[CRASHES_NAME_MAX];
};

static bool look_at(void *arg, const char *name)
{
    struct oldest *o = arg;
    char path[FS_PATH_MAX];
    struct fs_stat st;
    bool found = false;
    int n = snprintf(path, sizeof path, LAYOUT_CRASHES "/%s", name);
    if (n < 0 || (size_t)n >= sizeof path || strlen(name) >= sizeof o->name ||
        o->fs->stat(o->fs->ctx, path, &found, &st) != ERR_OK || !found)
        return true;
    if (o->count++ == 0 || st.modified.ms < o->modified.ms) {
        o->modified = st.modified;
        snprintf(o->name, sizeof o->name, "%s", name);
    }
    return true;
}

static enum err make_room(const struct fs *fs)
{
    struct oldest o = {.fs = fs};
    char path[FS_PATH_MAX];
    enum err e = fs->list(fs->ctx, LAYOUT_CRASHES, look_at, &o);
    if (e != ERR_OK || o.count < CRASHES_KEPT_MAX)
        return e;
    snprintf(path, sizeof path, LAYOUT_CRASHES "/%s", o.name);
    return fs->remove(fs->ctx, path);
}

static enum err write_part(const struct fs *fs, struct slice dump)
{
    int fd;
    enum err e = fs->remove(fs->ctx, PART); /* left by a crash of our own */
    if (e == ERR_OK)
        e = fs->create(fs->ctx, PART, &fd);
    if (e != ERR_OK)
        return e;
    e = fs->write(fs->ctx, fd, dump.ptr, dump.len);
    if (e == ERR_OK)
        e = fs->sync(fs->ctx, fd);
    enum err e_close = fs->close(fs->ctx, fd);
    return e == ERR_OK ? e_close : e;
}

enum err crashes_store(const struct fs *fs, struct slice camera, const char *stamp,
                       struct slice dump, char out_name[CRASHES_NAME_MAX])
{
    struct names_base base;
    char path[FS_PATH_MAX];
    if (dump.len == 0)
        return ERR_INPUT;
    if (dump.len > CRASHES_BYTES_MAX)
        return ERR_LIMIT;
    names_make_base(camera.len == 0 ? SLICE("camera") : camera, stamp, &base);
    enum err e = make_room(fs);
    if (e == ERR_OK)
        e = write_part(fs, dump);
    bool taken = true;
    for (unsigned i = 1; e == ERR_OK && taken && i <= SAME_SECOND_MAX; i++) {
        if (i == 1)
            snprintf(out_name, CRASHES_NAME_MAX, "%s.core", base.base);
        else
            snprintf(out_name, CRASHES_NAME_MAX, "%s_%u.core", base.base, i);
        snprintf(path, sizeof path, LAYOUT_CRASHES "/%s", out_name);
        e = fs->rename_noreplace(fs->ctx, PART, path, &taken);
    }
    if (e == ERR_OK && taken)
        e = ERR_LIMIT;
    if (e == ERR_OK)
        e = fs->sync_names(fs->ctx, LAYOUT_CRASHES);
    if (e != ERR_OK)
        (void)fs->remove(fs->ctx, PART); /* the sweep at start finds it too */
    return e;
}
