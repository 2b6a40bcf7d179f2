/* relay/logic/recovery.h - what is done before listening, and after a disk has failed.
 *
 * Nothing here is a reason not to start: what is damaged is set aside in LAYOUT_QUARANTINE, told,
 * and the rest goes on. */
#pragma once

#include <stdint.h>

#include "lib/port/fs.h"
#include "relay/logic/ports/hash.h"
#include "relay/logic/ports/state.h"

/* Makes the folders of layout.h. */
CHECKED enum err recovery_make_folders(const struct fs *fs);

/* Finds the folder out of which uploads can be moved to the photos: LAYOUT_TMP, or, if .camrelay is
 * a mount of its own, LAYOUT_NEAR_TMP, which is then made. `*out_tmp` is static text. Answers the
 * error of the move if neither will do; a disk that is full says ERR_OK. */
CHECKED enum err recovery_choose_tmp(const struct fs *fs, const char **out_tmp);

/* Removes what unfinished uploads left in LAYOUT_TMP and LAYOUT_NEAR_TMP. `*out_swept` counts the
 * files. */
CHECKED enum err recovery_sweep(const struct fs *fs, uint64_t *out_swept);

struct recovery_found {
    uint64_t damaged;    /* forgotten and set aside */
    uint64_t unreadable; /* the disk gave an error: forgotten, and left where they are */
};

/* Reads every photo of a batch above `batch` from the medium and compares it with its row. Where
 * they differ, row *and key* are forgotten (the photo was never acknowledged; its sender will
 * repeat it) and the file is set aside; but a file that is just what its own record says belongs to
 * another row: only this one is forgotten, and the file is found again when the folder is looked
 * through. So is a file that cannot be read now, once it can: it may be torn, and then its key must
 * not answer for it; it may be whole and acknowledged, and then its record brings it back. */
CHECKED enum err recovery_verify(const struct fs *fs, const struct hash *hash,
                                 const struct state *state, int64_t batch,
                                 struct recovery_found *out_found);

/* Does the file hold exactly these bytes? `*out_same` is false also if there is no such file. With
 * `from_medium` cached pages are dropped first. */
CHECKED enum err recovery_compare(const struct fs *fs, const struct hash *hash,
                                  const struct photo *p, bool from_medium, bool *out_same);

/* Moves a damaged file to LAYOUT_QUARANTINE under a free name, or to LAYOUT_NEAR_QUARANTINE if it
 * cannot be moved there. ERR_OK if it is gone already. */
CHECKED enum err recovery_set_aside(const struct fs *fs, const char *name);
