/* Goal: the built-in tone is a clean 1000 Hz for as long as it runs. */
#include "audio/logic/tonegen.h"

#include "audio/logic/adcword.h"
#include "test/unit/audio/sine.h"
#include "test/unit/unit.h"

enum { HZ = 50000 };

static void the_tone_stays_a_tone_for_an_hour(void **state)
{
    (void)state;
    static uint32_t words[250];
    static int16_t x[HZ];
    struct tonegen t;
    tonegen_init(&t, 3);
    for (unsigned i = 0; i < 3600u * 200; i++)
        tonegen_fill(&t, words, 250);
    for (unsigned i = 0; i < HZ; i += 250) {
        uint16_t readings[250];
        tonegen_fill(&t, words, 250);
        assert_int_equal(adcword_readings(words, 250, 3, readings), 250);
        for (unsigned k = 0; k < 250; k++)
            x[i + k] = (int16_t)readings[k];
    }
    struct sine_fit f = sine_fit(x, HZ, 1000, HZ);
    assert_in_range((int)lround(f.amplitude), 1022, 1025);
    assert_in_range((int)lround(f.offset), 2047, 2049);
    assert_true(f.sinad_db > 55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_tone_stays_a_tone_for_an_hour)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
