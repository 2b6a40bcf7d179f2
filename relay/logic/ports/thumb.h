/* relay/logic/ports/thumb.h - small pictures of large ones. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { THUMB_BYTES_MAX = 512 * 1024 }; /* of a finished one */

/* What is to be made; see thumb_plan(). */
struct thumb_plan {
    uint32_t width, height; /* of the original */
    unsigned eighths;       /* scale, 1..8: the decoder computes only what is needed */
    unsigned orientation;   /* 1..8 as in lib/wire/exif.h: the thumbnail is turned upright */
};

/* Decodes `jpeg` at that scale and encodes the result into `out` (THUMB_BYTES_MAX). ERR_INPUT: the
 * picture is damaged; ERR_LIMIT: it does not fit, or is larger than the plan says; ERR_FULL: no
 * memory. Needs width * height * eighths^2 / 64 * 3 bytes, twice that if it is to be turned, plus
 * the decoder's own; callable from any thread. */
typedef enum err (*thumb_make)(const void *jpeg, size_t len, const struct thumb_plan *plan,
                               void *out, size_t *out_len);
