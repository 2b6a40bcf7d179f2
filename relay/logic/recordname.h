/* relay/logic/recordname.h - the name of a recording that is not in the folder yet: when it began,
 * and of which source. It is all that is left after a crash, and enough.
 *
 *   1768378500000-door.wav      Unix milliseconds, "-", the source's name, the extension */
#pragma once

#include <stdbool.h>

#include "lib/base/slice.h"
#include "lib/port/clock.h"
#include "relay/logic/medium.h"
#include "relay/logic/ports/photo.h"

enum { RECORDNAME_MAX = 64 };

struct recordname {
    struct wall began;
    char source[DESTINATION_NAME_MAX]; /* letters, digits, '.', '_', '-'; not empty */
    enum medium medium;                /* of sound */
};

void recordname_write(const struct recordname *n, char out[RECORDNAME_MAX]);
/* False: not such a name; `*out` is then untouched. */
bool recordname_read(struct slice text, struct recordname *out);
/* May a source be called so? */
bool recordname_is_source(struct slice text);
