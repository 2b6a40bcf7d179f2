/* relay/logic/vitals.h - what cameras last said of themselves: the X-Camera-* fields of their
 * uploads (signal, battery, free memory, reset reason, photos queued and lost ...).
 *
 * Kept in memory only, for the newest VITALS_CAMERAS_MAX cameras. Not safe from two threads at
 * once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/instant.h"
#include "lib/base/slice.h"
#include "relay/logic/ports/photo.h"

enum {
    VITALS_CAMERAS_MAX = 256, /* the one that has been silent longest gives way */
    VITALS_FIELDS_MAX = 12,   /* per upload; further ones are left out */
    VITALS_NAME_MAX = 24,     /* bytes with the NUL: "Reset-Reason" */
    VITALS_VALUE_MAX = 48,
};

struct vitals_field {
    char name[VITALS_NAME_MAX]; /* lower case, without "X-Camera-" */
    char value[VITALS_VALUE_MAX];
};

struct vitals_camera {
    char camera[PHOTO_CAMERA_MAX]; /* "" = unused */
    struct wall at;
    size_t count;
    struct vitals_field fields[VITALS_FIELDS_MAX];
};

struct vitals {
    struct vitals_camera cameras[VITALS_CAMERAS_MAX];
};

/* Adds a header to a report (zeroed before the first) if it is one of X-Camera-* that tells
 * something of the camera (not Id, Boot, Seq), of printable ASCII and not too long. */
void vitals_add(struct vitals_camera *report, struct slice header, struct slice value);

/* Keeps a report; one without fields changes nothing. False if `camera` is empty or too long. */
bool vitals_put(struct vitals *v, struct slice camera, struct wall now,
                const struct vitals_camera *report);

/* NULL if nothing is known. */
const struct vitals_camera *vitals_find(const struct vitals *v, const char *camera);
