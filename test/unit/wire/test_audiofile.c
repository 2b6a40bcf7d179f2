/* Goal: whole WAV and FLAC files are told from cut and from alien ones, however they arrive.
 * Method: every truncation, every split, and every single byte of the heads made wrong, from memory
 * that ends exactly where the piece ends. */
#include <stdlib.h>
#include <string.h>

#include "lib/wire/audiofile.h"
#include "test/unit/sound_samples.h"
#include "test/unit/unit.h"

static void feed(struct audiofile *a, const unsigned char *bytes, size_t len)
{
    unsigned char *exact = malloc(len + 1); /* +1: malloc(0) may be NULL */
    memcpy(exact + 1, bytes, len);
    enum audiofile_verdict verdict = audiofile_feed(a, exact + 1, len);
    assert_int_equal(verdict, audiofile_verdict(a));
    free(exact);
}

static enum audiofile_verdict judge(enum audiofile_kind kind, const unsigned char *bytes,
                                    size_t len)
{
    struct audiofile a;
    audiofile_init(&a, kind);
    feed(&a, bytes, len);
    enum audiofile_verdict whole = audiofile_verdict(&a);
    for (size_t cut = 0; cut <= len; cut++) {
        audiofile_init(&a, kind);
        feed(&a, bytes, cut);
        feed(&a, bytes + cut, len - cut);
        assert_int_equal(audiofile_verdict(&a), whole);
    }
    return whole;
}

static void a_whole_file_is_whole_and_every_truncation_is_not(void **state)
{
    (void)state;
    unsigned char wav[SOUND_WAV_BYTES];
    sound_samples_wav(wav);
    assert_int_equal(judge(AUDIOFILE_WAV, wav, sizeof wav), AUDIOFILE_WHOLE);
    for (size_t len = 0; len < sizeof wav; len++)
        assert_int_equal(judge(AUDIOFILE_WAV, wav, len), AUDIOFILE_INCOMPLETE);
    assert_int_equal(judge(AUDIOFILE_FLAC, SOUND_FLAC, sizeof SOUND_FLAC), AUDIOFILE_WHOLE);
    for (size_t len = 0; len < sizeof SOUND_FLAC - 1; len++)
        assert_int_equal(judge(AUDIOFILE_FLAC, SOUND_FLAC, len), AUDIOFILE_INCOMPLETE);
}

static void another_kind_is_alien_from_its_first_wrong_byte(void **state)
{
    (void)state;
    const unsigned char *text = (const unsigned char *)"RIFX";
    assert_int_equal(judge(AUDIOFILE_WAV, text, 4), AUDIOFILE_ALIEN);
    assert_int_equal(judge(AUDIOFILE_WAV, text, 3), AUDIOFILE_INCOMPLETE);
    assert_int_equal(judge(AUDIOFILE_FLAC, text, 1), AUDIOFILE_ALIEN);
    unsigned char avi[12] = "RIFF\4\0\0\0AVI";
    avi[11] = ' ';
    assert_int_equal(judge(AUDIOFILE_WAV, avi, sizeof avi), AUDIOFILE_ALIEN);
}

static void other_chunks_are_passed_over_and_padded(void **state)
{
    (void)state;
    unsigned char wav[SOUND_WAV_BYTES], longer[SOUND_WAV_BYTES + 12];
    sound_samples_wav(wav);
    memcpy(longer, wav, 12);
    memcpy(longer + 12, "note\3\0\0\0abc", 12); /* three bytes, and one of padding */
    memcpy(longer + 24, wav + 12, sizeof wav - 12);
    assert_int_equal(judge(AUDIOFILE_WAV, longer, sizeof longer), AUDIOFILE_WHOLE);
    assert_int_equal(judge(AUDIOFILE_WAV, longer, sizeof longer - 1), AUDIOFILE_INCOMPLETE);
}

static void a_length_nobody_knew_ends_anywhere(void **state)
{
    (void)state;
    static const uint32_t unknown[] = {0, WAV_ENDLESS_2G, WAV_ENDLESS};
    unsigned char wav[SOUND_WAV_BYTES];
    for (size_t i = 0; i < 3; i++) {
        sound_samples_wav(wav);
        wav_write_head(wav, 16000, unknown[i]);
        assert_int_equal(judge(AUDIOFILE_WAV, wav, sizeof wav - 3), AUDIOFILE_WHOLE);
    }
    wav_write_head(wav, 16000, WAV_ENDLESS_2G - 1);
    assert_int_equal(judge(AUDIOFILE_WAV, wav, sizeof wav), AUDIOFILE_INCOMPLETE);
}

static void what_is_not_well_formed_is_damaged(void **state)
{
    (void)state;
    unsigned char wav[SOUND_WAV_BYTES];
    sound_samples_wav(wav);
    wav[12] = 'x'; /* no "fmt " before the data */
    assert_int_equal(judge(AUDIOFILE_WAV, wav, sizeof wav), AUDIOFILE_DAMAGED);
    sound_samples_wav(wav);
    wav[16] = 15; /* too short for a format */
    assert_int_equal(judge(AUDIOFILE_WAV, wav, sizeof wav), AUDIOFILE_DAMAGED);
    sound_samples_wav(wav);
    memcpy(wav + 36, "fmt ", 4);
    assert_int_equal(judge(AUDIOFILE_WAV, wav, sizeof wav), AUDIOFILE_DAMAGED);

    static const struct {
        size_t at;
        unsigned char value;
    } wrong[] = {{4, 0x81}, {7, 0x21}, {7, 0x23}, {18, 0}, {42, 0xFE}, {43, 0xFA}, {43, 0xF0}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        unsigned char flac[sizeof SOUND_FLAC];
        memcpy(flac, SOUND_FLAC, sizeof flac);
        flac[wrong[i].at] = wrong[i].value;
        if (wrong[i].at == 18)
            flac[19] = flac[20] = 0; /* a rate of 0 */
        assert_int_equal(judge(AUDIOFILE_FLAC, flac, sizeof flac), AUDIOFILE_DAMAGED);
    }
}

static void more_metadata_of_flac_is_passed_over(void **state)
{
    (void)state;
    unsigned char flac[sizeof SOUND_FLAC + 7];
    memcpy(flac, SOUND_FLAC, 42);
    flac[4] = 0x00;
    memcpy(flac + 42, "\x84\0\0\3abc", 7); /* a comment of three bytes, the last block */
    memcpy(flac + 49, SOUND_FLAC + 42, 3);
    assert_int_equal(judge(AUDIOFILE_FLAC, flac, sizeof flac), AUDIOFILE_WHOLE);
    flac[42] = 0xFF;
    assert_int_equal(judge(AUDIOFILE_FLAC, flac, sizeof flac), AUDIOFILE_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_whole_and_every_truncation_is_not),
        cmocka_unit_test(another_kind_is_alien_from_its_first_wrong_byte),
        cmocka_unit_test(other_chunks_are_passed_over_and_padded),
        cmocka_unit_test(a_length_nobody_knew_ends_anywhere),
        cmocka_unit_test(what_is_not_well_formed_is_damaged),
        cmocka_unit_test(more_metadata_of_flac_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
