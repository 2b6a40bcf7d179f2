#include "camera/port/host_v4l2.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int call(int fd, unsigned long request, void *arg)
{
    int rc;
    do {
        rc = ioctl(fd, request, arg);
    } while (rc < 0 && errno == EINTR);
    return rc;
}

static void unmap(struct host_v4l2 *v)
{
    for (unsigned i = 0; i < v->buffers; i++)
        munmap(v->maps[i], v->sizes[i]);
    v->buffers = 0;
}

static void v4l2_stop(void *ctx)
{
    struct host_v4l2 *v = ctx;
    if (v->fd < 0)
        return;
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    (void)call(v->fd, VIDIOC_STREAMOFF, &type); /* closing ends it, too */
    unmap(v);
    close(v->fd);
    v->fd = -1;
}

static const uint16_t SIDES[SENSOR_SIZES][2] = {
    {320, 240},   {640, 480},   {800, 600},   {1024, 768},  {1280, 720},
    {1280, 1024}, {1600, 1200}, {2048, 1536}, {2560, 1920},
};

static enum err set_format(struct host_v4l2 *v, enum sensor_size size)
{
    struct v4l2_format f = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    f.fmt.pix.width = SIDES[size][0];
    f.fmt.pix.height = SIDES[size][1];
    f.fmt.pix.pixelformat = V4L2_PIX_FMT_MJPEG;
    f.fmt.pix.field = V4L2_FIELD_ANY;
    if (call(v->fd, VIDIOC_S_FMT, &f) < 0 || f.fmt.pix.pixelformat != V4L2_PIX_FMT_MJPEG)
        return ERR_INPUT;
    v->width = (uint16_t)f.fmt.pix.width; /* what the device made of it */
    v->height = (uint16_t)f.fmt.pix.height;
    return ERR_OK;
}

static enum err map_buffers(struct host_v4l2 *v)
{
    struct v4l2_requestbuffers r = {.count = HOST_V4L2_BUFFERS,
                                    .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                    .memory = V4L2_MEMORY_MMAP};
    if (call(v->fd, VIDIOC_REQBUFS, &r) < 0 || r.count == 0)
        return ERR_IO;
    for (unsigned i = 0; i < r.count && i < HOST_V4L2_BUFFERS; i++) {
        struct v4l2_buffer b = {
            .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (call(v->fd, VIDIOC_QUERYBUF, &b) < 0)
            return ERR_IO;
        void *map =
            mmap(NULL, b.length, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, (off_t)b.m.offset);
        if (map == MAP_FAILED)
            return ERR_IO;
        v->maps[i] = map;
        v->sizes[i] = b.length;
        v->buffers++;
        if (call(v->fd, VIDIOC_QBUF, &b) < 0)
            return ERR_IO;
    }
    return ERR_OK;
}

static enum err v4l2_start(void *ctx, const struct sensor_setup *setup)
{
    struct host_v4l2 *v = ctx;
    v4l2_stop(v);
    v->fd = open(v->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (v->fd < 0)
        return ERR_INPUT;
    enum err e = set_format(v, setup->size);
    if (e == ERR_OK)
        e = map_buffers(v);
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (e == ERR_OK && call(v->fd, VIDIOC_STREAMON, &type) < 0)
        e = ERR_IO;
    if (e != ERR_OK)
        v4l2_stop(v);
    return e;
}

static enum err v4l2_grab(void *ctx, struct sensor_frame *out)
{
    struct host_v4l2 *v = ctx;
    struct pollfd p = {.fd = v->fd, .events = POLLIN};
    if (v->fd < 0 || poll(&p, 1, SENSOR_GRAB_MAX_MS) <= 0)
        return ERR_IO;
    struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (call(v->fd, VIDIOC_DQBUF, &b) < 0 || b.index >= v->buffers)
        return ERR_IO;
    *out = (struct sensor_frame){
        .bytes = v->maps[b.index],
        .length_bytes = b.bytesused,
        .width = v->width,
        .height = v->height,
        .is_jpeg = true,
        .begun_us = (int64_t)b.timestamp.tv_sec * 1000000 + (int64_t)b.timestamp.tv_usec,
        .light = -1,
        .handle = v->maps[b.index],
    };
    return ERR_OK;
}

static void v4l2_give(void *ctx, const struct sensor_frame *frame)
{
    struct host_v4l2 *v = ctx;
    for (unsigned i = 0; i < v->buffers; i++) {
        struct v4l2_buffer b = {
            .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (v->maps[i] == frame->handle)
            (void)call(v->fd, VIDIOC_QBUF, &b); /* a lost buffer shows as frames that stop */
    }
}

/* The kernel stamps frames with CLOCK_MONOTONIC. */
static int64_t v4l2_now(void *ctx)
{
    const struct host_v4l2 *v = ctx;
    return (int64_t)v->clock.mono_now(v->clock.ctx).ms * 1000;
}

static void v4l2_power(void *ctx, bool on, bool *out_wired)
{
    (void)ctx;
    (void)on;
    *out_wired = false;
}

static enum err v4l2_encode(void *ctx, const struct sensor_frame *frame, uint8_t *out, uint32_t cap,
                            uint32_t *out_len)
{
    (void)ctx;
    (void)frame;
    (void)out;
    (void)cap;
    (void)out_len;
    return ERR_INPUT; /* frames are JPEGs already */
}

static enum err v4l2_quality(void *ctx, uint8_t quality)
{
    (void)ctx;
    (void)quality;
    return ERR_OK; /* few webcams can, and none need it */
}

static void v4l2_lamp(void *ctx, uint8_t percent)
{
    (void)ctx;
    (void)percent;
}

static void v4l2_pause(void *ctx, uint32_t ms)
{
    (void)ctx;
    struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

enum err host_v4l2_open(struct host_v4l2 *v, const char *path, struct clock clock)
{
    *v = (struct host_v4l2){.clock = clock, .fd = -1, .opened = true};
    if (strlen(path) >= sizeof v->path)
        return ERR_INPUT;
    memcpy(v->path, path, strlen(path) + 1);
    v->sensor = (struct sensor){.ctx = v,
                                .start = v4l2_start,
                                .stop = v4l2_stop,
                                .power = v4l2_power,
                                .grab = v4l2_grab,
                                .give = v4l2_give,
                                .encode = v4l2_encode,
                                .set_quality = v4l2_quality,
                                .lamp = v4l2_lamp,
                                .now_us = v4l2_now,
                                .pause = v4l2_pause};
    struct sensor_setup probe = {.size = SENSOR_VGA};
    enum err e = v4l2_start(v, &probe);
    v4l2_stop(v);
    return e;
}

void host_v4l2_close(struct host_v4l2 *v)
{
    if (v->opened)
        v4l2_stop(v);
    *v = (struct host_v4l2){0};
}
