#include "lib/wire/audioframe.h"

#include <assert.h>
#include <string.h>

#include "lib/wire/adpcm.h"

enum {
    GAP = 0x10,
    CLIPPED = 0x20,
    MORE = 0x80,
};

static const char *const names[AUDIOFRAME_CODECS] = {"pcm", "ulaw", "adpcm"};

size_t audioframe_payload_bytes(enum audioframe_codec codec, size_t samples)
{
    switch (codec) {
    case AUDIOFRAME_PCM: return samples * 2;
    case AUDIOFRAME_MULAW: return samples;
    case AUDIOFRAME_ADPCM: return ADPCM_BLOCK_BYTES(samples);
    }
    assert(false);
    return 0;
}

void audioframe_write_head(const struct audioframe *f, uint8_t out[AUDIOFRAME_HEAD_BYTES])
{
    out[0] = (uint8_t)(f->codec | (f->gap ? GAP : 0) | (f->clipped ? CLIPPED : 0) |
                       (f->more ? MORE : 0));
    out[1] = f->fragment;
    out[2] = (uint8_t)f->sequence;
    out[3] = (uint8_t)(f->sequence >> 8);
    for (unsigned i = 0; i < 4; i++)
        out[4 + i] = (uint8_t)(f->index >> (8 * i));
}

enum err audioframe_read_head(const uint8_t *bytes, size_t len, struct audioframe *out)
{
    if (len < AUDIOFRAME_HEAD_BYTES || (bytes[0] & 15) >= AUDIOFRAME_CODECS)
        return ERR_INPUT;
    *out = (struct audioframe){
        .codec = (enum audioframe_codec)(bytes[0] & 15),
        .gap = (bytes[0] & GAP) != 0,
        .clipped = (bytes[0] & CLIPPED) != 0,
        .more = (bytes[0] & MORE) != 0,
        .fragment = bytes[1],
        .sequence = (uint16_t)(bytes[2] | bytes[3] << 8),
        .index = (uint32_t)bytes[4] | (uint32_t)bytes[5] << 8 | (uint32_t)bytes[6] << 16 |
                 (uint32_t)bytes[7] << 24,
    };
    return ERR_OK;
}

const char *audioframe_codec_name(enum audioframe_codec codec)
{
    return names[codec];
}

bool audioframe_codec_from(const char *name, size_t len, enum audioframe_codec *out)
{
    for (unsigned i = 0; i < AUDIOFRAME_CODECS; i++) {
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) {
            *out = (enum audioframe_codec)i;
            return true;
        }
    }
    return false;
}
