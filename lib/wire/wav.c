#include "lib/wire/wav.h"

#include <string.h>

enum {
    CODING_PCM = 1,
    CODING_EXTENSIBLE = 0xFFFE,
    RATE_HZ_MAX = 384000,
    CHANNELS_MAX = 8,
};

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v & 0xFFFF);
    put16(p + 2, v >> 16);
}

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

void wav_write_head(uint8_t out[WAV_HEAD_BYTES], uint32_t rate_hz, uint32_t data_bytes)
{
    /* clang-format off */
    static const uint8_t blank[WAV_HEAD_BYTES] = {
        'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'A', 'V', 'E',
        'f', 'm', 't', ' ', 16, 0, 0, 0, CODING_PCM, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 16, 0,
        'd', 'a', 't', 'a', 0, 0, 0, 0,
    };
    /* clang-format on */
    memcpy(out, blank, sizeof blank);
    put32(out + 4, data_bytes > WAV_DATA_MAX ? WAV_ENDLESS : data_bytes + 36);
    put32(out + 24, rate_hz);
    put32(out + 28, rate_hz * 2);
    put32(out + 40, data_bytes);
}

static bool read_format(const uint8_t *p, uint32_t len, struct wav_format *f)
{
    if (len < 16)
        return false;
    unsigned coding = get16(p);
    if (coding == CODING_EXTENSIBLE && len >= 26)
        coding = get16(p + 24); /* the first bytes of the sub-format are the old number */
    f->channels = get16(p + 2);
    f->rate_hz = get32(p + 4);
    f->bits = get16(p + 14);
    bool bits_good = f->bits == 8 || f->bits == 16 || f->bits == 24 || f->bits == 32;
    return coding == CODING_PCM && bits_good && f->channels >= 1 && f->channels <= CHANNELS_MAX &&
           f->rate_hz >= 1 && f->rate_hz <= RATE_HZ_MAX &&
           get16(p + 12) == f->channels * f->bits / 8;
}

enum err wav_read_head(const void *file, size_t len, struct wav_format *out)
{
    const uint8_t *p = file;
    if (len < 12)
        return ERR_FULL;
    if (memcmp(p, "RIFF", 4) != 0 || memcmp(p + 8, "WAVE", 4) != 0)
        return ERR_INPUT;

    struct wav_format f = {0};
    bool has_format = false;
    for (uint64_t at = 12; at + 8 <= len;) {
        uint32_t size = get32(p + at + 4);
        if (memcmp(p + at, "data", 4) == 0) {
            f.data_offset = at + 8;
            f.data_bytes = size;
            if (has_format)
                *out = f;
            return has_format ? ERR_OK : ERR_INPUT;
        }
        if (memcmp(p + at, "fmt ", 4) == 0) {
            if (at + 8 + size > len)
                return ERR_FULL;
            has_format = read_format(p + at + 8, size, &f);
            if (!has_format)
                return ERR_INPUT;
        }
        at += 8 + (uint64_t)size + (size & 1); /* chunks are padded to even length */
    }
    return ERR_FULL;
}
