#include "audio/port/host_adc.h"

#include <math.h>

enum {
    READINGS = 4096,
    BURST_CONVERSIONS = 3,
    BURST_LSB = 120,
    JUNK = 0x5a5a0000, /* the undefined bits of a word; the unit is ADC1 */
};

/* esp32c3/curve_fitting_coefficients.c of ESP-IDF, 12 dB: the error in mV at X mV. */
static double curve_error_mv(double x)
{
    return -1.4912262772850453 +
           x * (-0.0228549975564099 +
                x * (3.56391935717e-5 + x * (-1.79964582e-8 + x * 4.2046e-12)));
}

static double ideal_mv(int reading)
{
    return reading * 2500.0 / READINGS;
}

void host_adc_init(struct host_adc *a, const struct host_adc_config *config,
                   const struct host_sound *sound)
{
    *a = (struct host_adc){.config = *config, .sound = sound, .dice = config->seed * 2 + 1};
    for (int i = 0; i < READINGS; i++)
        a->reading_mv[i] = ideal_mv(i) - (config->curved ? curve_error_mv(ideal_mv(i)) : 0);
}

int host_adc_calibrated_mv(void *ctx, int reading)
{
    const struct host_adc *a = ctx;
    return (int)lround(a->reading_mv[reading]);
}

/* 0..1 */
static double dice(struct host_adc *a)
{
    a->dice = a->dice * 1664525 + 1013904223;
    return (a->dice >> 8) / 16777216.0;
}

/* Near enough to a normal distribution: the sum of twelve. */
static double noise(struct host_adc *a)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += dice(a);
    return sum * a->config.noise_lsb;
}

/* The nearest reading at or below that voltage, by halves; with where it lies in between. */
static double convert(const struct host_adc *a, double mv)
{
    int low = 0, high = READINGS - 1;
    if (mv <= a->reading_mv[low])
        return 0;
    if (mv >= a->reading_mv[high])
        return high;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (a->reading_mv[middle] <= mv)
            low = middle;
        else
            high = middle;
    }
    return low + (mv - a->reading_mv[low]) / (a->reading_mv[high] - a->reading_mv[low]);
}

static bool in_burst(const struct host_adc *a)
{
    if (a->config.burst_ms == 0)
        return false;
    uint64_t every = (uint64_t)(a->config.rate_hz * a->config.burst_ms / 1000);
    return a->index % every < BURST_CONVERSIONS;
}

void host_adc_fill(struct host_adc *a, uint32_t *words, size_t count)
{
    double rate = a->config.rate_hz * (1 + a->config.ppm / 1e6);
    for (size_t i = 0; i < count; i++, a->index++) {
        double volts = host_sound_at(a->sound, (double)a->index / rate);
        double exact = convert(a, a->config.bias_mv + a->config.swing_mv * volts);
        if (a->config.noise_lsb > 0)
            exact += noise(a);
        if (in_burst(a))
            exact += BURST_LSB;
        long reading = lround(exact);
        reading = reading < 0 ? 0 : reading >= READINGS ? READINGS - 1 : reading;
        words[i] = (uint32_t)JUNK | a->config.channel << 13 | (uint32_t)reading;
    }
}

void host_adc_skip(struct host_adc *a, uint64_t count)
{
    a->index += count;
}
