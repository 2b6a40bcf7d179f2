#include "relay/logic/recovery.h"

#include <stdio.h>
#include <string.h>

#include "relay/logic/adopt.h"
#include "relay/logic/layout.h"
#include "relay/logic/limits.h"

enum { READ_BYTES = 32 * 1024, VERIFY_STEP = 64, ASIDE_NAMES_MAX = 10000 };

static enum err make_folders(const struct fs *fs, const char *const *folders, size_t count)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        e = fs->make_folder(fs->ctx, folders[i]);
    return e;
}

enum err recovery_make_folders(const struct fs *fs)
{
    static const char *const folders[] = {
        LAYOUT_HOME, LAYOUT_TMP, LAYOUT_JOURNAL, LAYOUT_QUARANTINE, LAYOUT_CRASHES, LAYOUT_THUMBS,
    };
    return make_folders(fs, folders, sizeof folders / sizeof folders[0]);
}

static enum err probe_move(const struct fs *fs, const char *tmp)
{
    static const char to[] = LAYOUT_HOME ".probe";
    char from[FS_PATH_MAX];
    bool taken = false;
    int fd = -1;
    snprintf(from, sizeof from, "%s/probe", tmp);
    (void)fs->remove(fs->ctx, from); /* left by a crash */
    (void)fs->remove(fs->ctx, to);
    if (fs->create(fs->ctx, from, &fd) != ERR_OK)
        return ERR_OK;            /* uploads will tell why */
    (void)fs->close(fs->ctx, fd); /* nothing was written */
    enum err e = fs->rename_noreplace(fs->ctx, from, to, &taken);
    (void)fs->remove(fs->ctx, e == ERR_OK ? to : from); /* the next probe finds it too */
    return e == ERR_FULL || e == ERR_BUSY ? ERR_OK : e;
}

enum err recovery_choose_tmp(const struct fs *fs, const char **out_tmp)
{
    static const char *const folders[] = {LAYOUT_NEAR, LAYOUT_NEAR_TMP, LAYOUT_NEAR_QUARANTINE};
    const char *tmp = LAYOUT_TMP;
    enum err e = probe_move(fs, tmp);
    if (e != ERR_OK) {
        tmp = LAYOUT_NEAR_TMP;
        e = make_folders(fs, folders, sizeof folders / sizeof folders[0]);
        if (e == ERR_OK)
            e = probe_move(fs, tmp);
    }
    if (e == ERR_OK)
        *out_tmp = tmp;
    return e;
}

struct sweep {
    const struct fs *fs;
    const char *folder;
    uint64_t swept;
    enum err error;
};

