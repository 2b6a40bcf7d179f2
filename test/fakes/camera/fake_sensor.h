/* test/fakes/camera/fake_sensor.h - a sensor with frame buffers, its own time, and faults. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/ports/sensor.h"

enum { FAKE_SENSOR_BYTES_MAX = 64 * 1024 };

struct fake_sensor {
    int64_t now_us;
    int64_t period_us;     /* between frames */
    int64_t stale_us;      /* how old the first frames after a pause are */
    unsigned stale_frames; /* so many of them */
    int64_t stale_wait_us; /* until each of those comes */
    uint32_t size_bytes;   /* of a frame */
    uint32_t settle_step;  /* the first frames are this much larger, each less */
    unsigned settle_frames;
    int16_t light;
    uint16_t width;
    uint16_t height;
    unsigned fail_grabs; /* the next so many grabs give nothing */
    unsigned fail_starts;
    unsigned break_frames; /* the next so many frames have no end marker */
    unsigned end_after;    /* frames; 0: without end */
    bool raw;              /* no JPEG in the sensor */
    bool power_wired;
    unsigned starts;
    unsigned stops;
    unsigned power_offs;
    unsigned grabs;
    unsigned buffers;
    unsigned frames_out; /* lent and not given back; if all are, a grab waits in vain */
    uint8_t lamp;
    unsigned lamp_changes;
    int64_t lamp_on_us;
    uint8_t quality;
    struct sensor_setup setup; /* of the last start */
    uint8_t bytes[FAKE_SENSOR_BYTES_MAX];
    struct sensor sensor;
};

void fake_sensor_init(struct fake_sensor *f);
