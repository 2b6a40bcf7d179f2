#include "camera/port/camera_esp32.h"

#include <stdio.h>
#include <string.h>

#include "driver/gpio.h"
#include "driver/ledc.h"
#include "esp_camera.h"
#include "esp_heap_caps.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "lib/port/log.h"
#include "lib/wire/testcard.h"
#include "sdkconfig.h"

enum {
    LAMP_HZ = 5000,
    LAMP_BITS = 10,
    POWER_SETTLE_MS = 50,
    CARD_CAP_BYTES = 48 * 1024,
    LIGHT_STEP = 61,  /* raw pixels looked at for brightness: one in so many */
    RAW_QUALITY = 80, /* of the software encoder, 1..100, higher is better */
};

/* What is drawn without a sensor: large enough to read, small enough for any board. */
enum { CARD_WIDTH = 640, CARD_HEIGHT = 480 };

static enum err from_esp(const char *step, esp_err_t rc)
{
    if (rc == ESP_OK)
        return ERR_OK;
    log_line(LOG_LEVEL_ERROR, "camera step=%s err=0x%x", step, (unsigned)rc);
    return rc == ESP_ERR_NO_MEM ? ERR_LIMIT : ERR_IO;
}

/* ---- start ---- */

static framesize_t framesize(enum sensor_size size)
{
    switch (size) {
    case SENSOR_QVGA: return FRAMESIZE_QVGA;
    case SENSOR_VGA: return FRAMESIZE_VGA;
    case SENSOR_SVGA: return FRAMESIZE_SVGA;
    case SENSOR_XGA: return FRAMESIZE_XGA;
    case SENSOR_HD: return FRAMESIZE_HD;
    case SENSOR_SXGA: return FRAMESIZE_SXGA;
    case SENSOR_UXGA: return FRAMESIZE_UXGA;
    case SENSOR_QXGA: return FRAMESIZE_QXGA;
    case SENSOR_QSXGA: return FRAMESIZE_QSXGA;
    case SENSOR_SIZES: break;
    }
    return FRAMESIZE_SVGA;
}

static camera_config_t driver_config(const struct camera_esp32 *c, const struct sensor_setup *setup)
{
    const struct board *b = &c->board;
    return (camera_config_t){
        .pin_pwdn = -1, /* ours */
        .pin_reset = b->reset,
        .pin_xclk = b->xclk,
        .pin_sccb_sda = b->siod,
        .pin_sccb_scl = b->sioc,
        .pin_d0 = b->data[0],
        .pin_d1 = b->data[1],
        .pin_d2 = b->data[2],
        .pin_d3 = b->data[3],
        .pin_d4 = b->data[4],
        .pin_d5 = b->data[5],
        .pin_d6 = b->data[6],
        .pin_d7 = b->data[7],
        .pin_vsync = b->vsync,
        .pin_href = b->href,
        .pin_pclk = b->pclk,
        .xclk_freq_hz = (int)setup->xclk_hz,
        .ledc_timer = LEDC_TIMER_0,
        .ledc_channel = LEDC_CHANNEL_0,
        .pixel_format = c->raw ? PIXFORMAT_RGB565 : PIXFORMAT_JPEG,
        .frame_size = c->psram ? framesize(setup->size) : FRAMESIZE_SVGA,
        .jpeg_quality = setup->quality,
        .fb_count = c->psram && !c->raw ? 2 : 1,
        .fb_location = c->psram ? CAMERA_FB_IN_PSRAM : CAMERA_FB_IN_DRAM,
        .grab_mode = c->psram ? CAMERA_GRAB_LATEST : CAMERA_GRAB_WHEN_EMPTY,
    };
}

