#include "lib/wire/rtp.h"

#include <inttypes.h>
#include <string.h>

static void put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

void rtp_write_head(struct rtp *r, uint32_t index, bool marker, uint8_t out[RTP_HEAD_BYTES])
{
    out[0] = 0x80; /* version 2, no padding, extension or contributors */
    out[1] = (uint8_t)(RTP_TYPE_L16_16000 | (marker ? 0x80 : 0));
    out[2] = (uint8_t)(r->sequence >> 8);
    out[3] = (uint8_t)r->sequence;
    put32(out + 4, r->timestamp_base + index);
    put32(out + 8, r->ssrc);
    r->sequence++;
}

void rtp_write_l16(const int16_t *samples, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = (uint8_t)((uint16_t)samples[i] >> 8);
        out[2 * i + 1] = (uint8_t)samples[i];
    }
}

/* Is it 224.0.0.0/4? Then the connection line carries a time to live (RFC 8866 5.7). */
static bool is_multicast(const char *address)
{
    struct slice rest;
    uint64_t first = 0;
    return slice_to_u64(slice_cut(slice_of(address), '.', &rest), &first) && first >= 224 &&
           first <= 239;
}

void rtp_print_sdp(const struct rtp_session *s, struct buf *out)
{
    buf_add_format(out, "v=0\r\no=- %" PRIu64 " 1 IN IP4 %s\r\n", s->id, s->from);
    buf_add_format(out, "s=%s\r\nc=IN IP4 %s%s\r\nt=0 0\r\n", s->name, s->to,
                   is_multicast(s->to) ? "/1" : "");
    buf_add_format(out, "m=audio %u RTP/AVP %d\r\n", s->port, RTP_TYPE_L16_16000);
    buf_add_format(out, "a=rtpmap:%d L16/16000/1\r\na=ptime:%u\r\n", RTP_TYPE_L16_16000,
                   s->packet_samples / 16u);
}
