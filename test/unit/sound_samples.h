/* test/unit/sound_samples.h - the smallest files of sound that are whole. */
#pragma once

#include "lib/wire/wav.h"

/* RFC 9639: the magic, STREAMINFO (last block; 16,000 Hz, one channel, 16 bits), and how a frame
 * begins. */
static const unsigned char SOUND_FLAC[] = {
    'f',  'L',  'a',  'C',  0x80, 0x00, 0x00, 0x22, 0x10, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x03, 0xE8, 0x00, 0xF0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xF8, 0x69,
};

enum { SOUND_WAV_SAMPLES = 8, SOUND_WAV_BYTES = WAV_HEAD_BYTES + 2 * SOUND_WAV_SAMPLES };

static inline void sound_samples_wav(unsigned char out[SOUND_WAV_BYTES])
{
    wav_write_head(out, 16000, 2 * SOUND_WAV_SAMPLES);
    for (unsigned i = 0; i < 2 * SOUND_WAV_SAMPLES; i++)
        out[WAV_HEAD_BYTES + i] = (unsigned char)(i * 37);
}
