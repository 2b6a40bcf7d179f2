/* relay/logic/adopt.h - is a file in the photo folder a photo we do not know yet?
 *
 * Files somebody copied in become photos like any other once they are whole. Files that a crash
 * left without a row still have their record (tag.h) and come back with key, camera and times. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/port/fs.h"
#include "relay/logic/medium.h"
#include "relay/logic/ports/hash.h"
#include "relay/logic/ports/photo.h"

enum adopt_verdict {
    ADOPT_TAKE,    /* `photo` is filled in: commit it in place */
    ADOPT_NOT_YET, /* changed a moment ago: perhaps still being copied */
    ADOPT_DAMAGED, /* has a record of ours, and its bytes are not those of the record */
    ADOPT_NEVER,   /* gone, not a plain file, or not whole: nothing until it is written again
                    */
};

struct adopt_found {
    enum adopt_verdict verdict;
    struct photo photo; /* name, size, sha256, times; with a record all of it */
    bool tagged;        /* its record lies with it */
};

/* Which file, and what is known of it. */
struct adopt_look {
    const char *name;
    const struct photo *record; /* stands in where the file has no record of its own; NULL: none */
    struct wall now;
    uint32_t still_ms; /* a file without any record must not have changed for so long */
    unsigned accept;   /* MEDIUM_BITs: others are taken only with a record */
};

/* May a file of this name be a photo, or a recording? It ends in .jpg, .jpeg, .wav or .flac (any
 * case) and does not begin with a dot. */
bool adopt_is_name(const char *name);

/* Is there anything a new database would have to be filled from: a file that may be a photo, or a
 * journal? Stops at the first. */
CHECKED enum err adopt_is_nothing(const struct fs *fs, bool *out_nothing);

/* Reads the record that lies with the file. `*out_found` is false if it has none of the right size:
 * nothing is hashed. */
CHECKED enum err adopt_read_tag(const struct fs *fs, const char *name, bool *out_found,
                                struct photo *out_photo);

/* Reads and judges the file. A time of change in the future (clocks jump) counts as long ago. */
CHECKED enum err adopt_examine(const struct fs *fs, const struct hash *hash,
                               const struct adopt_look *look, struct adopt_found *out);

/* Writes the record of an adopted photo beside it; false if it cannot lie there. */
bool adopt_keep_tag(const struct fs *fs, const struct photo *p);
