/* relay/logic/ports/ground.h - what a port can find out about the disk the promise stands on.
 *
 * Facts only; what they allow is decided by ground_judge() in relay/logic/ground.h. */
#pragma once

#include <stdbool.h>

enum { GROUND_TYPE_MAX = 32 }; /* bytes of a file system's name with its NUL */

struct ground_mount {
    char type[GROUND_TYPE_MAX]; /* as the kernel names it: "ext4", "fuse.sshfs"; "": not known */
    bool no_barriers;           /* mounted so that the medium is never told to empty its cache */
};

struct ground_facts {
    unsigned kernel_major; /* 0: not known */
    unsigned kernel_minor;
    bool one_device; /* photos and state lie on the same one */
    struct ground_mount photos, state;
};
