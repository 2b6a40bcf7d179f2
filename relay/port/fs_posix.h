/* relay/port/fs_posix.h - struct fs (lib/port/fs.h) over a real folder.
 *
 * Paths are resolved beneath the root the port holds open: no "..", no absolute path and no
 * symbolic link leads out of it, whatever others put into the folder (openat2(2) with
 * RESOLVE_BENEATH, or one O_NOFOLLOW step after the other where the kernel or a filter has no
 * openat2). Files are made with mode 0640, folders with 0750. The descriptor that `sync_all` uses
 * is opened here, before anything is written, so that no error of writing back can slip by it. */
#pragma once

#include "lib/port/fs.h"
#include "relay/logic/ports/ground.h"

struct fs_posix {
    struct fs fs; /* hand this to the logic */
    int root;     /* -1: closed */
    bool walks;   /* no openat2 here */
};

/* Opens the folder `root`, made with its parents (durably) if it is not there. ERR_INPUT: it is no
 * folder; ERR_IO: may not be read or made (logged). `p` must stay where it is. */
CHECKED enum err fs_posix_open(struct fs_posix *p, const char *root);

/* Closes; harmless on a zeroed or closed one. */
void fs_posix_close(struct fs_posix *p);

/* What the kernel says about the disk under the root and under its sub-folder `state_folder`. What
 * cannot be found out stays 0, "" or false. */
void fs_posix_ground(const struct fs_posix *p, const char *state_folder,
                     struct ground_facts *out_facts);
