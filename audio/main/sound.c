#include "audio/main/sound.h"

#include "audio/logic/tonegen.h"
#include "audio/port/adc_esp.h"
#include "audio/port/i2s_esp.h"
#include "lib/port/log.h"

enum {
    FRAME_WORDS = 256,
    FRAME_SAMPLES = 160, /* of I2S: 10 ms */
    FRAME_MS = 5,
    AGAIN_MS = 1000,
};

static enum err open_adc(struct app *a, unsigned *out_channel)
{
    const struct adc_esp_config config = {.gpio = (int)a->tuning.gpio,
                                          .attenuation = (int)a->tuning.attenuation,
                                          .rate_hz = CHAIN_ADC_HZ};
    return adc_esp_open(&config, out_channel);
}

static enum err open_i2s(const struct app *a)
{
    const struct tuning *t = &a->tuning;
    const struct i2s_esp_config config = {.bclk = (int)t->i2s_bclk,
                                          .ws = (int)t->i2s_ws,
                                          .data = (int)t->i2s_data,
                                          .right = t->i2s_side != 0,
                                          .rate_hz = CHAIN_HZ};
    return i2s_esp_open(&config);
}

void sound_open(struct app *a)
{
    unsigned channel = 0;
    enum err e = ERR_OK;
    bool is_i2s = a->tuning.source == TUNING_I2S;
    if (a->tuning.source == TUNING_ADC)
        e = open_adc(a, &channel);
    else if (is_i2s)
        e = open_i2s(a);
    if (e != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "no sound: nothing can be heard at these pins");
    tape_init(&a->tape, a->samples, APP_TAPE_SAMPLES);
    chain_init(&a->chain, &a->tape, channel, a->tuning.gain_db);
    if (a->tuning.source == TUNING_ADC && e == ERR_OK)
        linear_init(&a->chain.linear, adc_esp_calibrated_mv, NULL);
    pulse_init(&a->pulse, is_i2s ? CHAIN_HZ : CHAIN_ADC_HZ, 1, app_now(a));
    if (a->tuning.source == TUNING_ADC && !adc_esp_keeps_its_rate())
        pulse_follow(&a->pulse);
}

/* Did the source stop by itself? */
static bool is_silent(struct app *a)
{
    if (!pulse_is_silent(&a->pulse, app_now(a)))
        return false;
    /* How much was missed is what the clock says. */
    chain_lost(&a->chain, PULSE_SILENT_MS * (CHAIN_ADC_HZ / 1000));
    log_line(LOG_LEVEL_WARN, "the microphone was silent and is started again");
    return true;
}

static void feed_words(struct app *a, const uint32_t *words, size_t count, uint32_t lost)
{
    if (lost > 0)
        chain_lost(&a->chain, lost);
    if (count > 0)
        chain_feed(&a->chain, words, count);
    if (count + lost > 0)
        pulse_feed(&a->pulse, (uint32_t)(count + lost), app_now(a));
}

static void tone_task(void *ctx)
{
    static uint32_t s_words[FRAME_WORDS];
    struct app *a = ctx;
    struct tonegen tone;
    uint64_t done = 0, start = app_now(a).ms;
    tonegen_init(&tone, a->chain.channel);
    for (;;) {
        uint64_t due = (app_now(a).ms - start) * (CHAIN_ADC_HZ / 1000);
        for (; done + FRAME_WORDS <= due; done += FRAME_WORDS) {
            tonegen_fill(&tone, s_words, FRAME_WORDS);
            feed_words(a, s_words, FRAME_WORDS, 0);
        }
        vTaskDelay(pdMS_TO_TICKS(FRAME_MS));
    }
}

/* A rate that was measured anew is the one from here on. */
static void follow_rate(struct app *a, uint32_t *mhz)
{
    uint32_t measured = atomic_load(&a->pulse.measured_mhz);
    if (measured == *mhz || !a->pulse.follows)
        return;
    *mhz = measured;
    if (chain_set_rate(&a->chain, measured))
        log_line(LOG_LEVEL_INFO, "the ADC runs at %u.%03u Hz", (unsigned)(measured / 1000),
                 (unsigned)(measured % 1000));
}

static void adc_task(void *ctx)
{
    static uint32_t s_words[FRAME_WORDS];
    struct app *a = ctx;
    uint32_t mhz = 0;
    for (;;) {
        size_t count = 0;
        uint32_t lost = 0;
        if (adc_esp_read(s_words, FRAME_WORDS, &count, &lost) != ERR_OK)
            vTaskDelay(pdMS_TO_TICKS(FRAME_MS));
        feed_words(a, s_words, count, lost);
        follow_rate(a, &mhz);
        if (!is_silent(a))
            continue;
        if (adc_esp_restart() != ERR_OK)
            vTaskDelay(pdMS_TO_TICKS(AGAIN_MS));
        pulse_restarted(&a->pulse, app_now(a));
    }
}

static void i2s_task(void *ctx)
{
    static int16_t s_samples[FRAME_SAMPLES];
    struct app *a = ctx;
    for (;;) {
        size_t count = 0;
        uint32_t lost = 0;
        if (i2s_esp_read(s_samples, FRAME_SAMPLES, &count, &lost) != ERR_OK)
            vTaskDelay(pdMS_TO_TICKS(FRAME_MS));
        if (lost > 0)
            chain_lost(&a->chain, (uint32_t)((uint64_t)lost * CHAIN_ADC_HZ / CHAIN_HZ));
        if (count > 0)
            chain_feed_pcm(&a->chain, s_samples, count);
        if (count + lost > 0)
            pulse_feed(&a->pulse, (uint32_t)count + lost, app_now(a));
        if (!is_silent(a))
            continue;
        if (i2s_esp_restart() != ERR_OK)
            vTaskDelay(pdMS_TO_TICKS(AGAIN_MS));
        pulse_restarted(&a->pulse, app_now(a));
    }
}

TaskFunction_t sound_task(const struct app *a)
{
    switch ((enum tuning_source)a->tuning.source) {
    case TUNING_ADC: return adc_task;
    case TUNING_I2S: return i2s_task;
    case TUNING_TONE: return tone_task;
    }
    return tone_task;
}
