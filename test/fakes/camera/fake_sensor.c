#include "test/fakes/camera/fake_sensor.h"

#include <string.h>

#include "test/unit/unit.h"

static enum err sensor_start(void *ctx, const struct sensor_setup *setup)
{
    struct fake_sensor *f = ctx;
    f->starts++;
    f->setup = *setup;
    f->quality = setup->quality;
    if (f->fail_starts == 0)
        return ERR_OK;
    f->fail_starts--;
    return ERR_IO;
}

static void sensor_stop(void *ctx)
{
    struct fake_sensor *f = ctx;
    f->stops++;
    assert_int_equal(f->frames_out, 0); /* they go away with the driver */
}

static void sensor_power(void *ctx, bool on, bool *out_wired)
{
    struct fake_sensor *f = ctx;
    f->power_offs += on ? 0 : 1;
    *out_wired = f->power_wired;
}

/* SOI, a frame and scan header, data, EOI: the smallest that counts as whole. */
static void draw(struct fake_sensor *f, uint32_t len, bool whole)
{
    static const uint8_t head[] = {0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8,  1, 1,
                                   0x11, 0,    0xFF, 0xDA, 0, 8,  1, 1, 0, 0, 63, 0};
    memset(f->bytes, 0x55, len);
    memcpy(f->bytes, head, sizeof head);
    if (whole) {
        f->bytes[len - 2] = 0xFF;
        f->bytes[len - 1] = 0xD9;
    }
}

static enum err sensor_grab(void *ctx, struct sensor_frame *out)
{
    struct fake_sensor *f = ctx;
    f->grabs++;
    if (f->fail_grabs > 0 || f->frames_out == f->buffers) {
        f->fail_grabs -= f->fail_grabs > 0 ? 1 : 0;
        f->now_us += (int64_t)4000000;
        return ERR_IO;
    }
    if (f->end_after > 0 && f->grabs > f->end_after)
        return ERR_FULL;
    int64_t begun = f->now_us;
    if (f->stale_frames > 0) {
        f->stale_frames--;
        f->now_us += f->stale_wait_us;
        begun -= f->stale_us;
    } else {
        f->now_us += f->period_us;
    }
    uint32_t len = f->size_bytes;
    if (f->settle_frames > 0)
        len += f->settle_step * f->settle_frames--;
    assert_true(len <= FAKE_SENSOR_BYTES_MAX);
    draw(f, len, f->break_frames == 0);
    f->break_frames -= f->break_frames > 0 ? 1 : 0;
    f->frames_out++;
    *out = (struct sensor_frame){.bytes = f->bytes,
                                 .length_bytes = len,
                                 .width = f->width,
                                 .height = f->height,
                                 .is_jpeg = !f->raw,
                                 .begun_us = begun,
                                 .light = f->light};
    return ERR_OK;
}

static void sensor_give(void *ctx, const struct sensor_frame *frame)
{
    struct fake_sensor *f = ctx;
    (void)frame;
    assert_true(f->frames_out > 0);
    f->frames_out--;
}

static enum err sensor_encode(void *ctx, const struct sensor_frame *frame, uint8_t *out,
                              uint32_t cap, uint32_t *out_len)
{
    struct fake_sensor *f = ctx;
    if (frame->length_bytes > cap)
        return ERR_LIMIT;
    memcpy(out, f->bytes, frame->length_bytes);
    *out_len = frame->length_bytes;
    return ERR_OK;
}

static enum err sensor_set_quality(void *ctx, uint8_t quality)
{
    ((struct fake_sensor *)ctx)->quality = quality;
    return ERR_OK;
}

static void sensor_lamp(void *ctx, uint8_t percent)
{
    struct fake_sensor *f = ctx;
    f->lamp = percent;
    f->lamp_changes++;
    if (percent > 0)
        f->lamp_on_us = f->now_us;
}

static int64_t sensor_now(void *ctx)
{
    return ((struct fake_sensor *)ctx)->now_us;
}

static void sensor_pause(void *ctx, uint32_t ms)
{
    ((struct fake_sensor *)ctx)->now_us += (int64_t)ms * 1000;
}

void fake_sensor_init(struct fake_sensor *f)
{
    memset(f, 0, sizeof *f);
    f->now_us = 1000000;
    f->buffers = 2;
    f->period_us = 80000;
    f->size_bytes = 10000;
    f->width = 800;
    f->height = 600;
    f->light = -1;
    f->power_wired = true;
    f->sensor = (struct sensor){.ctx = f,
                                .start = sensor_start,
                                .stop = sensor_stop,
                                .power = sensor_power,
                                .grab = sensor_grab,
                                .give = sensor_give,
                                .encode = sensor_encode,
                                .set_quality = sensor_set_quality,
                                .lamp = sensor_lamp,
                                .now_us = sensor_now,
                                .pause = sensor_pause};
}