static void apply_look(const struct camera_esp32 *c, const struct sensor_look *k)
{
    sensor_t *s = esp_camera_sensor_get();
    if (s == NULL || k == NULL)
        return;
    const struct {
        int (*set)(sensor_t *sensor, int value);
        int value;
    } plain[] = {
        {s->set_brightness, k->brightness},
        {s->set_contrast, k->contrast},
        {s->set_saturation, k->saturation},
        {s->set_special_effect, k->special_effect},
        {s->set_whitebal, k->awb},
        {s->set_awb_gain, k->awb_gain},
        {s->set_wb_mode, k->wb_mode},
        {s->set_exposure_ctrl, k->aec},
        {s->set_aec2, k->aec2},
        {s->set_ae_level, k->ae_level},
        {s->set_gain_ctrl, k->agc},
        {s->set_bpc, k->bpc},
        {s->set_wpc, k->wpc},
        {s->set_raw_gma, k->raw_gma},
        {s->set_lenc, k->lenc},
        {s->set_hmirror, k->hmirror ^ (c->board.hmirror ? 1 : 0)},
        {s->set_vflip, k->vflip ^ (c->board.vflip ? 1 : 0)},
        {s->set_dcw, k->dcw},
        {s->set_colorbar, k->colorbar},
    };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (plain[i].set != NULL)
            (void)plain[i].set(s, plain[i].value); /* a sensor without that knob says no */
    }
    if (k->aec == 0 && s->set_aec_value != NULL)
        (void)s->set_aec_value(s, k->aec_value);
    if (k->agc == 0 && s->set_agc_gain != NULL)
        (void)s->set_agc_gain(s, k->agc_gain);
    if (k->agc != 0 && s->set_gainceiling != NULL)
        (void)s->set_gainceiling(s, (gainceiling_t)k->gainceiling);
}

static void note_model(struct camera_esp32 *c)
{
    sensor_t *s = esp_camera_sensor_get();
    camera_sensor_info_t *info = s == NULL ? NULL : esp_camera_sensor_get_info(&s->id);
    snprintf(c->model, sizeof c->model, "%s", info == NULL ? "unknown" : info->name);
}

/* A size the sensor cannot do is not a failure: the driver took its largest. */
static enum err start_driver(struct camera_esp32 *c, const struct sensor_setup *setup)
{
    camera_config_t config = driver_config(c, setup);
    esp_err_t rc = esp_camera_init(&config);
    if (rc == ESP_ERR_NOT_SUPPORTED && !c->raw) {
        c->raw = true; /* a clone without JPEG (GC2145 and others): raw pixels, encoded here */
        config = driver_config(c, setup);
        config.frame_size = c->psram ? FRAMESIZE_VGA : FRAMESIZE_QVGA;
        rc = esp_camera_init(&config);
        log_line(LOG_LEVEL_WARN, "this sensor has no JPEG of its own: smaller pictures, made here");
    }
    return from_esp("init", rc);
}

static enum err start_card(struct camera_esp32 *c)
{
    if (c->card == NULL)
        c->card = heap_caps_malloc(CARD_CAP_BYTES, MALLOC_CAP_8BIT);
    c->card_bytes = c->card == NULL ? 0 : CARD_CAP_BYTES;
    snprintf(c->model, sizeof c->model, "test picture");
    return c->card == NULL ? ERR_LIMIT : ERR_OK;
}

static enum err camera_start(void *ctx, const struct sensor_setup *setup)
{
    struct camera_esp32 *c = ctx;
    c->quality = setup->quality;
    c->want_light = setup->want_light;
    c->test_picture = setup->test_picture;
#if CONFIG_CAMRELAY_TEST_PICTURE
    c->test_picture = true;
#endif
    if (c->test_picture)
        return start_card(c);
    enum err e = start_driver(c, setup);
    if (e != ERR_OK)
        return e;
    c->running = true;
    note_model(c);
    apply_look(c, setup->look);
    return ERR_OK;
}

static void camera_stop(void *ctx)
{
    struct camera_esp32 *c = ctx;
    if (c->running)
        (void)from_esp("deinit", esp_camera_deinit()); /* the next init says if it matters */
    c->running = false;
}

static void camera_power(void *ctx, bool on, bool *out_wired)
{
    struct camera_esp32 *c = ctx;
    *out_wired = c->board.pwdn >= 0;
    if (!*out_wired)
        return;
    gpio_set_level((gpio_num_t)c->board.pwdn, on ? 0 : 1);
    if (on)
        vTaskDelay(pdMS_TO_TICKS(POWER_SETTLE_MS));
}

