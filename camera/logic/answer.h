/* camera/logic/answer.h - what a relay's JSON answer says about the photo (design.md 3).
 *
 * Reads the top level of one object; values within values are skipped. Anything that is not such an
 * object says nothing, which is not a failure: any web server may stand in for a relay. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/slice.h"

enum { ANSWER_DEPTH_MAX = 16 };

struct answer {
    bool has_success;
    bool success;
    bool has_size;
    uint64_t size_bytes;
    struct slice sha256; /* as sent, points into the text; empty: not said */
    struct slice code;   /* likewise */
    struct slice error;  /* likewise, escapes still in it */
    bool duplicate;
};

/* False: not one whole JSON object; `*out` is then empty. */
bool answer_read(struct slice text, struct answer *out);
