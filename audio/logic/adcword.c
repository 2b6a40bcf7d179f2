#include "audio/logic/adcword.h"

enum {
    READING = 0xFFF,
    CHANNEL_SHIFT = 13,
    CHANNEL = 7,
    UNIT = 0x10000,
    CLOCK_HZ = 80000000 / 16 / 2,
    INTERVAL_MIN = 30,
    INTERVAL_MAX = 4095,
};

size_t adcword_readings(const uint32_t *words, size_t count, unsigned channel, uint16_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t w = words[i];
        if ((w & UNIT) == 0 && (w >> CHANNEL_SHIFT & CHANNEL) == channel)
            out[n++] = (uint16_t)(w & READING);
    }
    return n;
}

enum err adcword_actual_rate(uint32_t asked_hz, uint32_t *out_hz_num, uint32_t *out_hz_den)
{
    if (asked_hz == 0)
        return ERR_INPUT;
    uint32_t interval = CLOCK_HZ / asked_hz;
    if (interval < INTERVAL_MIN || interval > INTERVAL_MAX)
        return ERR_INPUT;
    *out_hz_num = CLOCK_HZ;
    *out_hz_den = interval;
    return ERR_OK;
}
