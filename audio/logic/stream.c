#include "audio/logic/stream.h"

#include <assert.h>

#include "lib/wire/mulaw.h"
#include "lib/wire/rtp.h"

void stream_open(struct stream *s, const struct tape *t, enum stream_form form, uint16_t block,
                 uint32_t back)
{
    assert(block >= STREAM_BLOCK_MIN && block <= STREAM_BLOCK_MAX && block % 2 == 0);
    *s = (struct stream){.form = form, .block = block};
    tape_open(&s->reader, t, back);
}

static void put_little(const int16_t *samples, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = (uint8_t)samples[i];
        out[2 * i + 1] = (uint8_t)((uint16_t)samples[i] >> 8);
    }
}

static void put_payload(struct stream *s, const int16_t *samples, size_t count, uint8_t *out)
{
    switch (s->codec) {
    case AUDIOFRAME_PCM: put_little(samples, count, out); break;
    case AUDIOFRAME_MULAW:
        for (size_t i = 0; i < count; i++)
            out[i] = mulaw_from_pcm(samples[i]);
        break;
    case AUDIOFRAME_ADPCM: adpcm_write_block(&s->adpcm, samples, count, out); break;
    }
}

static size_t put_frame(struct stream *s, const int16_t *samples, size_t count,
                        const struct tape_marks *marks, uint8_t *out)
{
    size_t payload = audioframe_payload_bytes(s->codec, count), head = 0;
    if (s->form == STREAM_WEBSOCKET)
        head = websocket_write_head(WEBSOCKET_BINARY, AUDIOFRAME_HEAD_BYTES + payload, out);
    struct audioframe f = {.codec = s->codec,
                           .gap = marks->gap,
                           .clipped = marks->clipped,
                           .sequence = s->sequence++,
                           .index = marks->index};
    audioframe_write_head(&f, out + head);
    put_payload(s, samples, count, out + head + AUDIOFRAME_HEAD_BYTES);
    return head + AUDIOFRAME_HEAD_BYTES + payload;
}

size_t stream_next(struct stream *s, const struct tape *t, size_t count,
                   uint8_t out[STREAM_PACKET_MAX])
{
    int16_t samples[STREAM_BLOCK_MAX];
    struct tape_marks marks;
    assert(count >= 1 && count <= s->block);
    if (!tape_read(&s->reader, t, samples, count, &marks))
        return 0;
    switch (s->form) {
    case STREAM_LITTLE: put_little(samples, count, out); return 2 * count;
    case STREAM_BIG: rtp_write_l16(samples, count, out); return 2 * count;
    case STREAM_FRAME:
    case STREAM_WEBSOCKET: return put_frame(s, samples, count, &marks, out);
    }
    return 0;
}
