/* Goal: recordings are taken where they are accepted and nowhere else, by their bytes, within their
 * own limit, at every split. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/logic/intake.h"
#include "relay/logic/limits.h"
#include "test/unit/sound_samples.h"
#include "test/unit/unit.h"

enum { BODY_MAX = 1024, PHOTO_MAX = 40, SOUND_MAX = 100000 };

static const unsigned char JPEG[] = {0xFF, 0xD8, 0xFF, 0xC0, 0x00, 0x0B, 0x08, 0x00, 0x01, 0x00,
                                     0x01, 0x01, 0x01, 0x11, 0x00, 0xFF, 0xDA, 0x00, 0x08, 0x01,
                                     0x01, 0x00, 0x00, 0x3F, 0x00, 0x12, 0x0D, 0x0A, 0xFF, 0xD9};

static const unsigned ALL =
    MEDIUM_BIT(MEDIUM_JPEG) | MEDIUM_BIT(MEDIUM_WAV) | MEDIUM_BIT(MEDIUM_FLAC);

struct body {
    unsigned char bytes[BODY_MAX];
    size_t len;
};

static void add(struct body *b, const void *data, size_t len)
{
    assert_true(b->len + len <= BODY_MAX);
    memcpy(b->bytes + b->len, data, len);
    b->len += len;
}

static void feed(struct intake *in, const unsigned char *data, size_t len)
{
    char *exact = malloc(len + 1);
    char room[BODY_MAX + INTAKE_SLACK];
    struct buf out;
    memcpy(exact, data, len);
    buf_init(&out, room, sizeof room);
    enum refusal r = intake_feed(in, (struct slice){exact, len}, &out);
    assert_int_equal(r, in->refusal);
    free(exact);
}

static enum refusal take(const char *type, const struct body *b, struct intake_limits limits)
{
    static struct intake in;
    struct intake_request r = {.content_type = slice_of(type)};
    enum refusal first = REFUSAL_COUNT;
    for (size_t cut = 0; cut <= b->len; cut++) {
        enum refusal verdict = intake_begin(&in, &r, &limits);
        if (verdict == REFUSAL_NONE) {
            feed(&in, b->bytes, cut);
            feed(&in, b->bytes + cut, b->len - cut);
            verdict = intake_end(&in);
        }
        if (cut == 0)
            first = verdict;
        assert_int_equal(verdict, first);
    }
    return first;
}

static struct body bare_wav(void)
{
    struct body b = {.len = SOUND_WAV_BYTES};
    sound_samples_wav(b.bytes);
    return b;
}

static struct body form_of(const struct body *file, const char *name)
{
    struct body b = {0};
    char head[200];
    add(&b, head,
        (size_t)snprintf(head, sizeof head,
                         "--b42\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"a\"\r\n"
                         "\r\n",
                         name));
    add(&b, file->bytes, file->len);
    add(&b, "\r\n--b42--\r\n", 11);
    return b;
}

static const char FORM[] = "multipart/form-data; boundary=b42";

static void sound_is_taken_where_it_is_accepted(void **state)
{
    (void)state;
    const struct intake_limits all = {ALL, PHOTO_MAX, SOUND_MAX};
    struct body wav = bare_wav();
    struct body flac = {0};
    add(&flac, SOUND_FLAC, sizeof SOUND_FLAC);
    static const char *const types[] = {"audio/wav",  "audio/x-wav", "application/octet-stream", "",
                                        "audio/flac", "image/jpeg",  "multipart/form-data"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_int_equal(take(types[i], &wav, all), REFUSAL_NONE);
        assert_int_equal(take(types[i], &flac, all), REFUSAL_NONE);
    }
    static const char *const names[] = {"file", "image", "recording"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct body form = form_of(&wav, names[i]);
        assert_int_equal(take(FORM, &form, all), REFUSAL_NONE);
    }
}

static void where_it_is_not_accepted_it_is_refused(void **state)
{
    (void)state;
    const struct intake_limits photos = {MEDIUM_BIT(MEDIUM_JPEG), SOUND_MAX, SOUND_MAX};
    const struct intake_limits wavs = {MEDIUM_BIT(MEDIUM_WAV), SOUND_MAX, SOUND_MAX};
    struct body wav = bare_wav();
    struct body flac = {0};
    struct body jpeg = {0};
    add(&flac, SOUND_FLAC, sizeof SOUND_FLAC);
    add(&jpeg, JPEG, sizeof JPEG);
    static const char *const types[] = {"audio/wav", "application/octet-stream", "image/jpeg", ""};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        assert_int_equal(take(types[i], &wav, photos), REFUSAL_NOT_ACCEPTED);
    assert_int_equal(take("", &flac, wavs), REFUSAL_NOT_ACCEPTED);
    assert_int_equal(take("", &jpeg, wavs), REFUSAL_NOT_ACCEPTED);
    assert_int_equal(take("image/jpeg", &jpeg, wavs), REFUSAL_NOT_ACCEPTED);
    assert_int_equal(take("audio/mpeg", &wav, wavs), REFUSAL_NOT_JPEG);
    assert_int_equal(take("", &wav, wavs), REFUSAL_NONE);
    static const char *const names[] = {"file", "image", "recording"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct body form = form_of(&wav, names[i]);
        assert_int_equal(take(FORM, &form, photos), REFUSAL_NOT_ACCEPTED);
        form = form_of(&jpeg, names[i]);
        assert_int_equal(take(FORM, &form, photos), REFUSAL_NONE);
    }
}

/* A first byte is not enough to say what something is. */
static void what_only_begins_like_sound_is_no_jpeg_at_every_split(void **state)
{
    (void)state;
    static const char *const texts[] = {"Rather a text", "from me to you", "RIFX, not RIFF at all"};
    const struct intake_limits photos = {MEDIUM_BIT(MEDIUM_JPEG), SOUND_MAX, SOUND_MAX};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct body b = {0};
        add(&b, texts[i], strlen(texts[i]));
        assert_int_equal(take("", &b, photos), REFUSAL_NOT_JPEG);
    }
}

