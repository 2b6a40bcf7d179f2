/* relay/logic/soundlink.h - one connection to an audio streamer: when to try, when to give it up,
 * and its bytes as samples. Time is an argument.
 *
 * What comes is a WAV file without end (lib/wire/wav.h): 16 bits, one channel. */
#pragma once

#include "lib/pace/deadline.h"
#include "relay/logic/ports/soundstream.h"
#include "relay/logic/recorder.h"

enum {
    SOUNDLINK_HEAD_MAX = 256,       /* bytes before the first sample */
    SOUNDLINK_STALL_MS = 10 * 1000, /* nothing came for so long: given up */
    SOUNDLINK_WAIT_BASE_MS = 1000,  /* backoff.h */
    SOUNDLINK_WAIT_CAP_MS = 60 * 1000,
    SOUNDLINK_SAMPLES = 8192, /* handed on at once; what a read of the network gives at most */
};

enum soundlink_state {
    SOUNDLINK_WAITING,
    SOUNDLINK_CONNECTING, /* up to the first sample */
    SOUNDLINK_STREAMING,
};

enum soundlink_action {
    SOUNDLINK_NOTHING,
    SOUNDLINK_OPEN,
    SOUNDLINK_CLOSE, /* then comes soundlink_ended() by itself, not from the port */
};

/* The caller owns the memory and reads only the fields marked so. */
struct soundlink {
    enum soundlink_state state;        /* read */
    char error[SOUNDSTREAM_ERROR_MAX]; /* read: of the last try; "" once samples came */
    struct recorder *recorder;
    unsigned failures;
    struct deadline due; /* WAITING: the next try; else the end of patience */
    bool broken;         /* what came is not what we take */
    uint8_t head[SOUNDLINK_HEAD_MAX];
    size_t head_len;
    uint8_t half; /* the first byte of a sample whose second has not come */
    bool has_half;
};

void soundlink_init(struct soundlink *l, struct recorder *recorder, struct mono now);

/* What to do now. After SOUNDLINK_OPEN the stream counts as being opened. `dice`: 32 random bits.
 */
enum soundlink_action soundlink_step(struct soundlink *l, struct mono now, uint32_t dice);
void soundlink_bytes(struct soundlink *l, const void *data, size_t len,
                     const struct recorder_moment *now);
/* The stream ended, or could not be opened. */
void soundlink_ended(struct soundlink *l, const char *why, struct mono now, uint32_t dice);

/* When to step again at the latest, ms from now. */
uint32_t soundlink_wait_ms(const struct soundlink *l, struct mono now);
