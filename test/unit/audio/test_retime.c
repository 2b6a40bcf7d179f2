/* Goal: an ADC that runs at another rate than it was asked for is heard at the right pitch, once
 * its rate is known, and not before. */
#include "audio/logic/retime.h"

#include <string.h>

#include "audio/logic/chain.h"
#include "audio/logic/pulse.h"
#include "test/unit/audio/sine.h"
#include "test/unit/unit.h"

enum { OUT_HZ = 16000, KEPT = 2 * OUT_HZ, TAPE = 8192 };

static int16_t s_out[KEPT];

/* A sine that comes at `in_hz` and goes at 16 kHz: how good it is there. */
static double retimed_db(uint32_t in_mhz, double hz)
{
    struct retime r = {0};
    size_t kept = 0;
    double in_hz = in_mhz / 1000.0;
    assert_true(retime_set(&r, in_mhz, OUT_HZ));
    for (uint64_t n = 0; kept < KEPT;) {
        int16_t in[RETIME_IN_MAX], out[RETIME_OUT_MAX];
        size_t count = 1 + (size_t)(n % RETIME_IN_MAX);
        for (size_t i = 0; i < count; i++, n++)
            in[i] = (int16_t)lround(20000 * sin(2 * sine_pi * hz * (double)n / in_hz));
        size_t got = retime_run(&r, in, count, out);
        assert_true(got <= RETIME_OUT_MAX);
        for (size_t i = 0; i < got && kept < KEPT; i++)
            s_out[kept++] = out[i];
    }
    return sine_fit(s_out + 1000, KEPT - 1000, hz, OUT_HZ).sinad_db;
}

static void every_rate_from_half_to_double_is_put_right(void **state)
{
    (void)state;
    static const uint32_t rates_mhz[] = {8000000,  13107200, 15984000, 16000000,
                                         16000001, 16025641, 19672131, 32000000};
    double least = 999;
    for (size_t i = 0; i < sizeof rates_mhz / sizeof *rates_mhz; i++) {
        double lower = rates_mhz[i] < OUT_HZ * 1000 ? rates_mhz[i] / 1000.0 : OUT_HZ;
        for (double hz = 211; hz <= lower * 7 / 16; hz += 971) {
            double db = retimed_db(rates_mhz[i], hz);
            if (db < 70)
                fail_msg("%u mHz, %.0f Hz: %.1f dB", rates_mhz[i], hz, db);
            least = db < least ? db : least;
        }
    }
    print_message("any rate to 16 kHz: at least %.1f dB\n", least);
}

static void rates_beyond_half_and_double_are_refused(void **state)
{
    (void)state;
    struct retime r = {0};
    assert_true(retime_set(&r, 16000000, OUT_HZ));
    uint64_t step = r.step;
    assert_false(retime_set(&r, 7999999, OUT_HZ));
    assert_false(retime_set(&r, 32000001, OUT_HZ));
    assert_false(retime_set(&r, 0, OUT_HZ));
    assert_int_equal(r.step, step);
}

static void what_was_lost_takes_the_time_it_took(void **state)
{
    (void)state;
    struct retime a = {0}, b = {0};
    static const uint32_t parts[] = {1, 2, 3, 82, 1, 50, 83, 7};
    int16_t in[RETIME_IN_MAX] = {0}, out[RETIME_OUT_MAX];
    assert_true(retime_set(&a, 13107200, OUT_HZ));
    assert_true(retime_set(&b, 13107200, OUT_HZ));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        assert_int_equal(retime_skip(&a, parts[i]), retime_run(&b, in, parts[i], out));
        assert_int_equal(a.at, b.at);
    }
    assert_true(retime_set(&a, 32000000, OUT_HZ)); /* two come for one */
    uint32_t sum = 0;
    for (unsigned i = 0; i < 100; i++)
        sum += retime_skip(&a, 1);
    assert_in_range(sum, 49, 51);
}

static struct {
    _Atomic int16_t memory[TAPE];
    struct tape tape;
    struct chain chain;
    struct tape_reader reader;
} rig;

