/* relay/main/archive.h - brings finished recordings into the photo folder, by the way photos take:
 * hashed, with their record, committed, forwarded. One thread; the folder of recordings is its
 * queue, so nothing is forgotten over a crash.
 *
 * At start what a crash left half written is repaired. A recording that cannot be committed now
 * (the disk fails, the database is full) stays where it is and is tried again. */
#pragma once

#include <stdbool.h>

#include "lib/port/fs.h"
#include "relay/main/committer.h"

struct archive;

struct archive_deps { /* all borrowed until archive_destroy() */
    const struct fs *fs;
    const struct hash *hash;
    const struct clock *clock;
    struct committer *committer;
    const char *folder; /* of recordings, relative to the photos: layout.h */
    const char *path;   /* the same, absolute */
    /* Local time as "YYYYmmdd_HHMMSS". */
    void (*stamp)(void *ctx, struct wall t, char out[NAMES_STAMP_MAX]);
    /* Repairs what was left open under `name`; ERR_OK also if nothing of it was whole. */
    CHECKED enum err (*repair)(const char *path, const char *name, bool flac);
    void *ctx; /* of stamp */
};

CHECKED enum err archive_start(const struct archive_deps *deps, struct archive **out);
/* Until this is true, what lies open in the folder is not to be touched. Any thread. */
bool archive_is_repaired(const struct archive *a);
/* Another recording is finished. Any thread. */
void archive_wake(struct archive *a);
/* Finished recordings that wait. Any thread. */
uint64_t archive_waiting(const struct archive *a);
/* Ends the thread; what waits is taken up at the next start. */
void archive_stop(struct archive *a);
void archive_destroy(struct archive *a); /* NULL does nothing */
