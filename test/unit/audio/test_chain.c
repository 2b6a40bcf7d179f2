/* Goal: the whole chain reaches its figures with an ideal ADC and with the modelled one, starts
 * without a thump, and counts every loss. */
#include "audio/logic/chain.h"

#include <string.h>

#include "audio/port/host_adc.h"
#include "test/unit/audio/sine.h"
#include "test/unit/unit.h"

enum {
    CHANNEL = 2,
    TAPE = 8192,
    SECONDS = 3,
    SKIPPED = CHAIN_HZ / 2, /* until everything has settled */
    COUNT = CHAIN_HZ * SECONDS,
};

static const double tone_hz = 997;

struct rig {
    _Atomic int16_t memory[TAPE];
    struct tape tape;
    struct chain chain;
    struct host_sound sound;
    struct host_adc adc;
    struct tape_reader reader;
    int16_t out[COUNT];
    size_t count;
    unsigned gaps, clips;
};
static struct rig rig;

static void set_up(const struct host_adc_config *config)
{
    memset(&rig, 0, sizeof rig);
    tape_init(&rig.tape, rig.memory, TAPE);
    chain_init(&rig.chain, &rig.tape, CHANNEL, 0);
    host_sound_tone(&rig.sound, tone_hz);
    host_adc_init(&rig.adc, config, &rig.sound);
    chain_listen(&rig.chain, true);
    tape_open(&rig.reader, &rig.tape, 0);
}

static void collect(void)
{
    struct tape_marks m;
    while (rig.count + 16 <= COUNT &&
           tape_read(&rig.reader, &rig.tape, rig.out + rig.count, 16, &m)) {
        rig.count += 16;
        rig.gaps += m.gap;
        rig.clips += m.clipped;
    }
}

static void play(unsigned ms)
{
    uint32_t words[250];
    for (unsigned i = 0; i < ms / 5; i++) {
        host_adc_fill(&rig.adc, words, 250);
        chain_feed(&rig.chain, words, 250);
        collect();
    }
}

static double sinad(const struct host_adc_config *config, bool calibrated)
{
    set_up(config);
    if (calibrated)
        linear_init(&rig.chain.linear, host_adc_calibrated_mv, &rig.adc);
    play(SECONDS * 1000);
    assert_int_equal(rig.count, COUNT);
    return sine_fit(rig.out + SKIPPED, COUNT - SKIPPED, tone_hz, CHAIN_HZ).sinad_db;
}

static const struct host_adc_config ideal = {
    .rate_hz = CHAIN_ADC_HZ, .bias_mv = 1250, .swing_mv = 992, .channel = CHANNEL};
static const struct host_adc_config chip = {.rate_hz = CHAIN_ADC_HZ,
                                            .bias_mv = 1250,
                                            .swing_mv = 1000,
                                            .channel = CHANNEL,
                                            .noise_lsb = 2,
                                            .curved = true,
                                            .seed = 3};

static void an_ideal_adc_gives_70_db(void **state)
{
    (void)state;
    double db = sinad(&ideal, false);
    print_message("ideal: %.1f dB\n", db);
    assert_true(db >= 70);
}

static void the_table_lifts_the_modelled_chip_from_43_to_58_db(void **state)
{
    (void)state;
    double with = sinad(&chip, true), without = sinad(&chip, false);
    print_message("with the table %.1f dB, without %.1f dB\n", with, without);
    assert_true(with >= 58);
    assert_true(without >= 43);
    assert_true(with > without + 10);
}

static void it_starts_without_a_thump(void **state)
{
    (void)state;
    struct host_adc_config quiet = chip;
    quiet.swing_mv = 0;
    quiet.bias_mv = 1700; /* far from the middle */
    set_up(&quiet);
    play(1000);
    for (size_t i = 0; i < rig.count; i++)
        assert_in_range(rig.out[i] + 327, 0, 654); /* 1 % of full scale */
    double power = 0;
    for (size_t i = SKIPPED; i < rig.count; i++)
        power += (double)rig.out[i] * rig.out[i];
    assert_true(power / (double)(rig.count - SKIPPED) < 100.0 * 100); /* only noise is left */
}

