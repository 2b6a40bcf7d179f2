/* audio/logic/btpull.h - the sound for Bluetooth Classic, which asks for it when it likes: A2DP for
 * stereo at 44.1 kHz, hands-free for mono at 16 or 8 kHz.
 *
 * A request is always answered in full: what is not there yet is silence, faded, and counted. Keeps
 * 60 ms behind the newest sample when it starts. One thread (the Bluetooth host's). */
#pragma once

#include "audio/logic/tape.h"
#include "audio/logic/upsample.h"

enum {
    BTPULL_BEHIND_SAMPLES = 960,
    BTPULL_FRAMES_MAX = 256, /* of one internal step */
    BTPULL_PAST = 30,        /* samples the filter to 8 kHz looks back */
};

struct btpull {
    const struct tape *tape; /* borrowed */
    struct tape_reader reader;
    struct upsample upsample;
    bool opened, flowing;
    int16_t last;              /* the sample the silence fades from */
    int16_t past[BTPULL_PAST]; /* for btpull_narrow */
    uint32_t underruns;        /* read: how often sound ended and silence began */
};

void btpull_open(struct btpull *b, const struct tape *t);
/* `frames` pairs of equal samples at 44.1 kHz. */
void btpull_stereo(struct btpull *b, int16_t *out, size_t frames);
/* `count` samples at 16 kHz. */
void btpull_mono(struct btpull *b, int16_t *out, size_t count);
/* `count` samples at 8 kHz, for a telephone that knows no wide band: flat to 3.4 kHz within 0.2 dB,
 * 39 dB down from 4.6 kHz. */
void btpull_narrow(struct btpull *b, int16_t *out, size_t count);
