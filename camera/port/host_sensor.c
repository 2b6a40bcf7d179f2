#include "camera/port/host_sensor.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "lib/wire/testcard.h"

/* ---- what pictures from a computer have in common ---- */

static void no_stop(void *ctx)
{
    (void)ctx;
}

static void no_power(void *ctx, bool on, bool *out_wired)
{
    (void)ctx;
    (void)on;
    *out_wired = false;
}

static enum err no_encode(void *ctx, const struct sensor_frame *frame, uint8_t *out, uint32_t cap,
                          uint32_t *out_len)
{
    (void)ctx;
    (void)frame;
    (void)out;
    (void)cap;
    (void)out_len;
    return ERR_INPUT; /* frames are JPEGs already */
}

static enum err no_quality(void *ctx, uint8_t quality)
{
    (void)ctx;
    (void)quality;
    return ERR_OK;
}

static void no_lamp(void *ctx, uint8_t percent)
{
    (void)ctx;
    (void)percent;
}

static void pause_ms(void *ctx, uint32_t ms)
{
    (void)ctx;
    struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static int64_t clock_us(const struct clock *c)
{
    return (int64_t)c->mono_now(c->ctx).ms * 1000;
}

static struct sensor common_sensor(void *ctx)
{
    return (struct sensor){.ctx = ctx,
                           .stop = no_stop,
                           .power = no_power,
                           .encode = no_encode,
                           .set_quality = no_quality,
                           .lamp = no_lamp,
                           .pause = pause_ms};
}

/* ---- folder ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_jpeg_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && name[0] != '.' &&
           (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static enum err add_path(struct host_folder *f, const char *folder, const char *name)
{
    char **more = realloc(f->paths, (f->count + 1) * sizeof *more);
    if (more == NULL)
        return ERR_LIMIT;
    f->paths = more;
    size_t len = strlen(folder) + strlen(name) + 2;
    char *path = malloc(len);
    if (path == NULL)
        return ERR_LIMIT;
    snprintf(path, len, "%s/%s", folder, name);
    f->paths[f->count++] = path;
    return ERR_OK;
}

static enum err folder_start(void *ctx, const struct sensor_setup *setup)
{
    (void)ctx;
    (void)setup;
    return ERR_OK;
}

static enum err read_file(const char *path, uint8_t **out, uint32_t *out_len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return ERR_IO;
    enum err e = ERR_IO;
    long len = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    uint8_t *bytes = len > 0 ? malloc((size_t)len) : NULL;
    if (bytes != NULL && fseek(file, 0, SEEK_SET) == 0 &&
        fread(bytes, 1, (size_t)len, file) == (size_t)len) {
        *out = bytes;
        *out_len = (uint32_t)len;
        e = ERR_OK;
    } else {
        free(bytes);
    }
    fclose(file);
    return e;
}

static enum err folder_grab(void *ctx, struct sensor_frame *out)
{
    struct host_folder *f = ctx;
    if (f->next == f->count && f->again)
        f->next = 0;
    if (f->next == f->count)
        return ERR_FULL;
    uint32_t len = 0;
    enum err e = read_file(f->paths[f->next++], &f->bytes, &len);
    if (e == ERR_OK)
        *out = (struct sensor_frame){.bytes = f->bytes,
                                     .length_bytes = len,
                                     .is_jpeg = true,
                                     .begun_us = clock_us(&f->clock),
                                     .light = -1};
    return e;
}

static void folder_give(void *ctx, const struct sensor_frame *frame)
{
    (void)frame;
    struct host_folder *f = ctx;
    free(f->bytes);
    f->bytes = NULL;
}

static int64_t folder_now(void *ctx)
{
    return clock_us(&((struct host_folder *)ctx)->clock);
}

enum err host_sensor_folder_open(struct host_folder *f, const char *folder, bool again,
                                 struct clock clock)
{
    *f = (struct host_folder){.clock = clock, .again = again};
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return ERR_IO;
    enum err e = ERR_OK;
    for (struct dirent *d = readdir(dir); d != NULL && e == ERR_OK; d = readdir(dir)) {
        if (is_jpeg_name(d->d_name))
            e = add_path(f, folder, d->d_name);
    }
    closedir(dir);
    if (f->count > 0)
        qsort(f->paths, f->count, sizeof *f->paths, by_name);
    f->sensor = common_sensor(f);
    f->sensor.start = folder_start;
    f->sensor.grab = folder_grab;
    f->sensor.give = folder_give;
    f->sensor.now_us = folder_now;
    return e;
}

void host_sensor_folder_close(struct host_folder *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->paths[i]);
    free(f->paths);
    free(f->bytes);
    *f = (struct host_folder){0};
}

/* ---- drawn scene ---- */

static enum err scene_start(void *ctx, const struct sensor_setup *setup)
{
    struct host_scene *s = ctx;
    static const uint16_t sides[SENSOR_SIZES][2] = {
        {320, 240},   {640, 480},   {800, 600},   {1024, 768},  {1280, 720},
        {1280, 1024}, {1600, 1200}, {2048, 1536}, {2560, 1920},
    };
    s->width = sides[setup->size][0];
    s->height = sides[setup->size][1];
    uint32_t cap = (uint32_t)s->width * s->height;
    if (cap > s->cap) {
        uint8_t *bytes = realloc(s->bytes, cap);
        if (bytes == NULL)
            return ERR_IO;
        s->bytes = bytes;
        s->cap = cap;
    }
    return ERR_OK;
}

static enum err scene_grab(void *ctx, struct sensor_frame *out)
{
    struct host_scene *s = ctx;
    if (s->count > 0 && s->number == s->count)
        return ERR_FULL;
    s->number++;
    struct testcard card = {.width = s->width,
                            .height = s->height,
                            .counter = s->number,
                            .wall = s->clock.wall_now(s->clock.ctx),
                            .texture = s->texture,
                            .seed = s->seed + s->number};
    uint32_t len = 0;
    enum err e = testcard_draw(&card, s->bytes, s->cap, &len);
    *out = (struct sensor_frame){.bytes = s->bytes,
                                 .length_bytes = len,
                                 .is_jpeg = true,
                                 .begun_us = clock_us(&s->clock),
                                 .light = -1};
    return e;
}

static void scene_give(void *ctx, const struct sensor_frame *frame)
{
    (void)ctx;
    (void)frame;
}

static int64_t scene_now(void *ctx)
{
    return clock_us(&((struct host_scene *)ctx)->clock);
}

enum err host_sensor_scene_open(struct host_scene *s, uint32_t count, uint8_t texture,
                                uint32_t seed, struct clock clock)
{
    *s = (struct host_scene){.clock = clock, .count = count, .texture = texture, .seed = seed};
    s->sensor = common_sensor(s);
    s->sensor.start = scene_start;
    s->sensor.grab = scene_grab;
    s->sensor.give = scene_give;
    s->sensor.now_us = scene_now;
    return texture <= TESTCARD_TEXTURE_MAX ? ERR_OK : ERR_INPUT;
}

void host_sensor_scene_close(struct host_scene *s)
{
    free(s->bytes);
    *s = (struct host_scene){0};
}
