/* camera/logic/shutter.h - takes one photo that is fresh, exposed and whole.
 *
 * Fresh: its frame began after the trigger (after the lamp was lit and had settled), by its own
 * time stamp, not by throwing away a number of frames and hoping. Exposed: after a start or with
 * the lamp on, frames are compared until their sizes settle, within stated limits. Whole: SOI,
 * segments and EOI are there. The frame goes back to the driver as soon as it is copied, and the
 * lamp is off again, on every path. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/ports/sensor.h"

enum {
    SHUTTER_STALE_MAX = 6, /* frames older than the trigger that are given back */
    SHUTTER_SETTLE_FRAMES_MAX = 12,
    SHUTTER_SETTLE_PERCENT = 4, /* two frames this close in size: exposure has settled */
    SHUTTER_TRIES = 3,          /* broken frames before it is a failure */
    SHUTTER_QUALITY_WORST = 40,
    SHUTTER_QUALITY_STEP = 2,
    SHUTTER_NEARLY_FULL_PERCENT = 90, /* of the driver's JPEG buffer, width x height / 5 */
    SHUTTER_TAKE_MAX_MS = 40 * 1000, /* then no further frame is waited for: watchdogs allow more */
};

struct shutter_config {
    uint8_t quality;
    uint8_t lamp_percent;    /* 0: without lamp */
    uint16_t lamp_settle_ms; /* from lighting it to the earliest frame that counts */
    uint16_t settle_ms_max;  /* for exposure; 0: none wanted (pictures from files) */
    uint8_t dark_below;      /* brightness gate, 0..255; 0: off */
};

enum shutter_result {
    SHUTTER_TAKEN,
    SHUTTER_TOO_DARK, /* the gate is on and it is dark: no photo, no failure */
    SHUTTER_ENDED,    /* a source with an end is at it */
    SHUTTER_FAILED,
};

/* The caller owns the memory and reads the counters. */
struct shutter {
    const struct sensor *sensor; /* borrowed */
    struct shutter_config config;
    uint8_t quality;    /* in use: worse than configured after overflows */
    bool settled;       /* since the last start */
    bool dark;          /* what the gate thinks */
    uint32_t failures;  /* photos not taken */
    uint32_t stale;     /* frames given back for being older than the trigger */
    uint32_t broken;    /* frames that were not a whole JPEG */
    uint32_t overflows; /* times quality was lowered */
    int64_t end_us;     /* of the photo being taken */
};

struct shutter_photo {
    const uint8_t *bytes; /* in `copy`, or in the lent frame */
    uint32_t length_bytes;
    uint16_t width;
    uint16_t height;
    int16_t light;
    struct sensor_frame frame; /* if lent: to be given back by whoever has the photo */
    bool lent;
};

void shutter_init(struct shutter *s, const struct sensor *sensor,
                  const struct shutter_config *config);

/* The sensor was started anew: exposure must settle again, quality is as configured. */
void shutter_restarted(struct shutter *s);

/* Takes a photo now, into `copy` of `cap` bytes, or fails within SHUTTER_TAKE_MAX_MS and one grab.
 * `copy` NULL: boards without room for a second picture; the frame itself is lent then, and the
 * next one will be stale until it is given back. */
enum shutter_result shutter_take(struct shutter *s, uint8_t *copy, uint32_t cap,
                                 struct shutter_photo *out_photo);
