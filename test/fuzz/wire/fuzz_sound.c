/* test/fuzz/wire/fuzz_sound.c - WAV heads, ADPCM blocks, frames and WebSocket bytes that anybody
 * may send: read within their memory, and the same however they are cut. */
#include <stdlib.h>
#include <string.h>

#include "lib/wire/adpcm.h"
#include "lib/wire/audioframe.h"
#include "lib/wire/wav.h"
#include "lib/wire/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint32_t hear(const uint8_t *data, size_t len, size_t cut)
{
    static struct websocket w;
    uint32_t sum = 7;
    memset(&w, 0, sizeof w);
    for (unsigned piece = 0; piece < 2; piece++) {
        const uint8_t *p = piece == 0 ? data : data + cut;
        size_t left = piece == 0 ? cut : len - cut, used;
        for (enum websocket_event e = WEBSOCKET_MESSAGE; e == WEBSOCKET_MESSAGE;) {
            e = websocket_feed(&w, p, left, &used);
            p += used;
            left -= used;
            if (e == WEBSOCKET_MESSAGE)
                sum = sum * 31 + (uint32_t)w.op + (uint32_t)w.len * 5 + (w.len ? w.bytes[0] : 0u);
        }
    }
    return sum * 31 + w.close_code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    int16_t out[8192];
    struct wav_format format;
    struct audioframe frame;
    (void)!wav_read_head(data, len, &format);
    (void)!audioframe_read_head(data, len, &frame);
    if (len <= sizeof out / 4)
        (void)!adpcm_read_block(data, len, out);
    if (len > 0 && hear(data, len, len) != hear(data, len, data[len - 1] % (len + 1)))
        abort();
    return 0;
}
