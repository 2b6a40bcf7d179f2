/* audio/main/vaudio_options.h - the command line of vaudio(1). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/wire/audioframe.h"

struct vaudio_options {
    const char *host;
    uint16_t port;
    const char *wav;  /* NULL: the tone */
    const char *alsa; /* NULL: none */
    double tone_hz;
    uint32_t pips_ms; /* 0: a tone that goes on */
    double level;     /* 0..1 of the ADC's range */
    double noise_lsb;
    double ppm;
    bool ideal;
    bool calibrated;
    uint32_t burst_ms;
    uint32_t overflow_ms;  /* readings are lost so often; 0: never */
    uint32_t stop_after_s; /* the ADC falls silent once; 0: never */
    uint32_t asked_hz;
    uint32_t block;
    uint32_t listeners;
    int gain_db;
    enum audioframe_codec codec;
    const char *name;
    const char *token;
    const char *rtp; /* ADDRESS:PORT; NULL: none */
    bool quiet;
};

enum vaudio_answer {
    VAUDIO_RUN,
    VAUDIO_HELPED, /* help or version was printed */
    VAUDIO_WRONG,  /* and said so on standard error */
};

enum vaudio_answer vaudio_options_read(struct vaudio_options *o, int argc, char **argv);
