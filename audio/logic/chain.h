/* audio/logic/chain.h - from the words of the ADC at 50 kHz to sound on the tape at 16 kHz.
 *
 * words -> readings of our channel -> straightened -> 50 to 16 kHz -> no bias -> gain -> tape
 * One thread feeds it; `listen`, `set_gain` and the counters may be used from any other. While
 * nobody listens, readings are counted and thrown away. No allocation, no waiting, no log. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "audio/logic/dcblock.h"
#include "audio/logic/decimate.h"
#include "audio/logic/linear.h"
#include "audio/logic/loudness.h"
#include "audio/logic/retime.h"
#include "audio/logic/tape.h"

enum {
    CHAIN_ADC_HZ = 50000,
    CHAIN_HZ = 16000,
};

struct chain_counts {
    _Atomic uint32_t readings;  /* of our channel; wraps */
    _Atomic uint32_t bad_words; /* of another channel or unit */
    _Atomic uint32_t clipped;   /* readings at an end of the range */
    _Atomic uint32_t overruns;  /* how often readings were lost */
    _Atomic uint32_t lost;      /* samples that are missing for that reason */
};

/* Touch no field but counts. */
struct chain {
    struct linear linear; /* filled by the caller before it starts */
    struct decimate decimate;
    struct retime retime;
    bool retimes; /* the ADC's rate is what chain_set_rate said */
    struct dcblock dcblock;
    struct loudness loudness;
    struct tape *tape; /* borrowed */
    unsigned channel;
    bool running;
    int gain_db;
    _Atomic int gain_wanted_db;
    _Atomic bool wanted;
    struct chain_counts counts;
};

/* The table is the plain one until linear_init. */
void chain_init(struct chain *c, struct tape *tape, unsigned channel, int gain_db);

void chain_listen(struct chain *c, bool wanted);
void chain_set_gain(struct chain *c, int db);

/* The ADC runs at this measured rate (in thousandths of 1 Hz) instead of CHAIN_ADC_HZ: sound is put
 * right from here on. By the thread that feeds. False: too far off; as it was. */
bool chain_set_rate(struct chain *c, uint32_t adc_mhz);

/* Any number of words, as the DMA delivered them. */
void chain_feed(struct chain *c, const uint32_t *words, size_t count);
/* That many readings were lost between the last feed and the next. */
void chain_lost(struct chain *c, uint32_t readings);

/* For a source that samples at 16 kHz itself (a digital microphone). */
void chain_feed_pcm(struct chain *c, const int16_t *samples, size_t count);
