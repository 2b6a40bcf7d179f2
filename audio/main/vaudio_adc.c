#include "audio/main/vaudio_adc.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "audio/logic/adcword.h"

enum {
    CHANNEL = 2,          /* GPIO 2 */
    FRAME_WORDS = 256,    /* a DMA frame: 5.12 ms */
    LATE_FRAMES_MAX = 40, /* what the driver's memory would hold; more is lost */
};

static const struct host_adc_config common = {.bias_mv = 1250, .channel = CHANNEL, .seed = 1};

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct mono vaudio_adc_now(void)
{
    return (struct mono){now_ns() / 1000000};
}

static void nap(unsigned us)
{
    struct timespec t = {0, (long)us * 1000};
    (void)nanosleep(&t, NULL);
}

struct run {
    double rate_hz;
    uint64_t start_ns;
    uint64_t done; /* conversions since the start */
    uint64_t next_overflow;
    bool stopped_once;
};

static void lose(struct vaudio_adc *a, struct run *r, uint64_t conversions)
{
    host_adc_skip(&a->model, conversions);
    chain_lost(a->chain, (uint32_t)conversions);
    pulse_feed(a->pulse, (uint32_t)conversions, vaudio_adc_now());
    r->done += conversions;
}

static void deliver(struct vaudio_adc *a, struct run *r)
{
    uint32_t words[FRAME_WORDS];
    uint64_t due = (uint64_t)((double)(now_ns() - r->start_ns) * r->rate_hz / 1e9);
    if (due - r->done > (uint64_t)LATE_FRAMES_MAX * FRAME_WORDS)
        lose(a, r, due - r->done - FRAME_WORDS);
    while (r->done + FRAME_WORDS <= due) {
        if (a->options->overflow_ms > 0 && r->done >= r->next_overflow) {
            lose(a, r, FRAME_WORDS);
            r->next_overflow += (uint64_t)(r->rate_hz * a->options->overflow_ms / 1000);
            continue;
        }
        host_adc_fill(&a->model, words, FRAME_WORDS);
        chain_feed(a->chain, words, FRAME_WORDS);
        pulse_feed(a->pulse, FRAME_WORDS, vaudio_adc_now());
        r->done += FRAME_WORDS;
    }
}

/* The fault once, and what the firmware does about a silent ADC. */
static void look_after(struct vaudio_adc *a, struct run *r)
{
    uint64_t stop_ns = (uint64_t)a->options->stop_after_s * 1000000000u;
    bool silent = stop_ns > 0 && !r->stopped_once && now_ns() - r->start_ns > stop_ns;
    if (!silent) {
        deliver(a, r);
    } else if (pulse_is_silent(a->pulse, vaudio_adc_now())) {
        r->stopped_once = true;
        uint64_t due = (uint64_t)((double)(now_ns() - r->start_ns) * r->rate_hz / 1e9);
        lose(a, r, due - r->done);
        pulse_restarted(a->pulse, vaudio_adc_now());
    }
}

/* Places the pips by the clock on the wall, as it is now. */
static void place_pips(struct vaudio_adc *a)
{
    uint32_t every_ms = a->options->pips_ms;
    struct timespec t;
    if (every_ms == 0)
        return;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    double ms = (double)((uint64_t)t.tv_sec * 1000 % every_ms) + (double)t.tv_nsec / 1e6;
    double every_s = every_ms / 1000.0;
    host_sound_pips(&a->sound, a->options->tone_hz, every_s, every_s - fmod(ms / 1000, every_s));
}

static void *run_model(void *ctx)
{
    struct vaudio_adc *a = ctx;
    place_pips(a);
    struct run r = {.rate_hz = a->model.config.rate_hz, .start_ns = now_ns()};
    r.rate_hz *= 1 + a->model.config.ppm / 1e6;
    r.next_overflow = (uint64_t)(r.rate_hz * a->options->overflow_ms / 1000);
    while (!atomic_load(&a->stop)) {
        look_after(a, &r);
        nap(2000);
    }
    return NULL;
}

static void *run_alsa(void *ctx)
{
    struct vaudio_adc *a = ctx;
    int16_t samples[CHAIN_HZ / 100];
    while (!atomic_load(&a->stop)) {
        size_t lost = 0;
        if (host_alsa_read(a->mic, samples, sizeof samples / sizeof *samples, &lost) != ERR_OK)
            break;
        if (lost > 0)
            chain_lost(a->chain, (uint32_t)lost);
        chain_feed_pcm(a->chain, samples, sizeof samples / sizeof *samples);
        pulse_feed(a->pulse, sizeof samples / sizeof *samples, vaudio_adc_now());
    }
    if (!atomic_load(&a->stop))
        (void)fprintf(stderr, "vaudio: the microphone %s fell silent\n", a->options->alsa);
    return NULL;
}

static enum err open_mic(struct vaudio_adc *a)
{
    if (!host_alsa_is_built()) {
        (void)fprintf(stderr, "vaudio: this build knows no ALSA (libasound2-dev)\n");
        return ERR_INPUT;
    }
    a->mic = host_alsa_open(a->options->alsa, CHAIN_HZ);
    return a->mic != NULL ? ERR_OK : ERR_INPUT;
}

static enum err open_model(struct vaudio_adc *a)
{
    const struct vaudio_options *o = a->options;
    uint32_t num, den;
    enum err e = adcword_actual_rate(o->asked_hz, &num, &den);
    if (e != ERR_OK)
        return e;
    host_sound_tone(&a->sound, o->tone_hz);
    if (o->wav != NULL)
        e = host_sound_open(&a->sound, o->wav);
    struct host_adc_config config = common;
    config.rate_hz = (double)num / den;
    config.ppm = o->ppm;
    config.swing_mv = 1250 * o->level;
    config.noise_lsb = o->noise_lsb;
    config.curved = !o->ideal;
    config.burst_ms = o->burst_ms;
    host_adc_init(&a->model, &config, &a->sound);
    if (o->calibrated)
        linear_init(&a->chain->linear, host_adc_calibrated_mv, &a->model);
    return e;
}

enum err vaudio_adc_open(struct vaudio_adc *a, const struct vaudio_options *o, struct chain *chain,
                         struct pulse *pulse)
{
    *a = (struct vaudio_adc){.options = o, .chain = chain, .pulse = pulse};
    bool is_mic = o->alsa != NULL;
    pulse_init(pulse, is_mic ? CHAIN_HZ : CHAIN_ADC_HZ, 1, vaudio_adc_now());
    enum err e = is_mic ? open_mic(a) : open_model(a);
    if (e != ERR_OK)
        return e;
    if (pthread_create(&a->thread, NULL, is_mic ? run_alsa : run_model, a) != 0)
        return ERR_FULL;
    a->running = true;
    return ERR_OK;
}

void vaudio_adc_close(struct vaudio_adc *a)
{
    atomic_store(&a->stop, true);
    if (a->running)
        (void)pthread_join(a->thread, NULL);
    host_alsa_close(a->mic);
    host_sound_close(&a->sound);
}
