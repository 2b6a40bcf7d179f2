/* audio/main/vaudio_adc.h - the thread that stands for the chip's DMA: it delivers the model's
 * readings at the pace of real time and looks after an ADC that falls silent. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "audio/logic/chain.h"
#include "audio/logic/pulse.h"
#include "audio/main/vaudio_options.h"
#include "audio/port/host_adc.h"
#include "audio/port/host_alsa.h"

struct vaudio_adc {
    const struct vaudio_options *options; /* borrowed */
    struct chain *chain;                  /* borrowed */
    struct pulse *pulse;                  /* borrowed */
    struct host_sound sound;
    struct host_adc model;
    struct host_alsa *mic; /* NULL: the model is heard */
    pthread_t thread;
    bool running;
    _Atomic bool stop;
};

/* Straightens the chain as asked and starts the thread. ERR_INPUT: no such rate, file or device. */
CHECKED enum err vaudio_adc_open(struct vaudio_adc *a, const struct vaudio_options *o,
                                 struct chain *chain, struct pulse *pulse);
void vaudio_adc_close(struct vaudio_adc *a);

/* Milliseconds of this program's clock, which never goes back. */
struct mono vaudio_adc_now(void);