/* What an ADC at `adc_hz` makes of 997 Hz, through the whole chain. */
static double heard_db(uint32_t adc_hz)
{
    uint32_t words[250];
    size_t kept = 0;
    struct tape_marks marks;
    memset(&rig, 0, sizeof rig);
    tape_init(&rig.tape, rig.memory, TAPE);
    chain_init(&rig.chain, &rig.tape, 2, 0);
    chain_listen(&rig.chain, true);
    tape_open(&rig.reader, &rig.tape, 0);
    assert_true(chain_set_rate(&rig.chain, adc_hz * 1000));
    for (uint64_t n = 0; kept + 16 <= KEPT;) {
        for (unsigned i = 0; i < 250; i++, n++)
            words[i] = 2U << 13 |
                       (uint32_t)lround(2048 + 1900 * sin(2 * sine_pi * 997 * (double)n / adc_hz));
        chain_feed(&rig.chain, words, 250);
        while (kept + 16 <= KEPT && tape_read(&rig.reader, &rig.tape, s_out + kept, 16, &marks))
            kept += 16;
    }
    return sine_fit(s_out + 8000, KEPT - 8000, 997, OUT_HZ).sinad_db;
}

static void the_chain_plays_a_slow_and_a_fast_adc_at_the_right_pitch(void **state)
{
    (void)state;
    static const uint32_t rates[] = {40770, 49500, 50000, 61000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        double db = heard_db(rates[i]);
        print_message("ADC at %u Hz: %.1f dB\n", rates[i], db);
        assert_true(db >= 68);
    }
    assert_false(chain_set_rate(&rig.chain, 24000 * 1000));
    chain_lost(&rig.chain, 61000); /* one second of it */
    assert_in_range(rig.chain.counts.lost, 15998, 16002);
}

static void run_adc(struct pulse *p, double hz, uint64_t from_ms, uint64_t to_ms)
{
    for (uint64_t ms = from_ms; ms < to_ms; ms += 5) {
        uint64_t before = (uint64_t)(hz * (double)ms / 1000);
        uint64_t after = (uint64_t)(hz * (double)(ms + 5) / 1000);
        pulse_feed(p, (uint32_t)(after - before), (struct mono){ms + 5});
    }
}

static void a_followed_rate_is_good_once_measured_and_measured_ever_better(void **state)
{
    (void)state;
    struct pulse p;
    pulse_init(&p, 50000, 1, (struct mono){0});
    assert_true(pulse_is_good(&p)); /* one that keeps its rate is believed at first */
    pulse_follow(&p);
    assert_false(pulse_is_good(&p));
    run_adc(&p, 40770.25, 0, 10);
    pulse_feed(&p, 200, (struct mono){10}); /* a frame more than the clock knows of: 1200 ppm */
    run_adc(&p, 40770.25, 10, 3900);
    assert_false(pulse_is_good(&p));
    run_adc(&p, 40770.25, 3900, 5000);
    assert_true(pulse_is_good(&p));
    assert_in_range(p.measured_mhz, 40800000, 40840000);
    run_adc(&p, 40770.25, 5000, 1100 * 1000);
    assert_in_range(p.measured_mhz, 40770250, 40770650); /* within 10 ppm */
    uint32_t last = p.measured_mhz;
    run_adc(&p, 41000, 1100 * 1000, 1200 * 1000); /* no longer measured: it would wrap one day */
    assert_int_equal(p.measured_mhz, last);
}

static void a_rate_too_far_off_is_refused(void **state)
{
    (void)state;
    static const double rates[] = {24000, 101000};
    for (size_t i = 0; i < 2; i++) {
        struct pulse p;
        pulse_init(&p, 50000, 1, (struct mono){0});
        pulse_follow(&p);
        run_adc(&p, rates[i], 0, 5000);
        assert_int_equal(p.state, PULSE_WRONG);
        assert_false(pulse_is_good(&p));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rate_from_half_to_double_is_put_right),
        cmocka_unit_test(rates_beyond_half_and_double_are_refused),
        cmocka_unit_test(what_was_lost_takes_the_time_it_took),
        cmocka_unit_test(the_chain_plays_a_slow_and_a_fast_adc_at_the_right_pitch),
        cmocka_unit_test(a_followed_rate_is_good_once_measured_and_measured_ever_better),
        cmocka_unit_test(a_rate_too_far_off_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
