/* lib/base/instant.h - the two times a program knows, as types that cannot be mixed up. */
#pragma once

#include <stdint.h>

/* Since an arbitrary start, never set back: for deadlines; never shown to people. */
struct mono {
    uint64_t ms;
};

/* Unix time in milliseconds: for names and pages. May jump. 0 = not known yet. */
struct wall {
    int64_t ms;
};
