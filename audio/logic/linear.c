#include "audio/logic/linear.h"

enum {
    READINGS = 4096,
    ASKED = 17, /* answers averaged for a knot */
    ASKED_STEP = 3,
    FULL = 65520,
    MV_MAX = 3300, /* ASKED * MV_MAX * FULL fits 32 bits */
};

void linear_init_plain(struct linear *l)
{
    for (unsigned i = 0; i < LINEAR_KNOTS; i++)
        l->knots[i] =
            (uint16_t)(i * LINEAR_KNOT_STEP * 16 > 65535 ? 65535 : i * LINEAR_KNOT_STEP * 16);
}

/* The sum of ASKED answers placed evenly around `middle`, all of them within the range. */
static uint32_t ask_around(int middle, int (*to_mv)(void *ctx, int reading), void *ctx)
{
    int room = middle < READINGS - 1 - middle ? middle : READINGS - 1 - middle;
    int step = room / (ASKED / 2) < ASKED_STEP ? room / (ASKED / 2) : ASKED_STEP;
    uint32_t sum = 0;
    for (int i = 0; i < ASKED; i++) {
        int mv = to_mv(ctx, middle + (i - ASKED / 2) * step);
        sum += (uint32_t)(mv < 0 ? 0 : mv > MV_MAX ? MV_MAX : mv);
    }
    return sum;
}

void linear_init(struct linear *l, int (*to_mv)(void *ctx, int reading), void *ctx)
{
    uint32_t low = ask_around(0, to_mv, ctx);
    uint32_t high = ask_around(READINGS - 1, to_mv, ctx);
    linear_init_plain(l);
    if (high <= low)
        return;
    for (int i = 0; i < LINEAR_KNOTS; i++) {
        int reading = i * LINEAR_KNOT_STEP;
        uint32_t sum = ask_around(reading < READINGS ? reading : READINGS - 1, to_mv, ctx);
        sum = sum < low ? low : sum > high ? high : sum;
        l->knots[i] = (uint16_t)((sum - low) * FULL / (high - low));
    }
}
