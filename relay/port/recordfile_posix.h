/* relay/port/recordfile_posix.h - recordings as files of a folder: WAV written here, FLAC with
 * recordfile_flac.h. */
#pragma once

#include <stdbool.h>

#include "relay/logic/ports/recordfile.h"

struct recordfile_posix;

/* `folder` is copied. ERR_FULL: no memory. */
CHECKED enum err recordfile_posix_create(const char *folder, bool flac,
                                         struct recordfile_posix **out,
                                         struct recordfile *out_calls);
/* Finishes what is open. NULL does nothing. */
void recordfile_posix_destroy(struct recordfile_posix *r);

/* What a crash left as `name` + RECORDFILE_OPEN in `folder`: what is whole of it gets a true header
 * and the name; if nothing is, it is removed. ERR_IO: neither was possible now. */
CHECKED enum err recordfile_posix_repair(const char *folder, const char *name, bool flac);
