/* relay/logic/ground.h - which promise the disk under us can carry.
 *
 * One flush for a whole batch (syncfs) needs a kernel whose syncfs reports errors (Linux 5.8; see
 * syncfs(2), NOTES), bytes, names and database on one device, and a file system that is known to
 * write all of it back and to tell the medium to empty its cache. */
#pragma once

#include "relay/logic/ports/ground.h"

enum ground_promise {
    GROUND_NONE,      /* works, but nothing is sure to survive a power cut */
    GROUND_PER_FILE,  /* flush bytes, names and database one by one */
    GROUND_ONE_FLUSH, /* one syncfs after names and rows covers all */
};

struct ground_verdict {
    enum ground_promise promise;
    const char *reason; /* static text for people, never NULL */
};

struct ground_verdict ground_judge(const struct ground_facts *facts);

/* "none", "per-file", "one-flush": as /health and the settings spell it. Static text. */
const char *ground_promise_name(enum ground_promise promise);
