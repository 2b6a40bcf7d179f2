#include "relay/main/thumbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hex.h"
#include "relay/logic/layout.h"
#include "relay/logic/thumb.h"

enum {
    NAME_BYTES = 16, /* of the hash; enough that no two photos meet */
    NAME_DIGITS = 2 * NAME_BYTES,
};

struct thumbs {
    const struct fs *fs;
    thumb_make make;
    struct metrics *metrics;
    bool counted;
    size_t files;
    char path[FS_PATH_MAX];
};

/* One file found while making room. */
struct old_file {
    char name[NAME_DIGITS + sizeof ".jpg"];
    int64_t modified_ms;
};

struct old_list {
    struct thumbs *thumbs;
    struct old_file *files;
    size_t count, cap;
};

enum err thumbs_create(const struct fs *fs, thumb_make make, struct metrics *metrics,
                       struct thumbs **out)
{
    struct thumbs *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_FULL;
    *t = (struct thumbs){.fs = fs, .make = make, .metrics = metrics};
    *out = t;
    return ERR_OK;
}

void thumbs_destroy(struct thumbs *t)
{
    free(t);
}

/* Reads a whole file of at most `max` bytes onto the heap. */
static enum err read_file(const struct fs *fs, const char *path, size_t max, char **out,
                          size_t *out_len)
{
    bool found;
    int fd;
    struct fs_stat st;
    enum err e = fs->stat(fs->ctx, path, &found, &st);
    if (e == ERR_OK && found)
        e = fs->open(fs->ctx, path, &found, &fd);
    if (e != ERR_OK || !found)
        return e != ERR_OK ? e : ERR_CORRUPT;
    char *bytes = NULL;
    size_t len = 0, n = 0;
    e = st.size_bytes > max ? ERR_LIMIT : ERR_OK;
    if (e == ERR_OK) {
        bytes = malloc((size_t)st.size_bytes + 1);
        e = bytes == NULL ? ERR_FULL : ERR_OK;
    }
    while (e == ERR_OK && len < st.size_bytes) {
        e = fs->read(fs->ctx, fd, len, bytes + len, (size_t)st.size_bytes - len, &n);
        if (e == ERR_OK && n == 0)
            e = ERR_CORRUPT; /* it became shorter */
        len += e == ERR_OK ? n : 0;
    }
    (void)fs->close(fs->ctx, fd); /* only read */
    if (e != ERR_OK) {
        free(bytes);
        return e;
    }
    *out = bytes;
    *out_len = len;
    return ERR_OK;
}

/* A power cut may have left a file without its bytes: nothing here is ever flushed. */
static bool is_whole(const char *jpeg, size_t len)
{
    static const char soi[] = {'\xFF', '\xD8'}, eoi[] = {'\xFF', '\xD9'};
    return len > 4 && memcmp(jpeg, soi, 2) == 0 && memcmp(jpeg + len - 2, eoi, 2) == 0;
}

static bool count_one(void *arg, const char *name)
{
    (void)name;
    struct thumbs *t = arg;
    t->files++;
    return true;
}

