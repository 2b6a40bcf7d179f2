/* test/unit/temp_folder.h - a folder of its own for a test of a port, and its end. */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEMP_FOLDER_MAX = 4096 };

static inline int temp_folder_drop(const char *path, const struct stat *st, int kind,
                                   struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* Made under $TMPDIR or /tmp; false if that cannot be. */
static inline bool temp_folder_make(char out[TEMP_FOLDER_MAX])
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(out, TEMP_FOLDER_MAX, "%s/camrelay-test-XXXXXX",
                   base != NULL && base[0] != '\0' ? base : "/tmp");
    return mkdtemp(out) != NULL;
}

static inline void temp_folder_remove(const char *path)
{
    (void)nftw(path, temp_folder_drop, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