/* ---- frames ---- */

static int64_t camera_now(void *ctx)
{
    (void)ctx;
    return esp_timer_get_time();
}

static enum err grab_card(struct camera_esp32 *c, struct sensor_frame *out)
{
    struct testcard card = {.width = CARD_WIDTH,
                            .height = CARD_HEIGHT,
                            .counter = ++c->drawn,
                            .texture = 1,
                            .seed = (uint32_t)esp_timer_get_time()};
    struct timeval now;
    gettimeofday(&now, NULL);
    card.wall.ms = (int64_t)now.tv_sec * 1000 + now.tv_usec / 1000;
    uint32_t len = 0;
    enum err e = testcard_draw(&card, c->card, c->card_bytes, &len);
    *out = (struct sensor_frame){.bytes = c->card,
                                 .length_bytes = len,
                                 .width = CARD_WIDTH,
                                 .height = CARD_HEIGHT,
                                 .is_jpeg = true,
                                 .begun_us = esp_timer_get_time(),
                                 .light = 128};
    return e;
}

/* Of raw pixels, one in LIGHT_STEP. */
static int16_t mean_light_raw(const camera_fb_t *fb)
{
    uint32_t sum = 0, count = 0;
    for (size_t i = 0; i + 1 < fb->len; i += 2 * (size_t)LIGHT_STEP) {
        unsigned pixel = (unsigned)fb->buf[i] << 8 | fb->buf[i + 1];
        sum += (pixel >> 5 & 0x3F) << 2;
        count++;
    }
    return count == 0 ? -1 : (int16_t)(sum / count);
}

/* Mean of the green channel of the picture at an eighth of its size; -1 where that fails. */
static int16_t mean_light(struct camera_esp32 *c, const camera_fb_t *fb)
{
    if (c->want_light && fb->format == PIXFORMAT_RGB565)
        return mean_light_raw(fb);
    if (!c->want_light || fb->format != PIXFORMAT_JPEG)
        return -1;
    size_t pixels = (fb->width / 8) * (fb->height / 8);
    if (c->light_bytes < pixels * 2) {
        heap_caps_free(c->light);
        c->light = heap_caps_malloc(pixels * 2, c->psram ? MALLOC_CAP_SPIRAM : MALLOC_CAP_8BIT);
        c->light_bytes = c->light == NULL ? 0 : (uint32_t)pixels * 2;
    }
    if (c->light == NULL || pixels == 0 ||
        !jpg2rgb565(fb->buf, fb->len, c->light, JPEG_IMAGE_SCALE_1_8))
        return -1;
    uint32_t sum = 0;
    for (size_t i = 0; i < pixels; i++) {
        unsigned pixel = (unsigned)c->light[2 * i] << 8 | c->light[2 * i + 1];
        sum += (pixel >> 5 & 0x3F) << 2;
    }
    return (int16_t)(sum / pixels);
}

static enum err camera_grab(void *ctx, struct sensor_frame *out)
{
    struct camera_esp32 *c = ctx;
    if (c->test_picture)
        return grab_card(c, out);
    camera_fb_t *fb = esp_camera_fb_get();
    if (fb == NULL)
        return ERR_IO;
    *out = (struct sensor_frame){
        .bytes = fb->buf,
        .length_bytes = (uint32_t)fb->len,
        .width = (uint16_t)fb->width,
        .height = (uint16_t)fb->height,
        .is_jpeg = fb->format == PIXFORMAT_JPEG,
        .begun_us = (int64_t)fb->timestamp.tv_sec * 1000000 + fb->timestamp.tv_usec,
        .light = mean_light(c, fb),
        .handle = fb,
    };
    return ERR_OK;
}

static void camera_give(void *ctx, const struct sensor_frame *frame)
{
    (void)ctx;
    if (frame->handle != NULL)
        esp_camera_fb_return(frame->handle);
}

struct encoder {
    uint8_t *out;
    uint32_t cap;
    uint32_t len;
    bool overflowed;
};

