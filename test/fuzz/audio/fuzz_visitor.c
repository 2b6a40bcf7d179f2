/* test/fuzz/audio/fuzz_visitor.c - any bytes to the streamer's server, cut anywhere, with sound
 * going on meanwhile: no crash, no answer that is no HTTP, and no listener left behind.
 *
 * The first byte says how the rest is cut and how fast time passes. */
#include <stdlib.h>
#include <string.h>

#include "audio/logic/visitor.h"

enum { TAPE = 4096 };

static _Atomic int16_t memory[TAPE];
static const struct studio_file files[] = {
    {"index.html", "text/html", "\"1\"", (const unsigned char *)"<p>page", 7, NULL, 0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool good)
{
    if (!good)
        abort();
}

/* Takes what the visitor gives; the first bytes of all must be an answer's. */
static void drain(struct visitor *v, struct mono now, size_t *total)
{
    for (unsigned i = 0; i < 8; i++) {
        struct slice s = visitor_give(v, now);
        if (s.len == 0)
            return;
        if (*total == 0)
            check(s.len > 9 && memcmp(s.ptr, "HTTP/1.1 ", 9) == 0);
        size_t n = i % 2 ? s.len : (s.len + 1) / 2;
        *total += n;
        visitor_gave(v, n, now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct tape tape;
    static struct chain chain;
    static struct pulse pulse;
    static struct visitor v;
    static const int16_t silence[512];
    struct mono now = {1000};
    if (len == 0)
        return 0;
    tape_init(&tape, memory, TAPE);
    chain_init(&chain, &tape, 2, 0);
    pulse_init(&pulse, 50000, 1, now);
    struct studio studio = {.block = 512,
                            .files = files,
                            .file_count = 1,
                            .chain = &chain,
                            .pulse = &pulse,
                            .listeners_max = 1};
    size_t step = 1u + (data[0] & 63u), total = 0;
    uint64_t tick = (data[0] & 64) ? 700 : 5;
    visitor_open(&v, &studio, now);
    for (size_t at = 1; at < len && !visitor_is_done(&v, now); at += step) {
        size_t n = len - at < step ? len - at : step;
        uint8_t *heap = malloc(n);
        if (heap == NULL)
            return 0;
        memcpy(heap, data + at, n);
        visitor_take(&v, heap, n, now);
        free(heap);
        tape_write(&tape, silence, 300);
        drain(&v, now, &total);
        now.ms += tick;
    }
    for (unsigned i = 0; i < 20; i++) {
        tape_write(&tape, silence, 512);
        drain(&v, now, &total);
        now.ms += 1500;
        (void)visitor_is_done(&v, now);
    }
    check(studio.listeners <= 1);
    visitor_close(&v);
    check(studio.listeners == 0);
    return 0;
}