static void who_begins_anew_gets_a_fresh_start(void **state)
{
    (void)state;
    set_up(&chip);
    play(500);
    chain_listen(&rig.chain, false);
    play(500);
    size_t before = rig.count;
    assert_int_equal(before, CHAIN_HZ / 2);
    assert_int_equal(rig.chain.counts.readings, CHAIN_ADC_HZ);
    chain_listen(&rig.chain, true);
    play(500);
    assert_int_equal(rig.gaps, 2); /* each start is one */
    for (size_t i = before; i < before + DCBLOCK_LEARN_SAMPLES; i++)
        assert_int_equal(rig.out[i], 0);
    assert_true(rig.count > before);
}

static void lost_readings_are_silent_time_and_marked(void **state)
{
    (void)state;
    set_up(&chip);
    play(500);
    uint32_t before = tape_end(&rig.tape);
    host_adc_skip(&rig.adc, 2500);
    chain_lost(&rig.chain, 2500);
    assert_int_equal(tape_end(&rig.tape) - before, 800);
    play(500);
    assert_int_equal(rig.gaps, 2);
    assert_int_equal(rig.chain.counts.overruns, 1);
    assert_int_equal(rig.chain.counts.lost, 800);
    /* The sine goes on where it would be: time was not squeezed. */
    size_t part = 4000;
    struct sine_fit all = sine_fit(rig.out + rig.count - part, part, tone_hz, CHAIN_HZ);
    assert_true(all.sinad_db > 40);
}

static void words_of_others_are_counted_and_left_out(void **state)
{
    (void)state;
    set_up(&chip);
    uint32_t words[8] = {0x4123, 0x6123, 0x14123, 0x0, 0xFFFE4FFF, 0xFFFEFFFF, 0x4000, 0x5000};
    chain_feed(&rig.chain, words, 8);
    assert_int_equal(rig.chain.counts.readings, 4); /* channel 2 of ADC1 */
    assert_int_equal(rig.chain.counts.bad_words, 4);
    assert_int_equal(rig.chain.counts.clipped, 3); /* 0xFFF and 0 twice */
}

static void clipping_is_marked(void **state)
{
    (void)state;
    struct host_adc_config loud = chip;
    loud.swing_mv = 2000;
    set_up(&loud);
    play(300);
    assert_true(rig.clips > 10);
    assert_true(rig.chain.counts.clipped > 1000);
}

static void a_microphone_at_16_khz_skips_the_filter(void **state)
{
    (void)state;
    set_up(&chip);
    int16_t samples[1000];
    for (unsigned round = 0; round < 16; round++) {
        for (unsigned i = 0; i < 1000; i++)
            samples[i] =
                (int16_t)lround(10000 * sin(2 * sine_pi * tone_hz * (round * 1000 + i) / CHAIN_HZ));
        chain_feed_pcm(&rig.chain, samples, 1000);
        collect();
    }
    assert_int_equal(rig.count, CHAIN_HZ);
    assert_true(sine_fit(rig.out + SKIPPED, rig.count - SKIPPED, tone_hz, CHAIN_HZ).sinad_db > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ideal_adc_gives_70_db),
        cmocka_unit_test(the_table_lifts_the_modelled_chip_from_43_to_58_db),
        cmocka_unit_test(it_starts_without_a_thump),
        cmocka_unit_test(who_begins_anew_gets_a_fresh_start),
        cmocka_unit_test(lost_readings_are_silent_time_and_marked),
        cmocka_unit_test(words_of_others_are_counted_and_left_out),
        cmocka_unit_test(clipping_is_marked),
        cmocka_unit_test(a_microphone_at_16_khz_skips_the_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
