/* relay/logic/journal.h - records that cannot lie with their file: where the file system keeps no
 * extended attributes, and keys whose photo retention has deleted.
 *
 * A folder of numbered, append-only segments, one per run that had something to write, so that a
 * torn end is never written behind. A line is "+" (its file is there) or "-" (deleted), the name
 * (escaped as in tag.h), a tab, and the photo's record. Damaged lines are skipped when read: each
 * record carries its checksum, and the SHA-256 in it ties it to its file. */
#pragma once

#include "lib/port/fs.h"
#include "relay/logic/ports/photo.h"

struct journal {
    const struct fs *fs; /* borrowed */
    int fd;              /* -1: no segment of this run yet */
    bool torn;           /* the end of the segment may be damaged: the next line begins anew */
};

void journal_init(struct journal *j, const struct fs *fs);

enum journal_kind {
    JOURNAL_STORED,
    JOURNAL_DELETED,
};

/* Appends one line for p->name (after a failure on a line of its own, whatever became of the last);
 * durable after the committer's next flush (or journal_sync). */
CHECKED enum err journal_append(struct journal *j, enum journal_kind kind, const struct photo *p);

/* Flushes this run's segment and its name. ERR_OK if there is none. */
CHECKED enum err journal_sync(struct journal *j);

/* Calls `each` for every sound line of every segment, oldest segment first. Stops early when `each`
 * answers false. `*out_damaged` counts lines that were skipped. */
CHECKED enum err journal_read(const struct fs *fs,
                              bool (*each)(void *arg, enum journal_kind kind,
                                           const struct photo *p),
                              void *arg, uint64_t *out_damaged);

void journal_close(struct journal *j);
