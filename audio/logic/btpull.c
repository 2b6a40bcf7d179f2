#include "audio/logic/btpull.h"

#include <string.h>

enum { FADE_SHIFT = 4 }; /* the silence begins within about 80 samples, 5 ms */

void btpull_open(struct btpull *b, const struct tape *t)
{
    *b = (struct btpull){.tape = t};
}

/* Begins once there are 60 ms to begin with; after a pause too, so that one does not follow
 * another. */
static bool begin(struct btpull *b)
{
    if (b->flowing)
        return true;
    if (!b->opened)
        tape_open(&b->reader, b->tape, BTPULL_BEHIND_SAMPLES);
    b->opened = true;
    b->flowing = tape_end(b->tape) - b->reader.at >= BTPULL_BEHIND_SAMPLES;
    return b->flowing;
}

static void fade(struct btpull *b, int16_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = b->last;
        b->last = (int16_t)(b->last - b->last / (1 << FADE_SHIFT) - (b->last > 0) + (b->last < 0));
    }
}

void btpull_mono(struct btpull *b, int16_t *out, size_t count)
{
    while (count > 0) {
        struct tape_marks marks;
        size_t n = count < BTPULL_FRAMES_MAX ? count : BTPULL_FRAMES_MAX;
        if (begin(b) && tape_read(&b->reader, b->tape, out, n, &marks)) {
            b->last = out[n - 1];
        } else {
            b->underruns += b->flowing;
            b->flowing = false;
            fade(b, out, n);
        }
        out += n;
        count -= n;
    }
}

void btpull_stereo(struct btpull *b, int16_t *out, size_t frames)
{
    int16_t in[BTPULL_FRAMES_MAX], mono[BTPULL_FRAMES_MAX];
    while (frames > 0) {
        size_t n = frames < BTPULL_FRAMES_MAX ? frames : BTPULL_FRAMES_MAX;
        btpull_mono(b, in, upsample_needs(&b->upsample, n));
        upsample_run(&b->upsample, in, n, mono);
        for (size_t i = 0; i < n; i++)
            out[2 * i] = out[2 * i + 1] = mono[i];
        out += 2 * n;
        frames -= n;
    }
}

/* A half-band filter of 31 taps (Kaiser, beta 3), Q15: every other tap but the middle is 0. */
static int16_t halve(const int16_t x[BTPULL_PAST + 1])
{
    enum { MIDDLE = BTPULL_PAST / 2 };
    static const int16_t sides[] = {10403, -3320, 1823, -1134, 726, -457, 271, -143};
    int64_t sum = (int64_t)16430 * x[MIDDLE] + (1 << 14);
    for (int i = 0; i < 8; i++)
        sum += (int64_t)sides[i] * (x[MIDDLE - 2 * i - 1] + x[MIDDLE + 2 * i + 1]);
    sum >>= 15;
    if (sum > INT16_MAX)
        return INT16_MAX;
    return sum < INT16_MIN ? INT16_MIN : (int16_t)sum;
}

void btpull_narrow(struct btpull *b, int16_t *out, size_t count)
{
    int16_t x[BTPULL_PAST + BTPULL_FRAMES_MAX];
    while (count > 0) {
        size_t n = count < BTPULL_FRAMES_MAX / 2 ? count : BTPULL_FRAMES_MAX / 2;
        memcpy(x, b->past, sizeof b->past);
        btpull_mono(b, x + BTPULL_PAST, 2 * n);
        for (size_t i = 0; i < n; i++)
            out[i] = halve(x + 2 * i);
        memcpy(b->past, x + 2 * n, sizeof b->past);
        out += n;
        count -= n;
    }
}
