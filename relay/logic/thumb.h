/* relay/logic/thumb.h - how a thumbnail of a JPEG is to be made, or why not. */
#pragma once

#include "relay/logic/ports/thumb.h"

enum {
    THUMB_SIDE_MIN = 320, /* the longer side of a thumbnail, at least, if the photo has as much */
    THUMB_SOURCE_BYTES_MAX = 16 * 1024 * 1024,
    /* A sequential JPEG is decoded line by line. A progressive one needs all its coefficients at
     * once, up to 6 bytes a pixel: 4 million pixels are 24 MiB. */
    THUMB_PIXELS_MAX = 64 * 1000 * 1000,
    THUMB_PROGRESSIVE_PIXELS_MAX = 4 * 1000 * 1000,
};

/* Reads the frame header (ITU T.81 B.2.2). ERR_INPUT: no JPEG, or no frame header where one must
 * be; ERR_LIMIT: more pixels than we decode. */
CHECKED enum err thumb_plan(const void *jpeg, size_t len, struct thumb_plan *out_plan);
