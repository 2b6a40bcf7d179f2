/* lib/port/fs.h - a folder that can keep a promise about power cuts.
 *
 * All paths are relative to one root that the port holds open; none may leave it. Every call may be
 * made from any thread, except that one descriptor belongs to one thread at a time.
 *
 * What survives a power cut: bytes once `sync` of their descriptor, names once `sync_names` of
 * their folder, and both once `sync_all` returned ERR_OK after them. Nothing else is promised. A
 * sync that failed once must never be repeated in the hope of a better answer: Linux may have
 * dropped the dirty pages and forgotten (PostgreSQL's "fsyncgate", 2018). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/port/clock.h"

enum { FS_PATH_MAX = 512 }; /* bytes of a path with its NUL */

struct fs_stat {
    uint64_t size_bytes;
    struct wall modified;
    bool is_file; /* a plain file: no folder, no symbolic link, no device */
};

struct fs_space {
    uint64_t free_bytes;  /* what an ordinary user may still write */
    uint64_t total_bytes; /* 0: not known */
};

/* Any call may answer ERR_IO, or ERR_BUSY where the system has no descriptor or memory left. */
struct fs {
    void *ctx; /* the port's own state, handed back to every call */

    /* Creates for writing; ERR_INPUT if the name is taken. */
    enum err (*create)(void *ctx, const char *path, int *out_fd);
    /* Opens for reading a plain file; `*out_found` is false (and ERR_OK) if there is none. */
    enum err (*open)(void *ctx, const char *path, bool *out_found, int *out_fd);
    /* All or error. ERR_FULL: no space or quota left. */
    enum err (*write)(void *ctx, int fd, const void *data, size_t len);
    /* Up to `cap` bytes at `offset`; 0 bytes read = end of file. */
    enum err (*read)(void *ctx, int fd, uint64_t offset, void *out, size_t cap, size_t *out_len);
    enum err (*sync)(void *ctx, int fd);
    enum err (*close)(void *ctx, int fd); /* the descriptor is gone even when this fails */
    /* Reads of `fd` come from the medium from now on, as far as the system allows: what was written
     * back and is clean leaves the cache. */
    enum err (*forget_cache)(void *ctx, int fd);

    /* `*out_taken` (and ERR_OK) if `to` exists: nothing was moved then. */
    enum err (*rename_noreplace)(void *ctx, const char *from, const char *to, bool *out_taken);
    enum err (*rename)(void *ctx, const char *from, const char *to); /* replaces `to` */
    enum err (*remove)(void *ctx, const char *path);                 /* ERR_OK if there was none */
    enum err (*make_folder)(void *ctx, const char *path);            /* ERR_OK if it is there */
    enum err (*stat)(void *ctx, const char *path, bool *out_found, struct fs_stat *out_stat);
    /* Calls `each` with every name in the folder but "." and ".."; stops early when it answers
     * false. */
    enum err (*list)(void *ctx, const char *folder, bool (*each)(void *arg, const char *name),
                     void *arg);

    enum err (*sync_names)(void *ctx, const char *folder); /* "." is the root */
    /* Everything written, renamed and removed so far by anybody on this file system. */
    enum err (*sync_all)(void *ctx);

    /* A small record kept with the file itself (an extended attribute). `*out_kept` is false (and
     * ERR_OK) where the file system has none. */
    enum err (*tag_set)(void *ctx, int fd, const void *data, size_t len, bool *out_kept);
    /* `*out_len` is 0 (and ERR_OK) if there is none; ERR_LIMIT if it is longer than `cap`. */
    enum err (*tag_get)(void *ctx, int fd, void *out, size_t cap, size_t *out_len);

    enum err (*space)(void *ctx, struct fs_space *out_space);
};
