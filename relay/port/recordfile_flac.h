/* relay/port/recordfile_flac.h - samples into a FLAC file, and back as far as they are whole
 * (libFLAC). For relay/port/recordfile_posix.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct recordfile_flac;

/* Encodes 16 bits, one channel, into `fd`, which is borrowed, empty and at its start. */
CHECKED enum err recordfile_flac_open(int fd, uint32_t rate_hz, struct recordfile_flac **out);
CHECKED enum err recordfile_flac_write(struct recordfile_flac *f, const int16_t *samples,
                                       size_t count);
/* Writes what is gathered, and the true head. `f` is gone whatever it says. */
CHECKED enum err recordfile_flac_close(struct recordfile_flac *f);

/* How much of the file is whole: its samples, and the bytes they take from the start of the file.
 */
CHECKED enum err recordfile_flac_measure(int fd, uint64_t *out_samples, uint64_t *out_bytes);
