/* test/unit/audio/sine.h - how much of a signal is one sine, by least squares. */
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>

static const double sine_pi = 3.14159265358979323846;

struct sine_fit {
    double amplitude, offset;
    double sinad_db; /* the sine against everything else but the offset */
};

/* a cos + b sin + c over a whole number of periods, or so many that it does not matter. */
static inline struct sine_fit sine_fit(const int16_t *x, size_t count, double hz, double rate)
{
    double a = 0, b = 0, c = 0;
    for (size_t i = 0; i < count; i++)
        c += x[i];
    c /= (double)count;
    for (int round = 0; round < 4; round++) { /* projections that correct each other */
        double da = 0, db = 0, dc = 0;
        for (size_t i = 0; i < count; i++) {
            double w = 2 * sine_pi * hz * (double)i / rate;
            double left = x[i] - a * cos(w) - b * sin(w) - c;
            da += left * cos(w);
            db += left * sin(w);
            dc += left;
        }
        a += 2 * da / (double)count;
        b += 2 * db / (double)count;
        c += dc / (double)count;
    }
    double rest = 0;
    for (size_t i = 0; i < count; i++) {
        double w = 2 * sine_pi * hz * (double)i / rate;
        double left = x[i] - a * cos(w) - b * sin(w) - c;
        rest += left * left;
    }
    rest /= (double)count;
    double power = (a * a + b * b) / 2;
    return (struct sine_fit){sqrt(a * a + b * b), c, 10 * log10(power / (rest > 0 ? rest : 1e-9))};
}