static void each_kind_has_a_limit_of_its_own(void **state)
{
    (void)state;
    struct body wav = bare_wav();
    struct body jpeg = {0};
    add(&jpeg, JPEG, sizeof JPEG);
    const struct body wav_form = form_of(&wav, "x"), jpeg_form = form_of(&jpeg, "file");
    struct intake_limits limits = {ALL, sizeof JPEG, SOUND_WAV_BYTES};
    assert_int_equal(take("", &wav, limits), REFUSAL_NONE);
    assert_int_equal(take(FORM, &wav_form, limits), REFUSAL_NONE);
    assert_int_equal(take("", &jpeg, limits), REFUSAL_NONE);
    limits.sound_bytes_max--;
    assert_int_equal(take("", &wav, limits), REFUSAL_SOUND_TOO_LARGE);
    assert_int_equal(take(FORM, &wav_form, limits), REFUSAL_SOUND_TOO_LARGE);
    limits.photo_bytes_max--;
    assert_int_equal(take("", &jpeg, limits), REFUSAL_TOO_LARGE);
    assert_int_equal(take(FORM, &jpeg_form, limits), REFUSAL_TOO_LARGE);
}

static void the_length_is_judged_by_what_may_come(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        uint64_t most;
        enum refusal beyond;
    } rows[] = {
        {"image/jpeg", 1000, REFUSAL_TOO_LARGE},
        {"audio/wav", 5000, REFUSAL_SOUND_TOO_LARGE},
        {"", 5000, REFUSAL_TOO_LARGE},
        {FORM, 5000 + BODY_OVERHEAD_MAX, REFUSAL_TOO_LARGE},
    };
    const struct intake_limits limits = {ALL, 1000, 5000};
    static struct intake in;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct intake_request r = {.content_type = slice_of(rows[i].type), .has_length = true};
        r.length = rows[i].most;
        assert_int_equal(intake_begin(&in, &r, &limits), REFUSAL_NONE);
        r.length++;
        assert_int_equal(intake_begin(&in, &r, &limits), rows[i].beyond);
    }
    const struct intake_limits photos = {MEDIUM_BIT(MEDIUM_JPEG), 1000, 5000};
    struct intake_request r = {.has_length = true, .length = 1001};
    assert_int_equal(intake_begin(&in, &r, &photos), REFUSAL_TOO_LARGE);
}

static void what_is_cut_or_broken_is_refused(void **state)
{
    (void)state;
    const struct intake_limits all = {ALL, SOUND_MAX, SOUND_MAX};
    for (size_t len = 1; len < SOUND_WAV_BYTES; len++) {
        struct body cut = bare_wav();
        cut.len = len;
        assert_int_equal(take("audio/wav", &cut, all), REFUSAL_SOUND_CUT);
    }
    struct body broken = bare_wav();
    memcpy(broken.bytes + 12, "junk", 4); /* no format before the data */
    assert_int_equal(take("audio/wav", &broken, all), REFUSAL_SOUND_DAMAGED);
    const struct intake_limits photos = {MEDIUM_BIT(MEDIUM_JPEG), SOUND_MAX, SOUND_MAX};
    struct body one = bare_wav();
    one.len = 1;
    assert_int_equal(take("", &one, photos), REFUSAL_NOT_ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_is_taken_where_it_is_accepted),
        cmocka_unit_test(where_it_is_not_accepted_it_is_refused),
        cmocka_unit_test(what_only_begins_like_sound_is_no_jpeg_at_every_split),
        cmocka_unit_test(each_kind_has_a_limit_of_its_own),
        cmocka_unit_test(the_length_is_judged_by_what_may_come),
        cmocka_unit_test(what_is_cut_or_broken_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
