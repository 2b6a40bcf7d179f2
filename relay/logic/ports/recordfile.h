/* relay/logic/ports/recordfile.h - one recording being written: 16-bit samples, one channel.
 *
 * Until `finish` it carries the suffix RECORDFILE_OPEN; what a crash left with that suffix is
 * repaired at start. One recording per struct at a time; all calls come from one thread and may
 * wait for the disk. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/port/clock.h"

#define RECORDFILE_OPEN ".open"

struct recordfile {
    void *ctx;
    /* Creates the recording `name` (recordname.h, without RECORDFILE_OPEN). ERR_FULL: no room. */
    CHECKED enum err (*begin)(void *ctx, const char *name, uint32_t rate_hz);
    /* On an error some of the samples may be in the file: finish it. */
    CHECKED enum err (*write)(void *ctx, const int16_t *samples, size_t count);
    /* What was written so far survives a power cut, but for what a coder still gathers (a frame of
     * FLAC: a quarter of a second). */
    CHECKED enum err (*flush)(void *ctx);
    /* Ends it: true header, flushed, closed, and under `name`. On an error it is closed all the
     * same, and repaired at the next start. */
    CHECKED enum err (*finish)(void *ctx);
};
