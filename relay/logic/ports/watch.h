/* relay/logic/ports/watch.h - hears of files that somebody put into the photo folder.
 *
 * A name is told when a plain file of the folder itself was closed after writing or moved in; not
 * while it is being written, not for sub-folders and what is in them. What this program does itself
 * is told as well: the caller knows its own names. Events may come twice or for files that are gone
 * again, and some may be missed: then a rescan is asked for. One thread makes all calls but `wake`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct watch {
    void *ctx;
    /* Waits for events, for `wake` or for the time to pass, then calls `each` for every name that
     * is there to be told (borrowed for the call). `*out_rescan`: events were lost, look through
     * the whole folder. ERR_IO: the folder itself went away; the watch is of no more use. */
    CHECKED enum err (*wait)(void *ctx, uint32_t timeout_ms,
                             void (*each)(void *arg, const char *name), void *arg,
                             bool *out_rescan);
    void (*wake)(void *ctx); /* from any thread */
};