static bool sweep_one(void *arg, const char *name)
{
    struct sweep *s = arg;
    char path[FS_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", s->folder, name);
    if (n < 0 || (size_t)n >= sizeof path)
        return true; /* not a name of ours */
    enum err e = s->fs->remove(s->fs->ctx, path);
    if (e == ERR_OK)
        s->swept++;
    else
        s->error = e;
    return true;
}

enum err recovery_sweep(const struct fs *fs, uint64_t *out_swept)
{
    struct sweep s = {.fs = fs, .folder = LAYOUT_TMP, .error = ERR_OK};
    bool found = false;
    struct fs_stat st;
    enum err e = fs->list(fs->ctx, s.folder, sweep_one, &s);
    enum err e_near = fs->stat(fs->ctx, LAYOUT_NEAR, &found, &st);
    s.folder = LAYOUT_NEAR_TMP;
    if (e_near == ERR_OK && found)
        e_near = fs->list(fs->ctx, s.folder, sweep_one, &s);
    *out_swept = s.swept;
    if (e == ERR_OK)
        e = e_near;
    return e == ERR_OK ? s.error : e;
}

static enum err hash_file(const struct fs *fs, const struct hash *hash, int fd, uint64_t *out_size,
                          uint8_t out_sha256[HASH_BYTES])
{
    struct hash_stream *stream;
    enum err e = hash->begin(hash->ctx, &stream);
    if (e != ERR_OK)
        return e;
    char bytes[READ_BYTES];
    uint64_t size = 0;
    size_t got = 1;
    while (e == ERR_OK && got > 0) {
        e = fs->read(fs->ctx, fd, size, bytes, sizeof bytes, &got);
        if (e == ERR_OK)
            hash->update(hash->ctx, stream, bytes, got);
        size += e == ERR_OK ? got : 0;
    }
    if (e != ERR_OK) {
        hash->discard(hash->ctx, stream);
        return e;
    }
    hash->finish(hash->ctx, stream, out_sha256);
    *out_size = size;
    return ERR_OK;
}

enum err recovery_compare(const struct fs *fs, const struct hash *hash, const struct photo *p,
                          bool from_medium, bool *out_same)
{
    bool found = false;
    int fd = -1;
    enum err e = fs->open(fs->ctx, p->name, &found, &fd);
    if (e != ERR_OK)
        return e;
    if (!found) {
        *out_same = false;
        return ERR_OK;
    }
    if (from_medium)
        e = fs->forget_cache(fs->ctx, fd);
    uint64_t size = 0;
    uint8_t sha256[HASH_BYTES];
    if (e == ERR_OK)
        e = hash_file(fs, hash, fd, &size, sha256);
    (void)fs->close(fs->ctx, fd); /* only read */
    if (e == ERR_OK)
        *out_same = size == p->size_bytes && memcmp(sha256, p->sha256, sizeof sha256) == 0;
    return e;
}

static enum err set_aside_in(const struct fs *fs, const char *folder, const char *name)
{
    char to[FS_PATH_MAX];
    bool taken = true;
    for (unsigned i = 0; taken && i < ASIDE_NAMES_MAX; i++) {
        int n = i == 0 ? snprintf(to, sizeof to, "%s/%s", folder, name)
                       : snprintf(to, sizeof to, "%s/%s.%u", folder, name, i);
        if (n < 0 || (size_t)n >= sizeof to)
            return ERR_LIMIT;
        bool found = false;
        struct fs_stat st;
        enum err e = fs->stat(fs->ctx, name, &found, &st);
        if (e != ERR_OK || !found)
            return e;
        e = fs->rename_noreplace(fs->ctx, name, to, &taken);
        if (e != ERR_OK)
            return e;
    }
    return taken ? ERR_LIMIT : ERR_OK;
}

enum err recovery_set_aside(const struct fs *fs, const char *name)
{
    bool found = false;
    struct fs_stat st;
    enum err e = set_aside_in(fs, LAYOUT_QUARANTINE, name);
    if (e != ERR_OK && fs->stat(fs->ctx, LAYOUT_NEAR, &found, &st) == ERR_OK && found)
        e = set_aside_in(fs, LAYOUT_NEAR_QUARANTINE, name);
    return e;
}

/* Rows are looked through in steps, so that damage is repaired between two steps and not while the
 * database is being read. */
struct verify {
    const struct fs *fs;
    const struct hash *hash;
    int64_t forgotten[VERIFY_STEP];
    char names[VERIFY_STEP][PHOTO_NAME_MAX]; /* "": its file stays where it is */
    size_t count;
    uint64_t unreadable;
};

/* Is the file just what its own record says? Then the row is wrong, and not the file. */
static enum err has_own_proof(const struct verify *v, const char *name, bool *out_proven)
{
    struct adopt_look look = {.name = name};
    struct adopt_found found;
    enum err e = adopt_examine(v->fs, v->hash, &look, &found);
    if (e == ERR_OK)
        *out_proven = found.tagged && found.verdict == ADOPT_TAKE;
    return e;
}

static bool verify_one(void *arg, const struct photo *p)
{
    struct verify *v = arg;
    bool same = false;
    bool proven = false;
    enum err e = recovery_compare(v->fs, v->hash, p, true, &same);
    if (e == ERR_OK && !same)
        e = has_own_proof(v, p->name, &proven);
    if (e == ERR_OK && same)
        return true;
    bool stays = e != ERR_OK || proven;
    v->unreadable += e != ERR_OK;
    v->forgotten[v->count] = p->id;
    snprintf(v->names[v->count], sizeof v->names[0], "%s", stays ? "" : p->name);
    v->count++;
    return v->count < VERIFY_STEP;
}

enum err recovery_verify(const struct fs *fs, const struct hash *hash, const struct state *state,
                         int64_t batch, struct recovery_found *out_found)
{
    *out_found = (struct recovery_found){0};
    struct verify v = {.fs = fs, .hash = hash};
    do {
        v.count = 0;
        enum err e = state->photos_above(state->ctx, batch, verify_one, &v);
        /* File first: a crash in between leaves a row without a file, which the next start finds.
         */
        for (size_t i = 0; e == ERR_OK && i < v.count; i++) {
            bool damaged = v.names[i][0] != '\0';
            out_found->damaged += damaged;
            if (damaged)
                e = recovery_set_aside(fs, v.names[i]);
        }
        if (e == ERR_OK && v.count > 0)
            e = state->photos_forget(state->ctx, v.forgotten, v.count, false);
        if (e != ERR_OK)
            return e;
    } while (v.count == VERIFY_STEP);
    out_found->unreadable = v.unreadable;
    return ERR_OK;
}
