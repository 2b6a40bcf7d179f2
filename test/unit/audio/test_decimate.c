/* Goal: the filter is as flat, as steep and as exact as its header says. */
#include "audio/logic/decimate.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/audio/sine.h"
#include "test/unit/unit.h"

enum {
    IN_HZ = 50000,
    OUT_HZ = 16000,
    SECONDS = 2,
    SETTLED = 200, /* outputs until the filter is full */
};

/* A sine of that frequency through the filter, in blocks of `block`. */
static size_t run(double hz, double amplitude, size_t block, int16_t *out)
{
    struct decimate d = {0};
    int16_t in[DECIMATE_IN_MAX];
    size_t n = 0;
    for (size_t at = 0; at < (size_t)IN_HZ * SECONDS;) {
        size_t count = (size_t)IN_HZ * SECONDS - at < block ? (size_t)IN_HZ * SECONDS - at : block;
        for (size_t i = 0; i < count; i++)
            in[i] =
                (int16_t)lround(amplitude * sin(2 * sine_pi * hz * (double)(at + i) / IN_HZ + 0.3));
        n += decimate_feed(&d, in, count, out + n);
        at += count;
    }
    return n;
}

static int16_t first[OUT_HZ * SECONDS + 100], second[OUT_HZ * SECONDS + 100];

static void fifty_thousand_become_exactly_sixteen_thousand(void **state)
{
    (void)state;
    assert_int_equal(run(1000, 10000, 256, first), OUT_HZ * SECONDS);
}

static void how_the_input_is_cut_makes_no_difference(void **state)
{
    (void)state;
    size_t n = run(997, 20000, 256, first);
    static const size_t blocks[] = {1, 2, 7, 25, 107, 108, 255};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        memset(second, 0, sizeof second);
        assert_int_equal(run(997, 20000, blocks[i], second), n);
        assert_memory_equal(first, second, n * sizeof *first);
    }
}

static void the_passband_is_flat_to_seven_kilohertz(void **state)
{
    (void)state;
    for (double hz = 100; hz <= 7000; hz += 230) {
        size_t n = run(hz, 20000, 256, first);
        struct sine_fit f = sine_fit(first + SETTLED, n - SETTLED, hz, OUT_HZ);
        double db = 20 * log10(f.amplitude / 20000);
        if (fabs(db) > 0.05)
            fail_msg("%.0f Hz: %.3f dB", hz, db);
    }
}

static void what_would_fold_back_is_65_db_down(void **state)
{
    (void)state;
    for (double hz = 9000; hz < 25000; hz += 487) {
        size_t n = run(hz, 30000, 256, first);
        double power = 0;
        for (size_t i = SETTLED; i < n; i++)
            power += (double)first[i] * first[i];
        double db = 10 * log10(power / (double)(n - SETTLED) / (30000.0 * 30000 / 2) + 1e-12);
        if (db > -65)
            fail_msg("%.0f Hz: %.1f dB", hz, db);
    }
}

static void a_constant_stays_and_nothing_overflows(void **state)
{
    (void)state;
    static const int16_t values[] = {INT16_MIN, -1, 0, 1, 12345, INT16_MAX};
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
        struct decimate d = {0};
        int16_t in[DECIMATE_IN_MAX], out[DECIMATE_OUT_MAX];
        for (size_t i = 0; i < DECIMATE_IN_MAX; i++)
            in[i] = values[v];
        (void)decimate_feed(&d, in, DECIMATE_IN_MAX, out);
        size_t n = decimate_feed(&d, in, DECIMATE_IN_MAX, out);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(out[i], values[v]);
    }
    /* The worst input there is: each sample at the end that adds. UBSan watches the sum. */
    struct decimate d = {0};
    int16_t in[DECIMATE_IN_MAX], out[DECIMATE_OUT_MAX];
    srand(1);
    for (unsigned round = 0; round < 2000; round++) {
        for (size_t i = 0; i < DECIMATE_IN_MAX; i++)
            in[i] = rand() % 2 ? INT16_MAX : INT16_MIN;
        (void)decimate_feed(&d, in, DECIMATE_IN_MAX, out);
    }
}

static void skipping_counts_what_would_have_come(void **state)
{
    (void)state;
    int16_t in[DECIMATE_IN_MAX] = {0}, out[DECIMATE_OUT_MAX];
    srand(2);
    struct decimate fed = {0}, skipped = {0};
    uint64_t a = 0, b = 0;
    for (unsigned round = 0; round < 5000; round++) {
        size_t count = (size_t)rand() % (DECIMATE_IN_MAX + 1);
        a += decimate_feed(&fed, in, count, out);
        b += decimate_skip(&skipped, (uint32_t)count);
        assert_int_equal(a, b);
        assert_int_equal(fed.due, skipped.due);
    }
    assert_int_equal(decimate_skip(&skipped, 50000) / 10, 1600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_thousand_become_exactly_sixteen_thousand),
        cmocka_unit_test(how_the_input_is_cut_makes_no_difference),
        cmocka_unit_test(the_passband_is_flat_to_seven_kilohertz),
        cmocka_unit_test(what_would_fold_back_is_65_db_down),
        cmocka_unit_test(a_constant_stays_and_nothing_overflows),
        cmocka_unit_test(skipping_counts_what_would_have_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
