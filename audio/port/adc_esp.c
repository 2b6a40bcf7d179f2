#include "audio/port/adc_esp.h"

#include <stdatomic.h>

#include "esp_adc/adc_cali_scheme.h"
#include "esp_adc/adc_continuous.h"
#include "lib/port/log.h"
#include "soc/soc_caps.h"

enum {
    FRAME_BYTES = 256 * SOC_ADC_DIGI_RESULT_BYTES, /* 5.12 ms at 50 kHz */
    STORE_BYTES = 8 * FRAME_BYTES,
    WAIT_MS = 50,
};

static adc_continuous_handle_t s_adc;
static adc_cali_handle_t s_calibration;
static _Atomic uint32_t s_overflows;
static uint32_t s_overflows_told;

static enum err from_esp(const char *what, esp_err_t rc)
{
    if (rc == ESP_OK)
        return ERR_OK;
    log_line(LOG_LEVEL_ERROR, "the ADC failed step=%s code=%d", what, (int)rc);
    return rc == ESP_ERR_INVALID_ARG ? ERR_INPUT : ERR_IO;
}

/* In the interrupt: one frame found no room. */
static bool IRAM_ATTR on_overflow(adc_continuous_handle_t adc,
                                  const adc_continuous_evt_data_t *data, void *ctx)
{
    (void)adc;
    (void)data;
    (void)ctx;
    uint32_t n = atomic_load_explicit(&s_overflows, memory_order_relaxed);
    atomic_store_explicit(&s_overflows, n + 1, memory_order_relaxed);
    return false;
}

static void calibrate(adc_channel_t channel, adc_atten_t attenuation)
{
    s_calibration = NULL;
    esp_err_t rc = ESP_ERR_NOT_SUPPORTED;
#if ADC_CALI_SCHEME_CURVE_FITTING_SUPPORTED
    const adc_cali_curve_fitting_config_t scheme = {
        .unit_id = ADC_UNIT_1, .chan = channel, .atten = attenuation, .bitwidth = ADC_BITWIDTH_12};
    rc = adc_cali_create_scheme_curve_fitting(&scheme, &s_calibration);
#elif ADC_CALI_SCHEME_LINE_FITTING_SUPPORTED
    (void)channel;
    const adc_cali_line_fitting_config_t scheme = {
        .unit_id = ADC_UNIT_1, .atten = attenuation, .bitwidth = ADC_BITWIDTH_12};
    rc = adc_cali_create_scheme_line_fitting(&scheme, &s_calibration);
#endif
    if (rc != ESP_OK)
        log_line(LOG_LEVEL_WARN, "this chip's ADC is not calibrated; its curve stays");
}

static enum err configure(adc_channel_t channel, const struct adc_esp_config *config)
{
    adc_digi_pattern_config_t pattern = {.atten = (uint8_t)config->attenuation,
                                         .channel = (uint8_t)channel,
                                         .unit = ADC_UNIT_1,
                                         .bit_width = SOC_ADC_DIGI_MAX_BITWIDTH};
    adc_continuous_config_t c = {.pattern_num = 1,
                                 .adc_pattern = &pattern,
                                 .sample_freq_hz = config->rate_hz,
                                 .conv_mode = ADC_CONV_SINGLE_UNIT_1};
    /* Newer drivers know the format themselves and call the field deprecated; older ones need it.
     */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#if CONFIG_IDF_TARGET_ESP32 || CONFIG_IDF_TARGET_ESP32S2
    c.format = ADC_DIGI_OUTPUT_FORMAT_TYPE1;
#else
    c.format = ADC_DIGI_OUTPUT_FORMAT_TYPE2;
#endif
#pragma GCC diagnostic pop
    return from_esp("config", adc_continuous_config(s_adc, &c));
}

enum err adc_esp_open(const struct adc_esp_config *config, unsigned *out_channel)
{
    adc_unit_t unit;
    adc_channel_t channel;
    if (adc_continuous_io_to_channel(config->gpio, &unit, &channel) != ESP_OK || unit != ADC_UNIT_1)
        return ERR_INPUT;
    const adc_continuous_handle_cfg_t store = {.max_store_buf_size = STORE_BYTES,
                                               .conv_frame_size = FRAME_BYTES};
    const adc_continuous_evt_cbs_t events = {.on_pool_ovf = on_overflow};
    enum err e = from_esp("handle", adc_continuous_new_handle(&store, &s_adc));
    if (e == ERR_OK)
        e = configure(channel, config);
    if (e == ERR_OK)
        e = from_esp("events", adc_continuous_register_event_callbacks(s_adc, &events, NULL));
    if (e == ERR_OK)
        e = from_esp("start", adc_continuous_start(s_adc));
    if (e != ERR_OK)
        return e;
    calibrate(channel, (adc_atten_t)config->attenuation);
    *out_channel = (unsigned)channel;
    return ERR_OK;
}

bool adc_esp_keeps_its_rate(void)
{
#if CONFIG_IDF_TARGET_ESP32
    return false;
#else
    return true;
#endif
}

enum err adc_esp_read(uint32_t *words, size_t cap, size_t *out_count, uint32_t *out_lost)
{
    uint32_t bytes = 0;
    uint32_t overflows = atomic_load_explicit(&s_overflows, memory_order_relaxed);
    *out_lost = (overflows - s_overflows_told) * (FRAME_BYTES / SOC_ADC_DIGI_RESULT_BYTES);
    s_overflows_told = overflows;
    *out_count = 0;
    esp_err_t rc = adc_continuous_read(
        s_adc, (uint8_t *)words, (uint32_t)(cap * SOC_ADC_DIGI_RESULT_BYTES), &bytes, WAIT_MS);
    if (rc == ESP_ERR_TIMEOUT)
        return ERR_OK;
    if (rc != ESP_OK && rc != ESP_ERR_INVALID_STATE) /* the latter: there was an overflow */
        return from_esp("read", rc);
    *out_count = bytes / SOC_ADC_DIGI_RESULT_BYTES;
#if SOC_ADC_DIGI_RESULT_BYTES == 2 /* type 1: channel in bits 12-15 */
    const uint16_t *narrow = (const uint16_t *)words;
    for (size_t i = *out_count; i-- > 0;) /* backwards: both lie in the same memory */
        words[i] = (uint32_t)(narrow[i] >> 12 & 7) << 13 | (narrow[i] & 0xFFF);
#endif
    return ERR_OK;
}

enum err adc_esp_restart(void)
{
    (void)adc_continuous_stop(s_adc); /* it may have stopped by itself */
    return from_esp("restart", adc_continuous_start(s_adc));
}

int adc_esp_calibrated_mv(void *ctx, int reading)
{
    int mv = -1;
    (void)ctx;
    if (s_calibration == NULL || adc_cali_raw_to_voltage(s_calibration, reading, &mv) != ESP_OK)
        return -1;
    return mv;
}