static bool note_old(void *arg, const char *name)
{
    struct old_list *list = arg;
    struct old_file *f = &list->files[list->count];
    struct fs_stat st = {0};
    bool found = false;
    char path[FS_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", LAYOUT_THUMBS, name);
    const struct fs *fs = list->thumbs->fs;
    if (strlen(name) >= sizeof f->name)
        (void)fs->remove(fs->ctx, path); /* an unfinished one */
    else if (fs->stat(fs->ctx, path, &found, &st) == ERR_OK && found) {
        memcpy(f->name, name, strlen(name) + 1);
        f->modified_ms = st.modified.ms;
        list->count++;
    }
    return list->count < list->cap;
}

static int older_first(const void *a, const void *b)
{
    const struct old_file *x = a, *y = b;
    return (x->modified_ms > y->modified_ms) - (x->modified_ms < y->modified_ms);
}

static void make_room(struct thumbs *t)
{
    const struct fs *fs = t->fs;
    struct old_list list = {t, NULL, 0, THUMBS_FILES_MAX + 1};
    list.files = calloc(list.cap, sizeof *list.files);
    if (list.files == NULL)
        return; /* tried again at the next one */
    if (fs->list(fs->ctx, LAYOUT_THUMBS, note_old, &list) == ERR_OK) {
        qsort(list.files, list.count, sizeof *list.files, older_first);
        for (size_t i = 0; i < list.count / 2; i++) {
            (void)snprintf(t->path, sizeof t->path, "%s/%s", LAYOUT_THUMBS, list.files[i].name);
            (void)fs->remove(fs->ctx, t->path); /* seen again next time */
        }
        t->files = list.count - list.count / 2;
    }
    free(list.files);
}

/* Keeping is a comfort: whatever fails here only costs the next visitor some time. */
static void keep(struct thumbs *t, const char *name, const char *jpeg, size_t len)
{
    const struct fs *fs = t->fs;
    char part[FS_PATH_MAX];
    int fd;
    if (!t->counted) {
        if (fs->make_folder(fs->ctx, LAYOUT_THUMBS) != ERR_OK ||
            fs->list(fs->ctx, LAYOUT_THUMBS, count_one, t) != ERR_OK)
            return;
        t->counted = true;
    }
    if (t->files >= THUMBS_FILES_MAX)
        make_room(t);
    (void)snprintf(part, sizeof part, "%s/%s.unfinished", LAYOUT_THUMBS, name);
    (void)snprintf(t->path, sizeof t->path, "%s/%s", LAYOUT_THUMBS, name);
    (void)fs->remove(fs->ctx, part);
    if (fs->create(fs->ctx, part, &fd) != ERR_OK)
        return;
    enum err e = fs->write(fs->ctx, fd, jpeg, len);
    enum err e_close = fs->close(fs->ctx, fd);
    if (e == ERR_OK && e_close == ERR_OK && fs->rename(fs->ctx, part, t->path) == ERR_OK)
        t->files++;
    else
        (void)fs->remove(fs->ctx, part);
}

static enum err make_one(struct thumbs *t, const struct photo *p, char **out_jpeg, size_t *out_len)
{
    char *source;
    size_t source_len;
    struct thumb_plan plan;
    enum err e = read_file(t->fs, p->name, THUMB_SOURCE_BYTES_MAX, &source, &source_len);
    if (e != ERR_OK)
        return e;
    char *jpeg = malloc(THUMB_BYTES_MAX);
    e = jpeg == NULL ? ERR_FULL : thumb_plan(source, source_len, &plan);
    if (e == ERR_OK)
        e = t->make(source, source_len, &plan, jpeg, out_len);
    free(source);
    if (e != ERR_OK) {
        free(jpeg);
        return e;
    }
    char *fitting = realloc(jpeg, *out_len);
    *out_jpeg = fitting == NULL ? jpeg : fitting;
    return ERR_OK;
}

enum err thumbs_get(struct thumbs *t, const struct photo *p, char **out_jpeg, size_t *out_len)
{
    char name[NAME_DIGITS + sizeof ".jpg"];
    hex_encode(p->sha256, NAME_BYTES, name);
    memcpy(name + NAME_DIGITS, ".jpg", sizeof ".jpg");
    (void)snprintf(t->path, sizeof t->path, "%s/%s", LAYOUT_THUMBS, name);
    char *kept = NULL;
    size_t len = 0;
    if (read_file(t->fs, t->path, THUMB_BYTES_MAX, &kept, &len) == ERR_OK && is_whole(kept, len)) {
        *out_jpeg = kept;
        *out_len = len;
        return ERR_OK;
    }
    free(kept);
    enum err e = make_one(t, p, out_jpeg, out_len);
    metrics_add(t->metrics, e == ERR_OK ? METRIC_THUMBS_MADE_TOTAL : METRIC_THUMBS_FAILED_TOTAL, 1);
    if (e == ERR_OK)
        keep(t, name, *out_jpeg, *out_len);
    return e;
}
