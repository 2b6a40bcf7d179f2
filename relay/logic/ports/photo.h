/* relay/logic/ports/photo.h - one stored photo, as rows, tags and answers know it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/port/clock.h"

enum {
    PHOTO_NAME_MAX = 256,     /* bytes with the NUL; NAME_MAX of Linux file systems */
    PHOTO_CAMERA_MAX = 65,    /* X-Camera-Id: 64 bytes of visible ASCII or UTF-8 */
    PHOTO_KEY_MAX = 257,      /* Idempotency-Key: 256 bytes */
    PHOTO_ORIGINAL_MAX = 256, /* the sender's own file name; data only, never a path */
    DELIVERY_ERROR_MAX = 160,
    DESTINATION_NAME_MAX = 33,
    DESTINATIONS_MAX = 8,
};

struct photo {
    int64_t id;    /* receipt number; 0 = none yet */
    int64_t batch; /* the flush that made it durable; 0 = none yet */
    char name[PHOTO_NAME_MAX];
    uint64_t size_bytes;
    uint8_t sha256[32];
    struct wall received;
    struct wall captured;          /* X-Captured-At; 0 = not told */
    char camera[PHOTO_CAMERA_MAX]; /* "" = not told */
    char key[PHOTO_KEY_MAX];       /* "" = none */
    char original[PHOTO_ORIGINAL_MAX];
    uint64_t boot; /* X-Camera-Boot; counts only if has_seq */
    uint64_t seq;  /* X-Camera-Seq */
    bool has_seq;
    bool sent_already; /* at commit: no destination owes it (imported as sent) */
};
