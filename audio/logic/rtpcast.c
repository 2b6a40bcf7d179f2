#include "audio/logic/rtpcast.h"

void rtpcast_open(struct rtpcast *r, struct studio *studio, const struct cast *cast,
                  const uint32_t seed[2])
{
    *r = (struct rtpcast){.studio = studio, .cast = cast, .gap = true};
    r->rtp = (struct rtp){.ssrc = seed[0],
                          .timestamp_base = seed[1],
                          .sequence = (uint16_t)(seed[0] >> 16 ^ seed[1])};
    studio_enter(studio);
    tape_open(&r->reader, studio->chain->tape, 0);
}

void rtpcast_step(struct rtpcast *r)
{
    int16_t samples[STUDIO_RTP_SAMPLES];
    uint8_t packet[RTP_HEAD_BYTES + 2 * STUDIO_RTP_SAMPLES];
    struct tape_marks marks;
    if (r->studio == NULL)
        return;
    while (tape_read(&r->reader, r->studio->chain->tape, samples, STUDIO_RTP_SAMPLES, &marks)) {
        rtp_write_head(&r->rtp, marks.index, marks.gap || r->gap, packet);
        rtp_write_l16(samples, STUDIO_RTP_SAMPLES, packet + RTP_HEAD_BYTES);
        r->gap = r->cast->send(r->cast->ctx, packet, sizeof packet) != ERR_OK;
        r->dropped += r->gap;
        r->sent += !r->gap;
    }
}

void rtpcast_close(struct rtpcast *r)
{
    if (r->studio != NULL)
        studio_leave(r->studio);
    *r = (struct rtpcast){0};
}
