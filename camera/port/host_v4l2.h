/* camera/port/host_v4l2.h - frames of a V4L2 webcam that gives MJPEG. */
#pragma once

#include <stddef.h>

#include "camera/logic/ports/sensor.h"
#include "lib/port/clock.h"

enum { HOST_V4L2_BUFFERS = 3, HOST_V4L2_PATH_MAX = 64 };

struct host_v4l2 {
    struct clock clock;
    int fd; /* -1: closed */
    bool opened;
    char path[HOST_V4L2_PATH_MAX];
    uint8_t *maps[HOST_V4L2_BUFFERS];
    size_t sizes[HOST_V4L2_BUFFERS];
    unsigned buffers;
    uint16_t width;
    uint16_t height;
    struct sensor sensor; /* valid as long as this struct stays where it is */
};

/* ERR_INPUT: no such device, or it has no MJPEG. */
CHECKED enum err host_v4l2_open(struct host_v4l2 *v, const char *path, struct clock clock);
void host_v4l2_close(struct host_v4l2 *v); /* a zeroed one, too */
