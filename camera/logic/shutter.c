#include "camera/logic/shutter.h"

#include <assert.h>
#include <string.h>

#include "lib/wire/jpeg.h"

enum { GATE_HYSTERESIS = 8 };

void shutter_init(struct shutter *s, const struct sensor *sensor,
                  const struct shutter_config *config)
{
    *s = (struct shutter){.sensor = sensor, .config = *config, .quality = config->quality};
}

void shutter_restarted(struct shutter *s)
{
    s->settled = false;
    s->quality = s->config.quality;
}

static void give(struct shutter *s, const struct sensor_frame *f)
{
    s->sensor->give(s->sensor->ctx, f);
}

static void lower_quality(struct shutter *s)
{
    if (s->quality >= SHUTTER_QUALITY_WORST)
        return;
    s->quality = (uint8_t)(s->quality + SHUTTER_QUALITY_STEP);
    s->overflows++;
    if (s->sensor->set_quality(s->sensor->ctx, s->quality) != ERR_OK)
        s->failures++; /* the next start sets it again */
}

/* The first frame that began at or after `since`. */
static enum err grab_fresh(struct shutter *s, int64_t since_us, struct sensor_frame *out)
{
    for (unsigned n = 0; n <= SHUTTER_STALE_MAX; n++) {
        if (s->sensor->now_us(s->sensor->ctx) >= s->end_us)
            return ERR_IO;
        enum err e = s->sensor->grab(s->sensor->ctx, out);
        if (e != ERR_OK)
            return e;
        if (out->begun_us >= since_us)
            return ERR_OK;
        give(s, out);
        s->stale++;
    }
    return ERR_IO;
}

static bool is_close(uint32_t a, uint32_t b)
{
    uint32_t apart = a > b ? a - b : b - a;
    return (uint64_t)apart * 100 <= (uint64_t)a * SHUTTER_SETTLE_PERCENT;
}

/* Looks at frames until two in a row are nearly alike. Running out of time is no failure: a moving
 * scene never settles. */
static enum err settle(struct shutter *s, int64_t since_us)
{
    int64_t end = since_us + (int64_t)s->config.settle_ms_max * 1000;
    uint32_t last = 0;
    for (unsigned n = 0; n < SHUTTER_SETTLE_FRAMES_MAX; n++) {
        struct sensor_frame f;
        enum err e = grab_fresh(s, since_us, &f);
        if (e != ERR_OK)
            return e;
        uint32_t size = f.length_bytes;
        bool raw = !f.is_jpeg; /* raw frames are all of one size: time alone decides */
        give(s, &f);
        if (!raw && n > 0 && is_close(last, size))
            break;
        if (s->sensor->now_us(s->sensor->ctx) >= end)
            break;
        last = size;
    }
    s->settled = true;
    return ERR_OK;
}

static bool is_whole(const uint8_t *bytes, uint32_t len, uint32_t *out_len)
{
    struct jpeg j;
    jpeg_init(&j);
    if (jpeg_feed(&j, bytes, len) != JPEG_WHOLE)
        return false;
    *out_len = (uint32_t)j.bytes; /* drivers pad behind EOI */
    return true;
}

static bool is_nearly_full(const struct sensor_frame *f)
{
    uint32_t buffer = (uint32_t)f->width * f->height / 5;
    return f->is_jpeg && buffer > 0 &&
           (uint64_t)f->length_bytes * 100 >= (uint64_t)buffer * SHUTTER_NEARLY_FULL_PERCENT;
}

/* Hysteresis, so that dusk does not switch it to and fro. */
static bool is_too_dark(struct shutter *s, int16_t light)
{
    if (s->config.dark_below == 0 || light < 0)
        return false;
    int limit = s->config.dark_below + (s->dark ? GATE_HYSTERESIS : 0);
    s->dark = light < limit;
    return s->dark;
}

/* Copies or encodes the frame, or keeps it lent. ERR_CORRUPT: not a whole JPEG. */
static enum err develop(struct shutter *s, const struct sensor_frame *f, uint8_t *copy,
                        uint32_t cap, struct shutter_photo *out)
{
    *out = (struct shutter_photo){.bytes = f->bytes,
                                  .length_bytes = f->length_bytes,
                                  .width = f->width,
                                  .height = f->height,
                                  .light = f->light};
    if (!f->is_jpeg) {
        if (copy == NULL)
            return ERR_LIMIT;
        enum err e = s->sensor->encode(s->sensor->ctx, f, copy, cap, &out->length_bytes);
        if (e != ERR_OK)
            return e;
        out->bytes = copy;
    }
    if (!is_whole(out->bytes, out->length_bytes, &out->length_bytes))
        return ERR_CORRUPT;
    if (copy == NULL) {
        out->frame = *f;
        out->lent = true;
        return ERR_OK;
    }
    if (out->length_bytes > cap)
        return ERR_LIMIT;
    if (f->is_jpeg)
        memcpy(copy, f->bytes, out->length_bytes);
    out->bytes = copy;
    return ERR_OK;
}

static enum shutter_result expose(struct shutter *s, int64_t since_us, uint8_t *copy, uint32_t cap,
                                  struct shutter_photo *out)
{
    for (unsigned n = 0; n < SHUTTER_TRIES; n++) {
        struct sensor_frame f;
        enum err e = grab_fresh(s, since_us, &f);
        if (e == ERR_FULL)
            return SHUTTER_ENDED;
        if (e != ERR_OK) {
            lower_quality(s); /* the driver drops frames that overflow, which looks like this */
            continue;
        }
        bool nearly_full = is_nearly_full(&f);
        e = develop(s, &f, copy, cap, out);
        if (e != ERR_OK || !out->lent)
            give(s, &f);
        if (nearly_full || e == ERR_LIMIT)
            lower_quality(s);
        if (e == ERR_CORRUPT)
            s->broken++;
        if (e != ERR_OK)
            continue;
        if (!is_too_dark(s, out->light))
            return SHUTTER_TAKEN;
        if (out->lent)
            give(s, &f);
        return SHUTTER_TOO_DARK;
    }
    return SHUTTER_FAILED;
}

enum shutter_result shutter_take(struct shutter *s, uint8_t *copy, uint32_t cap,
                                 struct shutter_photo *out_photo)
{
    const struct sensor *k = s->sensor;
    int64_t since = k->now_us(k->ctx);
    bool lamp = s->config.lamp_percent > 0;
    s->end_us = since + (int64_t)SHUTTER_TAKE_MAX_MS * 1000;
    if (lamp) {
        k->lamp(k->ctx, s->config.lamp_percent);
        k->pause(k->ctx, s->config.lamp_settle_ms);
        since = k->now_us(k->ctx);
    }
    enum shutter_result r = SHUTTER_FAILED;
    enum err e = ERR_OK;
    if ((lamp || !s->settled) && s->config.settle_ms_max > 0)
        e = settle(s, since);
    if (e == ERR_OK || e == ERR_IO)
        r = expose(s, since, copy, cap, out_photo);
    else if (e == ERR_FULL)
        r = SHUTTER_ENDED;
    if (lamp)
        k->lamp(k->ctx, 0);
    if (r == SHUTTER_FAILED)
        s->failures++;
    return r;
}
