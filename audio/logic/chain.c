#include "audio/logic/chain.h"

#include "audio/logic/adcword.h"

enum { CLIP_MARGIN = 2 }; /* readings so near to an end count as clipped */

void chain_init(struct chain *c, struct tape *tape, unsigned channel, int gain_db)
{
    *c = (struct chain){.tape = tape, .channel = channel, .gain_db = gain_db};
    linear_init_plain(&c->linear);
    loudness_init(&c->loudness, gain_db);
    atomic_init(&c->gain_wanted_db, gain_db);
}

void chain_listen(struct chain *c, bool wanted)
{
    atomic_store_explicit(&c->wanted, wanted, memory_order_relaxed);
}

void chain_set_gain(struct chain *c, int db)
{
    atomic_store_explicit(&c->gain_wanted_db, db, memory_order_relaxed);
}

bool chain_set_rate(struct chain *c, uint32_t adc_mhz)
{
    /* What is decimated is off by as much as the ADC itself. */
    bool possible = retime_set(&c->retime, adc_mhz, CHAIN_ADC_HZ);
    c->retimes = c->retimes || possible;
    return possible;
}

/* Only the feeding thread changes a count. */
static void add(_Atomic uint32_t *count, uint32_t n)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* False: nobody listens. Somebody who begins to listen gets a fresh start. */
static bool follow_wishes(struct chain *c)
{
    bool wanted = atomic_load_explicit(&c->wanted, memory_order_relaxed);
    if (wanted && !c->running) {
        c->dcblock = (struct dcblock){0};
        tape_skip(c->tape, 0);
    }
    c->running = wanted;
    int db = atomic_load_explicit(&c->gain_wanted_db, memory_order_relaxed);
    if (db != c->gain_db) {
        loudness_set(&c->loudness, db);
        c->gain_db = db;
    }
    return wanted;
}

static void finish(struct chain *c, int16_t *samples, size_t count)
{
    dcblock_run(&c->dcblock, samples, count);
    loudness_run(&c->loudness, samples, count);
    tape_write(c->tape, samples, count);
}

static void put_right(struct chain *c, const int16_t *samples, size_t count)
{
    int16_t out[RETIME_OUT_MAX];
    finish(c, out, retime_run(&c->retime, samples, count, out));
}

static void feed_block(struct chain *c, const uint32_t *words, size_t count)
{
    uint16_t readings[DECIMATE_IN_MAX];
    int16_t straight[DECIMATE_IN_MAX];
    int16_t out[DECIMATE_OUT_MAX];
    size_t n = adcword_readings(words, count, c->channel, readings);
    add(&c->counts.readings, (uint32_t)n);
    add(&c->counts.bad_words, (uint32_t)(count - n));
    if (!c->running)
        return;

    uint32_t clipped = 0;
    for (size_t i = 0; i < n; i++) {
        clipped += readings[i] < CLIP_MARGIN || readings[i] > ADCWORD_READING_MAX - CLIP_MARGIN;
        straight[i] = linear_sample(&c->linear, readings[i]);
    }
    if (clipped > 0) {
        add(&c->counts.clipped, clipped);
        tape_clip(c->tape);
    }
    size_t count_out = decimate_feed(&c->decimate, straight, n, out);
    if (c->retimes)
        put_right(c, out, count_out);
    else
        finish(c, out, count_out);
}

void chain_feed(struct chain *c, const uint32_t *words, size_t count)
{
    (void)follow_wishes(c);
    while (count > 0) {
        size_t n = count < DECIMATE_IN_MAX ? count : DECIMATE_IN_MAX;
        feed_block(c, words, n);
        words += n;
        count -= n;
    }
}

void chain_lost(struct chain *c, uint32_t readings)
{
    add(&c->counts.overruns, 1);
    uint32_t samples = decimate_skip(&c->decimate, readings);
    if (c->retimes)
        samples = retime_skip(&c->retime, samples);
    add(&c->counts.lost, samples);
    if (c->running)
        tape_skip(c->tape, samples);
}

void chain_feed_pcm(struct chain *c, const int16_t *samples, size_t count)
{
    int16_t block[DECIMATE_OUT_MAX];
    add(&c->counts.readings, (uint32_t)count);
    if (!follow_wishes(c))
        return;
    while (count > 0) {
        size_t n = count < DECIMATE_OUT_MAX ? count : DECIMATE_OUT_MAX;
        for (size_t i = 0; i < n; i++)
            block[i] = samples[i];
        finish(c, block, n);
        samples += n;
        count -= n;
    }
}
