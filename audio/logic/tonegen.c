#include "audio/logic/tonegen.h"

enum {
    ONE = 1 << 30,
    STEP_SINE = 134575535,    /* sin(2 pi 1000 / 50000) in 1/2^30 */
    STEP_COSINE = 1065275049, /* and its cosine */
};

void tonegen_init(struct tonegen *t, unsigned channel)
{
    *t = (struct tonegen){
        .cosine = ONE, .step_sine = STEP_SINE, .step_cosine = STEP_COSINE, .channel = channel};
}

static int32_t product(int32_t a, int32_t b)
{
    return (int32_t)((int64_t)a * b >> 30);
}

void tonegen_fill(struct tonegen *t, uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        words[i] = (uint32_t)t->channel << 13 | (uint32_t)(2048 + t->sine / (ONE / 1024));
        int32_t sine = product(t->sine, t->step_cosine) + product(t->cosine, t->step_sine);
        t->cosine = product(t->cosine, t->step_cosine) - product(t->sine, t->step_sine);
        t->sine = sine;
        if (sine < ONE / 1000 && sine > -ONE / 1000 && t->cosine > 0) {
            t->sine = 0;
            t->cosine = ONE;
        }
    }
}
