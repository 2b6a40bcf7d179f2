/* lib/wire/audioframe.h - one piece of an audio stream, "EAF1": the binary WebSocket messages, BLE
 * notifications and L2CAP units of the audio streamer (docs/formats.md).
 *
 *   0  u8   bits 0-3 codec; bit 4 samples were lost before this; bit 5 clipped; bit 7 more follows
 *   1  u8   number of the fragment, 0 first
 *   2  u16  sequence, one more each frame, the same in all its fragments
 *   4  u32  index of the first sample at 16 kHz, wraps after 74.6 h: compare modulo 2^32
 *   8       payload
 * All little-endian. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { AUDIOFRAME_HEAD_BYTES = 8 };

enum audioframe_codec {
    AUDIOFRAME_PCM = 0,   /* 16 bits, little-endian */
    AUDIOFRAME_MULAW = 1, /* mulaw.h */
    AUDIOFRAME_ADPCM = 2, /* adpcm.h, one block a frame */
};
enum { AUDIOFRAME_CODECS = 3 };

struct audioframe {
    enum audioframe_codec codec;
    bool gap;
    bool clipped;
    bool more;
    uint8_t fragment;
    uint16_t sequence;
    uint32_t index;
};

/* Payload bytes of `samples` (even) in that codec. */
size_t audioframe_payload_bytes(enum audioframe_codec codec, size_t samples);

void audioframe_write_head(const struct audioframe *f, uint8_t out[AUDIOFRAME_HEAD_BYTES]);
/* ERR_INPUT: shorter than a head, or a codec unknown here. */
CHECKED enum err audioframe_read_head(const uint8_t *bytes, size_t len, struct audioframe *out);

/* "pcm", "ulaw", "adpcm". Static text. */
const char *audioframe_codec_name(enum audioframe_codec codec);
/* False: no such name; `*out` is then untouched. */
bool audioframe_codec_from(const char *name, size_t len, enum audioframe_codec *out);
