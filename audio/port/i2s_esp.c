#include "audio/port/i2s_esp.h"

#include <stdatomic.h>

#include "driver/i2s_std.h"
#include "esp_attr.h"
#include "lib/port/log.h"

enum {
    BUFFERS = 6,
    BUFFER_SAMPLES = 160, /* 10 ms */
    PART_SAMPLES = 80,
    WAIT_MS = 50,
};

static i2s_chan_handle_t s_channel;
static _Atomic uint32_t s_lost; /* samples */
static uint32_t s_lost_told;

static enum err from_esp(const char *what, esp_err_t rc)
{
    if (rc == ESP_OK)
        return ERR_OK;
    log_line(LOG_LEVEL_ERROR, "I2S failed step=%s code=%d", what, (int)rc);
    return rc == ESP_ERR_INVALID_ARG ? ERR_INPUT : ERR_IO;
}

/* In the interrupt: one buffer found no room and is gone. */
static bool IRAM_ATTR on_overflow(i2s_chan_handle_t channel, i2s_event_data_t *data, void *ctx)
{
    (void)channel;
    (void)ctx;
    (void)data;
    uint32_t n = atomic_load_explicit(&s_lost, memory_order_relaxed);
    atomic_store_explicit(&s_lost, n + BUFFER_SAMPLES, memory_order_relaxed);
    return false;
}

static enum err configure(const struct i2s_esp_config *config)
{
    i2s_std_config_t c = {
        .clk_cfg = I2S_STD_CLK_DEFAULT_CONFIG(config->rate_hz),
        .slot_cfg =
            I2S_STD_PHILIPS_SLOT_DEFAULT_CONFIG(I2S_DATA_BIT_WIDTH_32BIT, I2S_SLOT_MODE_MONO),
        .gpio_cfg = {.mclk = I2S_GPIO_UNUSED,
                     .bclk = (gpio_num_t)config->bclk,
                     .ws = (gpio_num_t)config->ws,
                     .dout = I2S_GPIO_UNUSED,
                     .din = (gpio_num_t)config->data},
    };
    c.slot_cfg.slot_mask = config->right ? I2S_STD_SLOT_RIGHT : I2S_STD_SLOT_LEFT;
    return from_esp("config", i2s_channel_init_std_mode(s_channel, &c));
}

enum err i2s_esp_open(const struct i2s_esp_config *config)
{
    i2s_chan_config_t channel = I2S_CHANNEL_DEFAULT_CONFIG(I2S_NUM_AUTO, I2S_ROLE_MASTER);
    channel.dma_desc_num = BUFFERS;
    channel.dma_frame_num = BUFFER_SAMPLES;
    const i2s_event_callbacks_t events = {.on_recv_q_ovf = on_overflow};
    enum err e = from_esp("channel", i2s_new_channel(&channel, NULL, &s_channel));
    if (e == ERR_OK)
        e = configure(config);
    if (e == ERR_OK)
        e = from_esp("events", i2s_channel_register_event_callback(s_channel, &events, NULL));
    if (e == ERR_OK)
        e = from_esp("start", i2s_channel_enable(s_channel));
    return e;
}

enum err i2s_esp_read(int16_t *out, size_t cap, size_t *out_count, uint32_t *out_lost)
{
    int32_t part[PART_SAMPLES];
    uint32_t lost = atomic_load_explicit(&s_lost, memory_order_relaxed);
    *out_lost = lost - s_lost_told;
    s_lost_told = lost;
    *out_count = 0;
    while (*out_count < cap) {
        size_t n = cap - *out_count < PART_SAMPLES ? cap - *out_count : PART_SAMPLES, bytes = 0;
        esp_err_t rc = i2s_channel_read(s_channel, part, n * sizeof part[0], &bytes, WAIT_MS);
        if (rc != ESP_OK && rc != ESP_ERR_TIMEOUT)
            return from_esp("read", rc);
        for (size_t i = 0; i < bytes / sizeof part[0]; i++)
            out[(*out_count)++] = (int16_t)(part[i] >> 16);
        if (rc == ESP_ERR_TIMEOUT)
            break;
    }
    return ERR_OK;
}

enum err i2s_esp_restart(void)
{
    (void)i2s_channel_disable(s_channel); /* it may have stopped by itself */
    return from_esp("restart", i2s_channel_enable(s_channel));
}
