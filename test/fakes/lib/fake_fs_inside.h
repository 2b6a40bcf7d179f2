/* test/fakes/lib/fake_fs_inside.h - what fake_fs.c (the calls) and fake_fs_medium.c (what is on the
 * medium) share. Not for tests. Callers hold the lock. */
#pragma once

#include "test/fakes/lib/fake_fs.h"

enum { FAKE_FS_TAG_MAX = 4096, FAKE_FS_NO_FILE = -1 };

/* Bytes are only ever appended, so the first `kept_len` ones are clean and the rest is dirty. */
struct fake_fs_file {
    uint8_t *seen; /* as programs see them */
    uint8_t *kept; /* as the medium has them */
    size_t seen_len, kept_len, cap;
    uint8_t seen_tag[FAKE_FS_TAG_MAX], kept_tag[FAKE_FS_TAG_MAX];
    size_t seen_tag_len, kept_tag_len;
    struct wall modified;
    bool is_folder;
};

struct fake_fs_name {
    char path[FS_PATH_MAX];
    int file;
};

/* One half of a change: this path now names that file, or none. A rename has two halves. */
struct fake_fs_change {
    char path[FS_PATH_MAX];
    int file;
};

struct fake_fs_handle {
    int file;
    bool open, writable;
};

int fake_fs_new_file(struct fake_fs *f, bool is_folder);
void fake_fs_append(struct fake_fs_file *file, const void *data, size_t len);
int fake_fs_find(const struct fake_fs *f, const char *path); /* FAKE_FS_NO_FILE if none */
void fake_fs_set_name(struct fake_fs *f, const char *path, int file);
/* "a/b" -> "a", "b" -> "." */
void fake_fs_parent(const char *path, char out[FS_PATH_MAX]);

void fake_fs_keep_file(struct fake_fs_file *file);
void fake_fs_drop_file(struct fake_fs_file *file);              /* a flush that failed */
void fake_fs_keep_names(struct fake_fs *f, const char *folder); /* NULL: all */
