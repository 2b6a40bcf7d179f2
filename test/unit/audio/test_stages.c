/* Goal: each small stage keeps its promise at its limits. */
#include <stdlib.h>
#include <string.h>

#include "audio/logic/adcword.h"
#include "audio/logic/dcblock.h"
#include "audio/logic/linear.h"
#include "audio/logic/loudness.h"
#include "audio/logic/order.h"
#include "audio/logic/pulse.h"
#include "test/unit/audio/sine.h"
#include "test/unit/unit.h"

enum { HZ = 16000 };

static void the_divider_gives_what_the_chip_gives(void **state)
{
    (void)state;
    static const struct {
        uint32_t asked, mhz;
    } rows[] = {{8000, 8012820},   {16000, 16025641}, {20000, 20000000},
                {22050, 22123893}, {44100, 44642857}, {48000, 48076923},
                {50000, 50000000}, {83333, 83333333}, {611, 611097}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t num, den;
        assert_int_equal(adcword_actual_rate(rows[i].asked, &num, &den), ERR_OK);
        assert_int_equal((uint64_t)num * 1000 / den, rows[i].mhz);
    }
    uint32_t num = 7, den = 7;
    static const uint32_t wrong[] = {0, 1, 610, 83334, UINT32_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(adcword_actual_rate(wrong[i], &num, &den), ERR_INPUT);
    assert_int_equal(num, 7);
}

static int crooked_mv(void *ctx, int reading)
{
    (void)ctx;
    return (int)(2500.0 * pow(reading / 4095.0, 1.1));
}

static int constant_mv(void *ctx, int reading)
{
    (void)reading;
    return *(int *)ctx;
}

static void the_table_is_straight_where_the_adc_is_not(void **state)
{
    (void)state;
    struct linear l;
    linear_init(&l, crooked_mv, NULL);
    for (int reading = 200; reading < 3900; reading++) {
        double right = 2500.0 * pow(reading / 4095.0, 1.1) / 2500 * 65520 - 32768;
        double off = linear_sample(&l, (uint16_t)reading) - right;
        if (fabs(off) > 30) /* 1/16 of a reading is 1: two readings at most */
            fail_msg("%d: %.1f", reading, off);
    }
}

static void an_impossible_calibration_leaves_the_plain_table(void **state)
{
    (void)state;
    struct linear plain, l;
    linear_init_plain(&plain);
    static int answers[] = {0, 1000, -5, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        linear_init(&l, constant_mv, &answers[i]);
        assert_memory_equal(&l, &plain, sizeof l);
    }
    assert_int_equal(linear_sample(&plain, 0), -32768);
    assert_int_equal(linear_sample(&plain, 2048), 0);
    assert_int_equal(linear_sample(&plain, 4095), 32751);
}

static void a_step_of_the_bias_is_gone_within_50_ms(void **state)
{
    (void)state;
    static int16_t x[HZ];
    struct dcblock d = {0};
    for (unsigned i = 0; i < HZ; i++)
        x[i] = i < HZ / 2 ? -30000 : 30000;
    dcblock_run(&d, x, HZ);
    for (unsigned i = 0; i < HZ / 2; i++)
        assert_int_equal(x[i], 0);
    assert_int_equal(x[HZ / 2], INT16_MAX); /* 60000 does not fit, and does not wrap */
    for (unsigned i = HZ / 2 + HZ / 20; i < HZ; i++)
        assert_in_range(x[i] + 327, 0, 654);
    for (unsigned i = HZ - 100; i < HZ; i++)
        assert_in_range(x[i] + 1, 0, 2); /* 60 dB down and more */
}

static void no_input_makes_the_high_pass_overflow(void **state)
{
    (void)state;
    struct dcblock d = {0};
    int16_t x[64];
    for (unsigned round = 0; round < 20000; round++) { /* UBSan watches */
        for (unsigned i = 0; i < 64; i++)
            x[i] = (round / 7 + i / 32) % 2 ? INT16_MAX : INT16_MIN;
        dcblock_run(&d, x, 64);
    }
}

static void the_high_pass_begins_at_20_hz(void **state)
{
    (void)state;
    static int16_t x[4 * HZ];
    static const struct {
        double hz, low_db, high_db;
    } rows[] = {{20, -3.5, -2.5}, {100, -0.3, 0}, {1000, -0.05, 0.05}, {2, -25, -18}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct dcblock d = {0};
        for (unsigned i = 0; i < 4 * HZ; i++)
            x[i] = (int16_t)lround(10000 * sin(2 * sine_pi * rows[r].hz * i / HZ));
        dcblock_run(&d, x, 4 * HZ);
        double db = 20 * log10(sine_fit(x + HZ, 3 * HZ, rows[r].hz, HZ).amplitude / 10000);
        if (db < rows[r].low_db || db > rows[r].high_db)
            fail_msg("%.0f Hz: %.2f dB", rows[r].hz, db);
    }
}

static void gain_is_what_it_says_and_never_wraps(void **state)
{
    (void)state;
    for (int db = LOUDNESS_DB_MIN; db <= LOUDNESS_DB_MAX; db++) {
        struct loudness l;
        loudness_init(&l, db);
        int16_t x = (int16_t)lround(20000 / pow(10, (db > 0 ? db : 0) / 20.0));
        double wanted = x * pow(10, db / 20.0);
        loudness_run(&l, &x, 1);
        if (fabs(x / wanted - 1) > 0.01 + 1 / wanted)
            fail_msg("%d dB: %d instead of %.0f", db, x, wanted);
    }
    struct loudness l;
    static int16_t x[HZ];
    loudness_init(&l, LOUDNESS_DB_MAX + 1);
    for (unsigned i = 0; i < HZ; i++)
        x[i] = i % 100 < 50 ? INT16_MIN : INT16_MAX;
    loudness_run(&l, x, HZ);
    for (unsigned i = 0; i < HZ; i++) {
        assert_true((x[i] < 0) == (i % 100 < 50));
        assert_in_range(abs(x[i]), 30000, 30936);
    }
}

static void the_limiter_comes_back(void **state)
{
    (void)state;
    struct loudness l;
    loudness_init(&l, 20);
    int16_t loud = 30000, quiet[8000];
    loudness_run(&l, &loud, 1);
    assert_in_range(loud, 30900, 30936);
    for (unsigned i = 0; i < 8000; i++)
        quiet[i] = 1000;
    loudness_run(&l, quiet, 8000);
    assert_true(quiet[0] < 1100);
    assert_in_range(quiet[7999], 9950, 10050);
}

static struct mono at(uint64_t ms)
{
    return (struct mono){ms};
}

static void run_adc(struct pulse *p, double hz, uint64_t from_ms, uint64_t to_ms)
{
    uint64_t done = 0;
    for (uint64_t ms = from_ms; ms <= to_ms; ms += 5) {
        uint64_t due = (uint64_t)(hz * (double)(ms - from_ms) / 1000);
        pulse_feed(p, (uint32_t)(due - done), at(ms));
        done = due;
    }
}

static void the_rate_is_right_within_two_thousandths(void **state)
{
    (void)state;
    static const struct {
        double hz;
        enum pulse_state expected;
    } rows[] = {{50000, PULSE_RIGHT}, {50090, PULSE_RIGHT},  {49910, PULSE_RIGHT},
                {50120, PULSE_WRONG}, {49880, PULSE_WRONG},  {41000, PULSE_WRONG},
                {16000, PULSE_WRONG}, {100000, PULSE_WRONG}, {0, PULSE_WRONG}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pulse p;
        pulse_init(&p, 50000, 1, at(100));
        run_adc(&p, rows[i].hz, 100, 3000);
        assert_int_equal(p.state, PULSE_MEASURING);
        pulse_init(&p, 50000, 1, at(100));
        run_adc(&p, rows[i].hz, 100, 100 + PULSE_GIVE_UP_MS);
        if (p.state != rows[i].expected)
            fail_msg("%.0f Hz: measured %u", rows[i].hz, p.measured_mhz);
    }
}

static void a_late_system_is_measured_longer(void **state)
{
    (void)state;
    struct pulse p;
    pulse_init(&p, 50000, 1, at(0));
    pulse_feed(&p, 256, at(60)); /* the first frame came 60 ms late */
    pulse_feed(&p, 50000 * 4 + 600, at(4060));
    assert_int_equal(p.state, PULSE_MEASURING);
    pulse_feed(&p, 50000 * 6, at(10060));
    assert_int_equal(p.state, PULSE_RIGHT);
}

static void silence_is_noticed_after_100_ms(void **state)
{
    (void)state;
    struct pulse p;
    pulse_init(&p, 50000, 1, at(1000));
    assert_false(pulse_is_silent(&p, at(1099)));
    assert_true(pulse_is_silent(&p, at(1100)));
    pulse_feed(&p, 256, at(1100));
    assert_false(pulse_is_silent(&p, at(1199)));
    assert_true(pulse_is_silent(&p, at(1200)));
    pulse_restarted(&p, at(1200));
    assert_int_equal(p.restarts, 1);
    assert_false(pulse_is_silent(&p, at(1299)));
}

static const struct {
    const char *text;
    enum err e;
    int db;
} orders[] = {
    {"{\"op\":\"gain\",\"db\":6}", ERR_OK, 6},
    {" { \"db\" : -20 , \"op\" : \"gain\" } \r\n", ERR_OK, -20},
    {"{\"op\":\"gain\",\"db\":40}", ERR_OK, 40},
    {"{\"op\":\"gain\",\"db\":41}", ERR_LIMIT, 0},
    {"{\"op\":\"gain\",\"db\":-21}", ERR_LIMIT, 0},
    {"{\"op\":\"gain\",\"db\":999999999}", ERR_LIMIT, 0},
    {"{\"op\":\"gain\",\"db\":9999999999}", ERR_INPUT, 0},
    {"{\"op\":\"gain\"}", ERR_INPUT, 0},
    {"{\"db\":6}", ERR_INPUT, 0},
    {"{\"op\":\"stop\",\"db\":6}", ERR_INPUT, 0},
    {"{\"op\":\"gain\",\"db\":6,\"db\":6}", ERR_INPUT, 0},
    {"{\"op\":\"gain\",\"op\":\"gain\",\"db\":6}", ERR_INPUT, 0},
    {"{\"op\":\"gain\",\"db\":6} x", ERR_INPUT, 0},
    {"{\"op\":\"gain\",\"db\":6,}", ERR_INPUT, 0},
    {"{\"op\":\"ga\\u0069n\",\"db\":6}", ERR_INPUT, 0},
    {"{\"op\":\"gain\",\"db\":-}", ERR_INPUT, 0},
    {"{\"op\":\"gain\",\"db\":\"6\"}", ERR_INPUT, 0},
    {"{}", ERR_INPUT, 0},
    {"[]", ERR_INPUT, 0},
    {"", ERR_INPUT, 0},
};

static void orders_are_read_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        size_t len = strlen(orders[i].text);
        for (size_t cut = 0; cut <= len; cut++) { /* every truncation, from memory of that size */
            char *heap = malloc(cut > 0 ? cut : 1);
            memcpy(heap, orders[i].text, cut);
            struct order o = {99};
            enum err e = order_read((struct slice){heap, cut}, &o);
            if (cut == len && e != orders[i].e)
                fail_msg("%s", orders[i].text);
            if (e != ERR_OK)
                assert_int_equal(o.gain_db, 99);
            else if (cut == len)
                assert_int_equal(o.gain_db, orders[i].db);
            free(heap);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_divider_gives_what_the_chip_gives),
        cmocka_unit_test(the_table_is_straight_where_the_adc_is_not),
        cmocka_unit_test(an_impossible_calibration_leaves_the_plain_table),
        cmocka_unit_test(a_step_of_the_bias_is_gone_within_50_ms),
        cmocka_unit_test(no_input_makes_the_high_pass_overflow),
        cmocka_unit_test(the_high_pass_begins_at_20_hz),
        cmocka_unit_test(gain_is_what_it_says_and_never_wraps),
        cmocka_unit_test(the_limiter_comes_back),
        cmocka_unit_test(the_rate_is_right_within_two_thousandths),
        cmocka_unit_test(a_late_system_is_measured_longer),
        cmocka_unit_test(silence_is_noticed_after_100_ms),
        cmocka_unit_test(orders_are_read_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
