/* Goal: what a file is follows from its bytes while it arrives and from its name afterwards. */
#include <string.h>

#include "relay/logic/medium.h"
#include "test/unit/sound_samples.h"
#include "test/unit/unit.h"

static void names_say_what_a_file_is(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int medium; /* -1: none */
    } rows[] = {
        {"a.jpg", MEDIUM_JPEG},
        {"a.JPEG", MEDIUM_JPEG},
        {"a.wav", MEDIUM_WAV},
        {"a.FlaC", MEDIUM_FLAC},
        {"a.b.wav", MEDIUM_WAV},
        {".wav", -1},
        {"wav", -1},
        {"a.wave", -1},
        {"", -1},
        {"a.mp3", -1},
        {"awav", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum medium m = MEDIUM_FLAC;
        bool found = medium_of_name(slice_of(rows[i].name), &m);
        assert_int_equal(found ? (int)m : -1, rows[i].medium);
    }
}

static void the_setting_is_a_list_of_types(void **state)
{
    (void)state;
    unsigned mask = 0;
    char text[200];
    struct buf why;
    buf_init(&why, text, sizeof text);
    assert_int_equal(medium_read_list(SLICE("image/jpeg"), &mask, &why), ERR_OK);
    assert_int_equal(mask, MEDIUM_BIT(MEDIUM_JPEG));
    assert_int_equal(medium_read_list(SLICE(" audio/x-wav , AUDIO/flac"), &mask, &why), ERR_OK);
    assert_int_equal(mask, MEDIUM_BIT(MEDIUM_WAV) | MEDIUM_BIT(MEDIUM_FLAC));
    static const char *const wrong[] = {"", ",", "audio/mp3", "image/jpeg, ,audio/wav", "wav"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        buf_clear(&why);
        assert_int_equal(medium_read_list(slice_of(wrong[i]), &mask, &why), ERR_INPUT);
        assert_true(why.len > 0);
    }
}

static void bytes_say_what_a_stream_is(void **state)
{
    (void)state;
    unsigned char wav[SOUND_WAV_BYTES];
    sound_samples_wav(wav);
    struct medium_probe p = {0};
    assert_int_equal(medium_verdict(&p), MEDIUM_INCOMPLETE);
    assert_int_equal(medium_feed(&p, wav, 11), MEDIUM_INCOMPLETE);
    assert_false(medium_is_sure(&p)); /* RIFF holds more than sound */
    assert_int_equal(medium_feed(&p, wav + 11, sizeof wav - 11), MEDIUM_WHOLE);
    assert_true(medium_is_sure(&p) && p.medium == MEDIUM_WAV);

    p = (struct medium_probe){0};
    assert_int_equal(medium_feed(&p, SOUND_FLAC, 3), MEDIUM_INCOMPLETE);
    assert_false(medium_is_sure(&p));
    assert_int_equal(medium_feed(&p, SOUND_FLAC + 3, sizeof SOUND_FLAC - 3), MEDIUM_WHOLE);
    assert_true(medium_is_sure(&p) && p.medium == MEDIUM_FLAC);

    p = (struct medium_probe){0};
    assert_int_equal(medium_feed(&p, "\xFF\xD8", 2), MEDIUM_INCOMPLETE);
    assert_false(medium_is_sure(&p));
    assert_int_equal(medium_feed(&p, "\xFF", 1), MEDIUM_INCOMPLETE);
    assert_true(medium_is_sure(&p) && p.medium == MEDIUM_JPEG);

    p = (struct medium_probe){0};
    assert_int_equal(medium_feed(&p, "GIF", 3), MEDIUM_ALIEN);
    assert_int_equal(medium_feed(&p, wav, sizeof wav), MEDIUM_ALIEN);
    assert_false(medium_is_sure(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_say_what_a_file_is),
        cmocka_unit_test(the_setting_is_a_list_of_types),
        cmocka_unit_test(bytes_say_what_a_stream_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
