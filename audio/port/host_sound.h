/* audio/port/host_sound.h - what the modelled microphone hears: a tone or a WAV file, over and
 * over.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct host_sound {
    double tone_hz;   /* if there are no samples */
    int16_t *samples; /* owned; the first channel of the file */
    size_t count;
    uint32_t rate_hz;
};

void host_sound_tone(struct host_sound *s, double hz);
/* ERR_IO: cannot be read; ERR_INPUT: not a WAV file of plain samples. */
CHECKED enum err host_sound_open(struct host_sound *s, const char *path);
void host_sound_close(struct host_sound *s);

/* -1..1 at any time from 0 on; between the samples of a file as a sound card would play it. */
double host_sound_at(const struct host_sound *s, double time_s);
