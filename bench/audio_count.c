/* bench/audio_count.c - the hot loops of the audio streamer for rv32imc, to be counted under
 * qemu-riscv32: "chain", "adpcm" and so on, each doing `n` times 5 ms of sound. No C library. */
#include "audio/logic/chain.h"
#include "audio/logic/stream.h"
#include "audio/logic/upsample.h"

enum { WORDS = 250, SAMPLES = 80, TAPE = 8192, EXIT = 93 };

static _Atomic int16_t memory[TAPE];
static struct tape tape;
static struct chain chain;
static struct adpcm adpcm;
static struct upsample upsample;
static uint32_t words[WORDS];
static int16_t samples[SAMPLES], wide[256];
static uint8_t block[512];

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
void count_run(int which, int times);

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

void count_run(int which, int times)
{
    tape_init(&tape, memory, TAPE);
    chain_init(&chain, &tape, 2, 0);
    chain_listen(&chain, true);
    for (unsigned i = 0; i < WORDS; i++)
        words[i] = 2u << 13 | (2048 + (i * 37) % 1000);
    for (unsigned i = 0; i < 8; i++) /* past the start */
        chain_feed(&chain, words, WORDS);
    for (int i = 0; i < times; i++) {
        if (which == 0)
            chain_feed(&chain, words, WORDS);
        else if (which == 1)
            adpcm_write_block(&adpcm, samples, SAMPLES, block);
        else
            upsample_run(&upsample, samples, 220, wide);
    }
}