static size_t put_encoded(void *arg, size_t index, const void *data, size_t len)
{
    struct encoder *e = arg;
    (void)index;
    if (len > e->cap - e->len) {
        e->overflowed = true;
        return 0;
    }
    memcpy(e->out + e->len, data, len);
    e->len += (uint32_t)len;
    return len;
}

static enum err camera_encode(void *ctx, const struct sensor_frame *frame, uint8_t *out,
                              uint32_t cap, uint32_t *out_len)
{
    (void)ctx;
    struct encoder e = {.out = out, .cap = cap};
    bool good = frame2jpg_cb(frame->handle, RAW_QUALITY, put_encoded, &e);
    if (e.overflowed)
        return ERR_LIMIT;
    *out_len = e.len;
    return good ? ERR_OK : ERR_IO;
}

static enum err camera_set_quality(void *ctx, uint8_t quality)
{
    struct camera_esp32 *c = ctx;
    sensor_t *s = c->running ? esp_camera_sensor_get() : NULL;
    c->quality = quality;
    if (s == NULL || s->set_quality == NULL)
        return ERR_OK;
    return s->set_quality(s, quality) == 0 ? ERR_OK : ERR_IO;
}

/* ---- lamp ---- */

static void camera_lamp(void *ctx, uint8_t percent)
{
    const struct camera_esp32 *c = ctx;
    if (c->board.lamp < 0)
        return;
    uint32_t duty = (1U << LAMP_BITS) * percent / 100;
    ledc_set_duty(LEDC_LOW_SPEED_MODE, LEDC_CHANNEL_1, duty);
    ledc_update_duty(LEDC_LOW_SPEED_MODE, LEDC_CHANNEL_1);
}

static void init_lamp(const struct board *b)
{
    ledc_timer_config_t timer = {.speed_mode = LEDC_LOW_SPEED_MODE,
                                 .duty_resolution = (ledc_timer_bit_t)LAMP_BITS,
                                 .timer_num = LEDC_TIMER_1,
                                 .freq_hz = LAMP_HZ,
                                 .clk_cfg = LEDC_AUTO_CLK};
    ledc_channel_config_t channel = {.gpio_num = b->lamp,
                                     .speed_mode = LEDC_LOW_SPEED_MODE,
                                     .channel = LEDC_CHANNEL_1,
                                     .timer_sel = LEDC_TIMER_1,
                                     .duty = 0,
                                     .flags.output_invert = b->lamp_active_low ? 1 : 0};
    if (ledc_timer_config(&timer) != ESP_OK || ledc_channel_config(&channel) != ESP_OK)
        log_line(LOG_LEVEL_WARN, "the lamp does not work pin=%d", b->lamp);
}

static void camera_pause(void *ctx, uint32_t ms)
{
    (void)ctx;
    vTaskDelay(pdMS_TO_TICKS(ms));
}

void camera_esp32_init(struct camera_esp32 *c, const struct board *board, bool psram)
{
    *c = (struct camera_esp32){.board = *board, .psram = psram, .model = "none"};
    if (board->lamp >= 0)
        init_lamp(board);
    for (unsigned i = 0; i < sizeof board->pullups; i++) {
        if (board->pullups[i] >= 0)
            gpio_set_pull_mode((gpio_num_t)board->pullups[i], GPIO_PULLUP_ONLY);
    }
    if (board->pwdn >= 0) {
        gpio_reset_pin((gpio_num_t)board->pwdn);
        gpio_set_direction((gpio_num_t)board->pwdn, GPIO_MODE_OUTPUT);
        gpio_set_level((gpio_num_t)board->pwdn, 0);
    }
    c->sensor = (struct sensor){.ctx = c,
                                .start = camera_start,
                                .stop = camera_stop,
                                .power = camera_power,
                                .grab = camera_grab,
                                .give = camera_give,
                                .encode = camera_encode,
                                .set_quality = camera_set_quality,
                                .lamp = camera_lamp,
                                .now_us = camera_now,
                                .pause = camera_pause};
}
