/* audio/logic/stream.h - one listener's packets: what stands on the tape, in the form that listener
 * wants it. */
#pragma once

#include "audio/logic/tape.h"
#include "lib/wire/adpcm.h"
#include "lib/wire/audioframe.h"
#include "lib/wire/websocket.h"

enum {
    STREAM_BLOCK_MIN = 80,
    STREAM_BLOCK_MAX = 512, /* samples of a packet; the number is even */
    /* The largest packet of all: a WebSocket frame of 16-bit samples. */
    STREAM_PACKET_MAX = WEBSOCKET_HEAD_BYTES_MAX + AUDIOFRAME_HEAD_BYTES + 2 * STREAM_BLOCK_MAX,
};

enum stream_form {
    STREAM_LITTLE,    /* bare samples, as in a WAV file */
    STREAM_BIG,       /* bare samples, as audio/L16 wants them */
    STREAM_FRAME,     /* audioframe.h */
    STREAM_WEBSOCKET, /* the same in a WebSocket frame */
};

struct stream {
    enum stream_form form;
    enum audioframe_codec codec; /* of the two last forms */
    uint16_t block;              /* samples of a packet */
    uint16_t sequence;
    struct adpcm adpcm;
    struct tape_reader reader;
};

/* Begins `back` samples before the end of the tape. `block` is within its limits. */
void stream_open(struct stream *s, const struct tape *t, enum stream_form form, uint16_t block,
                 uint32_t back);

/* The next packet of `count` samples (block or less, even); 0: it is not there yet. */
size_t stream_next(struct stream *s, const struct tape *t, size_t count,
                   uint8_t out[STREAM_PACKET_MAX]);
