/* audio/logic/pulse.h - does the ADC run, and at the rate it was computed to?
 *
 * An ADC whose rate cannot be computed (the plain ESP32's) is followed instead: the measured rate
 * is the right one, and is measured again over 4, 16, 64, 256 and 1024 s, to parts of a million.
 *
 * A rate that is wrong by a thousandth makes every listener's buffer grow by 60 ms a minute, so it
 * is measured once at the start of each run and sound is refused while it is wrong. Silence of 100
 * ms means that the ADC stopped (ESP-IDF does not tell: esp-idf#12749). Time is an argument. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/instant.h"

enum {
    PULSE_SILENT_MS = 100,
    PULSE_MEASURE_MS = 4000,  /* at least */
    PULSE_GIVE_UP_MS = 16000, /* a system that is late now and then looks wrong for a while */
    PULSE_TOLERANCE_PPM = 2000,
    PULSE_FOLLOW_TIMES = 4, /* each measurement is so many times longer than the one before */
    PULSE_FOLLOW_MS_MAX = 1024 * 1000,
};

enum pulse_state {
    PULSE_MEASURING,
    PULSE_RIGHT,
    PULSE_WRONG, /* stays until pulse_begin */
};

struct pulse {
    uint32_t expected_mhz; /* thousandths of 1 Hz */
    uint64_t count;        /* readings since `first` */
    struct mono first, last;
    bool begun;
    bool follows;
    uint64_t measure_ms;            /* how long this time */
    _Atomic uint32_t measured_mhz;  /* read, any thread: 0 while not known */
    _Atomic enum pulse_state state; /* read, any thread */
    _Atomic uint32_t restarts;      /* read, any thread: calls of pulse_restarted */
};

/* `expected_hz_num / expected_hz_den` is what the divider gives; up to 4 MHz. */
void pulse_init(struct pulse *p, uint32_t expected_hz_num, uint32_t expected_hz_den,
                struct mono now);

/* From the start: the rate is whatever is measured, from half to twice the expected one. */
void pulse_follow(struct pulse *p);

/* Is there anything worth hearing? Not at a wrong rate, and where it is followed, not before it is
 * known. Any thread. */
bool pulse_is_good(const struct pulse *p);

/* Readings (those lost as well) arrived. */
void pulse_feed(struct pulse *p, uint32_t readings, struct mono now);

/* True: nothing came for 100 ms. Stop and start the ADC, then call pulse_restarted. */
bool pulse_is_silent(const struct pulse *p, struct mono now);
void pulse_restarted(struct pulse *p, struct mono now);
