/* audio/port/host_alsa.h - a microphone of the host by ALSA, in place of the modelled ADC. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct host_alsa;

/* False: this program was built where ALSA's headers were missing; nothing below works then. */
bool host_alsa_is_built(void);

/* NULL: there is no such device. One channel of 16 bits. */
struct host_alsa *host_alsa_open(const char *device, unsigned rate_hz);
/* Waits for `count` samples. `*out_lost`: about so many were lost before them. */
CHECKED enum err host_alsa_read(struct host_alsa *a, int16_t *out, size_t count, size_t *out_lost);
void host_alsa_close(struct host_alsa *a);
