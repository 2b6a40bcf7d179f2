#include "lib/wire/mulaw.h"

enum {
    BIAS = 132,
    CLIP = 32635,
};

uint8_t mulaw_from_pcm(int16_t sample)
{
    int32_t value = sample;
    unsigned sign = 0;
    if (value < 0) {
        value = -value;
        sign = 0x80;
    }
    value = (value > CLIP ? CLIP : value) + BIAS;
    unsigned segment = 7;
    for (int32_t top = 0x4000; segment > 0 && (value & top) == 0; top >>= 1)
        segment--;
    unsigned step = (unsigned)value >> (segment + 3) & 15;
    return (uint8_t) ~(sign | segment << 4 | step);
}

int16_t mulaw_to_pcm(uint8_t code)
{
    unsigned bits = (uint8_t)~code;
    int32_t value = (int32_t)(((bits & 15) << 3) + BIAS) << (bits >> 4 & 7);
    return (int16_t)(bits & 0x80 ? BIAS - value : value - BIAS);
}
