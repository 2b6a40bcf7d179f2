/* relay/logic/crashes.h - core dumps of cameras, kept beside the photos for a person to look at.
 *
 * A dump is whole or absent, and on the medium once crashes_store() returned ERR_OK: the camera
 * erases its own copy then. They are not photos: not listed, not forwarded, and only the newest are
 * kept. */
#pragma once

#include <stddef.h>

#include "lib/base/slice.h"
#include "lib/port/fs.h"

enum {
    CRASHES_BYTES_MAX =
        1024 * 1024,       /* of one; a core dump partition is 64 KiB, larger boards have more */
    CRASHES_KEPT_MAX = 64, /* the oldest goes when one more comes */
    CRASHES_NAME_MAX = 224,
};

/* Stores one as "CAMERA_YYYYmmdd_HHMMSS.core" ("_2" and so on behind it if that is taken). `camera`
 * may hold any bytes; `stamp` as names.h wants it. `out_name` gets the name. */
CHECKED enum err crashes_store(const struct fs *fs, struct slice camera, const char *stamp,
                               struct slice dump, char out_name[CRASHES_NAME_MAX]);
