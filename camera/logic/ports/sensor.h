/* camera/logic/ports/sensor.h - an image sensor with its lamp, or something that behaves like one.
 *
 * Calls may wait: grab up to SENSOR_GRAB_MAX_MS, start about a second. From one thread only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

enum {
    SENSOR_GRAB_MAX_MS = 5000, /* no grab waits longer; the task watchdog allows more */
};

/* Frame sizes every board knows, smallest first; the port maps them to the driver's. */
enum sensor_size {
    SENSOR_QVGA,  /* 320x240 */
    SENSOR_VGA,   /* 640x480 */
    SENSOR_SVGA,  /* 800x600 */
    SENSOR_XGA,   /* 1024x768 */
    SENSOR_HD,    /* 1280x720 */
    SENSOR_SXGA,  /* 1280x1024 */
    SENSOR_UXGA,  /* 1600x1200 */
    SENSOR_QXGA,  /* 2048x1536, 3 MP sensors */
    SENSOR_QSXGA, /* 2560x1920, 5 MP sensors */
    SENSOR_SIZES,
};

struct sensor_look {
    int8_t brightness, contrast, saturation, special_effect;
    int8_t awb, awb_gain, wb_mode;
    int8_t aec, aec2, ae_level;
    int16_t aec_value;
    int8_t agc, agc_gain, gainceiling;
    int8_t bpc, wpc, raw_gma, lenc, hmirror, vflip, dcw, colorbar;
};

struct sensor_setup {
    enum sensor_size size;
    uint8_t quality;   /* 4..63, as the sensors count: lower is better */
    uint32_t xclk_hz;  /* 6,000,000..24,000,000 */
    bool test_picture; /* a generated picture instead of the sensor's; says so in the picture */
    bool want_light;   /* measure the brightness of frames */
    /* Mirroring, colours and exposure, as esp32-camera names and counts them. */
    const struct sensor_look *look; /* borrowed during start; NULL: as the sensor starts */
};

/* A frame lent by the driver; to be given back soon. */
struct sensor_frame {
    const uint8_t *bytes;
    uint32_t length_bytes;
    uint16_t width;
    uint16_t height;
    bool is_jpeg;     /* if not: raw pixels of a sensor without JPEG, for `encode` */
    int64_t begun_us; /* when its exposure was read out, same clock as now_us */
    int16_t light;    /* mean brightness 0..255; -1: not known */
    void *handle;     /* the port's */
};

struct sensor {
    void *ctx; /* the port's own state, handed back to every call */
    enum err (*start)(void *ctx, const struct sensor_setup *setup);
    void (*stop)(void *ctx);
    /* Cuts or gives power; `*out_wired` false (and nothing done) where no pin does that. */
    void (*power)(void *ctx, bool on, bool *out_wired);
    /* ERR_IO: no frame came in time. ERR_FULL: there will never be another (a folder at its end).
     */
    enum err (*grab)(void *ctx, struct sensor_frame *out);
    void (*give)(void *ctx, const struct sensor_frame *frame);
    /* Raw pixels to JPEG. ERR_LIMIT: does not fit `cap`. */
    enum err (*encode)(void *ctx, const struct sensor_frame *frame, uint8_t *out, uint32_t cap,
                       uint32_t *out_len);
    enum err (*set_quality)(void *ctx, uint8_t quality);
    void (*lamp)(void *ctx, uint8_t percent); /* 0: off */
    int64_t (*now_us)(void *ctx);             /* since start, never set back */
    void (*pause)(void *ctx, uint32_t ms);
};
