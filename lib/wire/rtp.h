/* lib/wire/rtp.h - RTP packets of 16-bit audio (RFC 3550 5.1, L16 of RFC 3551 4.5.11) and the SDP
 * (RFC 8866) that tells a player about them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum {
    RTP_HEAD_BYTES = 12,
    RTP_TYPE_L16_16000 = 96, /* dynamic: no static number exists for 16 kHz */
};

/* One stream; sequence and first timestamp are random numbers (RFC 3550 5.1). */
struct rtp {
    uint32_t ssrc;
    uint32_t timestamp_base;
    uint16_t sequence; /* of the next packet */
};

/* Head of the packet whose first sample has this index. `marker`: the first one after a gap. */
void rtp_write_head(struct rtp *r, uint32_t index, bool marker, uint8_t out[RTP_HEAD_BYTES]);

/* L16 is big-endian. Writes 2 * count bytes. */
void rtp_write_l16(const int16_t *samples, size_t count, uint8_t *out);

struct rtp_session {
    const char *name;        /* one line */
    const char *from, *to;   /* IPv4 addresses as text */
    uint64_t id;             /* of this session */
    uint16_t port;           /* UDP; even by custom */
    uint16_t packet_samples; /* at 16 kHz */
};
void rtp_print_sdp(const struct rtp_session *s, struct buf *out);
