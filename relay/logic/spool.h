/* relay/logic/spool.h - puts the bytes of one upload on disk, hashed on the way.
 *
 * Promise: until commit.h gives the file its name, nothing of an upload is visible to anybody, and
 * whatever is left of it after a crash lies in the folder it was begun in, which is swept at
 * start. */
#pragma once

#include <stdint.h>

#include "lib/port/fs.h"
#include "relay/logic/ports/hash.h"
#include "relay/logic/ports/photo.h"

enum {
    /* Unwritten bytes an upload may leave to the flush of its batch: everybody in the batch waits
     * for them. More (an hour of sound) goes to the medium while it arrives. A usual photo is far
     * below. */
    SPOOL_UNSYNCED_MAX = 4 * 1024 * 1024,
};
enum { SPOOL_PATH_MAX = 96 }; /* recordings say more in their paths than uploads do */

/* One upload in flight. The caller owns the memory and touches no field; a zeroed spool is idle.
 * Not for use from two threads at once. */
struct spool {
    const struct fs *fs;     /* borrowed: outlives the upload */
    const struct hash *hash; /* borrowed likewise */
    struct hash_stream *stream;
    int fd;
    uint64_t size_bytes;
    uint64_t synced_bytes;     /* of them, on the medium already */
    char path[SPOOL_PATH_MAX]; /* below the root; set while not idle */
};

/* Starts an upload in the folder `tmp` (see recovery_choose_tmp()), under a number no other upload
 * of this run has. On error `s` stays idle. */
CHECKED enum err spool_begin(struct spool *s, const struct fs *fs, const struct hash *hash,
                             const char *tmp, uint64_t number);

/* Adds bytes. On an error the upload is aborted. */
CHECKED enum err spool_write(struct spool *s, const void *data, size_t len);

/* Forgets the bytes so far and starts anew: an earlier part was not the photo after all. */
CHECKED enum err spool_restart(struct spool *s);

/* All bytes are there: fills in size and sha256 of `p`, keeps its record with the file
 * (`*out_tagged` tells whether that was possible), flushes the bytes if `sync` or if there were
 * more than SPOOL_UNSYNCED_MAX, and closes. The
 * file stays at s->path for commit.h to take; on an error the upload is aborted. */
CHECKED enum err spool_finish(struct spool *s, struct photo *p, bool sync, bool *out_tagged);

/* Removes the file, finished or not. Does nothing to an idle spool. */
void spool_abort(struct spool *s);
