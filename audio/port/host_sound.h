/* audio/port/host_sound.h - what the modelled microphone hears: a tone, a WAV file over and over,
 * or short pips at known times. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { HOST_SOUND_PIP_MS = 10 };

struct host_sound {
    double tone_hz;   /* if there are no samples */
    double pip_s;     /* 0, or the time between two pips, each HOST_SOUND_PIP_MS of the tone */
    double next_s;    /* of the first pip */
    int16_t *samples; /* owned; the first channel of the file */
    size_t count;
    uint32_t rate_hz;
};

void host_sound_tone(struct host_sound *s, double hz);
/* The tone for 10 ms at `next_s`, and every `every_s` from then on; silence between. */
void host_sound_pips(struct host_sound *s, double hz, double every_s, double next_s);
/* ERR_IO: cannot be read; ERR_INPUT: not a WAV file of plain samples. */
CHECKED enum err host_sound_open(struct host_sound *s, const char *path);
void host_sound_close(struct host_sound *s);

/* -1..1 at any time from 0 on; between the samples of a file as a sound card would play it. */
double host_sound_at(const struct host_sound *s, double time_s);
