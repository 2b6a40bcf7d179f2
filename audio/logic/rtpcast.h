/* audio/logic/rtpcast.h - the sound as RTP packets of 20 ms to one address (lib/wire/rtp.h). */
#pragma once

#include "audio/logic/ports/cast.h"
#include "audio/logic/stream.h"
#include "audio/logic/studio.h"
#include "lib/wire/rtp.h"

/* Zeroed: off. */
struct rtpcast {
    struct studio *studio;   /* borrowed; NULL: off */
    const struct cast *cast; /* borrowed */
    struct rtp rtp;
    struct tape_reader reader;
    uint32_t sent;
    uint32_t dropped; /* packets the network did not take */
    bool gap;         /* the next packet is marked */
};

/* Counts as a listener from now on. `seed`: two random numbers. */
void rtpcast_open(struct rtpcast *r, struct studio *studio, const struct cast *cast,
                  const uint32_t seed[2]);
/* Sends what is due. */
void rtpcast_step(struct rtpcast *r);
void rtpcast_close(struct rtpcast *r);
