/* Goal: what the modelled microphone hears is what was asked for, at the time it was asked for. */
#include "audio/port/host_sound.h"

#include <math.h>
#include <stdbool.h>

#include "test/unit/unit.h"

static void pips_come_when_they_are_told_and_last_10_ms(void **state)
{
    (void)state;
    struct host_sound s;
    unsigned loud = 0;
    host_sound_pips(&s, 1000, 0.5, 0.123);
    for (unsigned us = 0; us < 2000000; us += 50) {
        bool within = us >= 123000 && (us - 123000) % 500000 < HOST_SOUND_PIP_MS * 1000;
        double x = host_sound_at(&s, us / 1e6);
        assert_true(within || x == 0);
        loud += fabs(x) > 0.5;
    }
    assert_in_range(loud, 4 * 120, 4 * 140); /* two thirds of a sine */
    host_sound_close(&s);
}

static void a_tone_is_a_sine_from_the_start(void **state)
{
    (void)state;
    struct host_sound s;
    host_sound_tone(&s, 250);
    assert_float_equal(host_sound_at(&s, 0), 0, 1e-9);
    assert_float_equal(host_sound_at(&s, 0.001), 1, 1e-9);
    assert_float_equal(host_sound_at(&s, 3600.003), -1, 1e-6);
    host_sound_close(&s);
}

static void what_is_no_wav_is_refused(void **state)
{
    (void)state;
    struct host_sound s;
    assert_int_equal(host_sound_open(&s, "/dev/null"), ERR_INPUT);
    assert_int_equal(host_sound_open(&s, "/proc/self/no such file"), ERR_IO);
    assert_null(s.samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pips_come_when_they_are_told_and_last_10_ms),
        cmocka_unit_test(a_tone_is_a_sine_from_the_start),
        cmocka_unit_test(what_is_no_wav_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
