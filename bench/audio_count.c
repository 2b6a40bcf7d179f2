/* bench/audio_count.c - the hot loops of the audio streamer, bare on the virt machine of
 * qemu-system-riscv32: prints the instructions each takes for a second of sound. No C library. */
#include "audio/logic/adcword.h"
#include "audio/logic/chain.h"
#include "audio/logic/stream.h"
#include "audio/logic/upsample.h"
#include "lib/wire/mulaw.h"

enum {
    WORDS = 250, /* 5 ms */
    SAMPLES = 80,
    TIMES = 200, /* a second */
    TAPE = 8192,
};

static volatile uint8_t *const uart = (volatile uint8_t *)0x10000000;
static volatile uint32_t *const power = (volatile uint32_t *)0x100000;
static const uint32_t power_off = 0x5555;

static _Atomic int16_t memory[TAPE];
static struct tape tape;
static struct chain chain;
static struct decimate decimate;
static struct dcblock dcblock;
static struct loudness loudness;
static struct adpcm adpcm;
static struct upsample upsample;
static struct stream stream;
static uint32_t words[WORDS];
static uint16_t readings[WORDS];
static int16_t straight[WORDS], samples[DECIMATE_OUT_MAX], wide[256];
static uint8_t packet[STREAM_PACKET_MAX];

uint32_t count_instructions(void);
void count_main(void);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* As a C library for the chip does it: by words. */
__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *
memcpy(void *to, const void *from, size_t n)
{
    char *t = to;
    const char *f = from;
    while (n >= 4 && ((uintptr_t)t & 3) == 0 && ((uintptr_t)f & 3) == 0) {
        *(uint32_t *)(void *)t = *(const uint32_t *)(const void *)f;
        t += 4;
        f += 4;
        n -= 4;
    }
    while (n-- > 0)
        *t++ = *f++;
    return to;
}

/* Only ever called to move downwards here. */
void *memmove(void *to, const void *from, size_t n)
{
    return memcpy(to, from, n);
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memset(void *to, int c,
                                                                           size_t n)
{
    char *t = to;
    while (n-- > 0)
        *t++ = (char)c;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    for (; n > 0 && *x == *y; n--) {
        x++;
        y++;
    }
    return n == 0 ? 0 : *x - *y;
}

static void say(const char *text)
{
    while (*text != '\0')
        *uart = (uint8_t)*text++;
}

static void say_number(uint32_t n)
{
    char digits[11];
    char *p = digits + sizeof digits - 1;
    *p = '\0';
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    say(p);
}

static void whole_chain(void)
{
    chain_feed(&chain, words, WORDS);
}

static void words_and_table(void)
{
    size_t n = adcword_readings(words, WORDS, 2, readings);
    for (size_t i = 0; i < n; i++)
        straight[i] = linear_sample(&chain.linear, readings[i]);
}

static void filter(void)
{
    (void)decimate_feed(&decimate, straight, WORDS, samples);
}

static void high_pass(void)
{
    dcblock_run(&dcblock, samples, SAMPLES);
}

static void gain_and_limiter(void)
{
    loudness_run(&loudness, samples, SAMPLES);
}

static void write_tape(void)
{
    tape_write(&tape, samples, SAMPLES);
}

static void encode_adpcm(void)
{
    adpcm_write_block(&adpcm, samples, SAMPLES, packet);
}

static void encode_mulaw(void)
{
    for (unsigned i = 0; i < SAMPLES; i++)
        packet[i] = mulaw_from_pcm(samples[i]);
}

/* The tape is rewound: reading costs the same without somebody who writes. */
static void one_listener(void)
{
    stream.reader.at = tape_end(&tape) - SAMPLES;
    (void)stream_next(&stream, &tape, SAMPLES, packet);
}

static void to_44100(void)
{
    upsample_run(&upsample, samples, 220, wide);
}

static const struct {
    const char *name;
    void (*run)(void);
    bool adpcm;
} parts[] = {
    {"chain, all of the next five", whole_chain, false},
    {"words and table", words_and_table, false},
    {"50 to 16 kHz", filter, false},
    {"high-pass", high_pass, false},
    {"gain and limiter", gain_and_limiter, false},
    {"tape", write_tape, false},
    {"ADPCM", encode_adpcm, false},
    {"mu-law", encode_mulaw, false},
    {"a listener, PCM", one_listener, false},
    {"a listener, ADPCM", one_listener, true},
    {"16 to 44.1 kHz (A2DP)", to_44100, false},
};

void count_main(void)
{
    tape_init(&tape, memory, TAPE);
    chain_init(&chain, &tape, 2, 0);
    loudness_init(&loudness, 0);
    chain_listen(&chain, true);
    for (unsigned i = 0; i < WORDS; i++)
        words[i] = 2u << 13 | (2048 + (i * 37) % 1000);
    for (unsigned i = 0; i < 20; i++) /* past the start */
        whole_chain();
    stream_open(&stream, &tape, STREAM_WEBSOCKET, SAMPLES, 0);
    for (unsigned p = 0; p < sizeof parts / sizeof *parts; p++) {
        stream.codec = parts[p].adpcm ? AUDIOFRAME_ADPCM : AUDIOFRAME_PCM;
        uint32_t before = count_instructions();
        for (unsigned i = 0; i < TIMES; i++)
            parts[p].run();
        say_number(count_instructions() - before);
        say(" ");
        say(parts[p].name);
        say("\n");
    }
    *power = power_off;
    for (;;) {
    }
}
