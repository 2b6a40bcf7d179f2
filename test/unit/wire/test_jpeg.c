/* Goal: a whole JPEG is told from a cut, damaged or foreign one, however it arrives. Method: real
 * files, and small ones put together by hand so that each rule can be broken alone. */
#include "lib/wire/jpeg.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/slice.h"
#include "test/unit/jpeg_samples.h"
#include "test/unit/unit.h"

#define ROWS(table) (sizeof(table) / sizeof(table)[0])
#define T(text) SLICE_INIT(text)
#define SAMPLE(bytes)                                                                              \
    {                                                                                              \
        (const char *)(bytes), sizeof(bytes)                                                       \
    }

#define SOI "\xFF\xD8"
#define APP0 "\xFF\xE0\x00\x04JF"
#define DQT "\xFF\xDB\x00\x03q"
#define FRAME(sof) "\xFF" sof "\x00\x0B\x08\x00\x10\x01\x20\x01\x01\x11\x00" /* 288 x 16 */
#define SCAN "\xFF\xDA\x00\x08\x01\x01\x00\x00\x3F\x00"
#define EOI "\xFF\xD9"
#define START SOI APP0 FRAME("\xC0")
#define SMALL START SCAN "d" EOI

struct sample {
    struct slice file;
    uint16_t width;
    uint16_t height;
};

static const struct sample real[] = {
    {SAMPLE(JPEG_SAMPLE_GRAY), 9, 7},   {SAMPLE(JPEG_SAMPLE_BASE), 24, 16},
    {SAMPLE(JPEG_SAMPLE_PROG), 24, 16}, {SAMPLE(JPEG_SAMPLE_RESTART), 48, 16},
    {SAMPLE(JPEG_SAMPLE_EXIF), 24, 16}, {T(SMALL), 288, 16},
};

/* Feeds a heap copy of exactly these bytes. */
static enum jpeg_verdict feed(struct jpeg *j, struct slice piece)
{
    char *copy = malloc(piece.len == 0 ? 1 : piece.len);
    assert_non_null(copy);
    memcpy(copy, piece.ptr, piece.len);
    enum jpeg_verdict verdict = jpeg_feed(j, copy, piece.len);
    free(copy);
    return verdict;
}

static enum jpeg_verdict judge(struct jpeg *j, struct slice file)
{
    jpeg_init(j);
    return feed(j, file);
}

static void real_files_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(real); i++) {
        struct jpeg j;
        assert_int_equal(judge(&j, real[i].file), JPEG_WHOLE);
        assert_int_equal(j.width, real[i].width);
        assert_int_equal(j.height, real[i].height);
        assert_int_equal(j.bytes, real[i].file.len);
        assert_int_equal(j.trailing, 0);
        assert_null(j.damage);
    }
}

static bool same(const struct jpeg *a, const struct jpeg *b)
{
    return jpeg_verdict(a) == jpeg_verdict(b) && a->width == b->width && a->height == b->height &&
           a->bytes == b->bytes && a->trailing == b->trailing;
}

static void any_split_gives_the_same_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(real); i++) {
        struct slice file = real[i].file;
        struct jpeg whole;
        struct jpeg j;
        (void)judge(&whole, file);
        for (size_t cut = 0; cut <= file.len; cut++) {
            (void)judge(&j, (struct slice){file.ptr, cut});
            (void)feed(&j, (struct slice){file.ptr + cut, file.len - cut});
            assert_true(same(&j, &whole));
        }
        jpeg_init(&j);
        for (size_t at = 0; at < file.len; at++)
            (void)feed(&j, (struct slice){file.ptr + at, 1});
        assert_true(same(&j, &whole));
    }
}

static void a_file_cut_short_is_incomplete(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(real); i++) {
        for (size_t cut = 0; cut < real[i].file.len; cut++) {
            struct jpeg j;
            assert_int_equal(judge(&j, (struct slice){real[i].file.ptr, cut}), JPEG_INCOMPLETE);
            assert_int_equal(j.bytes, cut);
        }
    }
}

static void bytes_behind_the_end_are_counted(void **state)
{
    (void)state;
    struct jpeg j;
    assert_int_equal(judge(&j, SLICE(SMALL "\0\0\0")), JPEG_WHOLE);
    assert_int_equal(j.trailing, 3);
    assert_int_equal(j.bytes, sizeof SMALL - 1);
    assert_int_equal(feed(&j, SLICE(SOI "another picture")), JPEG_WHOLE);
    assert_int_equal(j.trailing, 3 + 17);
    assert_int_equal(j.bytes, sizeof SMALL - 1);
}

static void what_is_lawful_passes(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct slice file;
    } rows[] = {
        {"padding before a marker", T(SOI "\xFF\xFF\xFF\xE0\x00\x02" FRAME("\xC0") SCAN "d" EOI)},
        {"tables between scans", T(SOI APP0 FRAME("\xC2") SCAN "a" DQT SCAN "b" EOI)},
        {"a stuffed FF alone", T(START SCAN "\xFF\x00" EOI)},
        {"restarts", T(START SCAN "a\xFF\xD0"
                                  "b\xFF\xD7"
                                  "c" EOI)},
        {"padding before the end", T(START SCAN "a\xFF\xFF\xFF\xD9")},
        {"padding before stuffing", T(START SCAN "a\xFF\xFF\x00" EOI)},
        {"markers in a comment",
         T(SOI "\xFF\xFE\x00\x06" EOI "\xFF\xDA" FRAME("\xC1") SCAN "d" EOI)},
        {"lossless", T(SOI APP0 FRAME("\xC3") SCAN "d" EOI)},
        {"nothing in APP15", T(SOI "\xFF\xEF\x00\x02" FRAME("\xC0") SCAN "d" EOI)},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct jpeg j;
        if (judge(&j, rows[i].file) != JPEG_WHOLE)
            fail_msg("%s: %s", rows[i].what, j.damage == NULL ? "incomplete" : j.damage);
    }
}

static void what_is_not_lawful_is_damaged(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct slice file;
    } rows[] = {
        {"nothing inside", T(SOI EOI)},
        {"no scan", T(START EOI)},
        {"an empty scan", T(START SCAN EOI)},
        {"scan before frame", T(SOI APP0 "\xFF\xDA")},
        {"two frames", T(START "\xFF\xC0")},
        {"two frames of different kind", T(START "\xFF\xC2")},
        {"segment longer than it says", T(SOI APP0 "x")},
        {"length 1", T(SOI "\xFF\xE0\x00\x01")},
        {"length 0", T(SOI "\xFF\xE0\x00\x00")},
        {"two starts", T(SOI SOI)},
        {"stuffing between segments", T(SOI "\xFF\x00")},
        {"TEM", T(SOI "\xFF\x01")},
        {"restart between segments", T(SOI "\xFF\xD0")},
        {"JPG", T(SOI "\xFF\xC8")},
        {"JPEG-LS", T(SOI "\xFF\xF7")},
        {"another file inside", T(START SCAN "a" SOI)},
        {"reserved marker in the data", T(START SCAN "a\xFF\x01")},
        {"frame in the data", T(START SCAN "a\xFF\xC0")},
        {"frame without components", T(SOI "\xFF\xC0\x00\x08\x08\x00\x10\x00\x10\x00")},
        {"width 0", T(SOI "\xFF\xC0\x00\x0B\x08\x00\x10\x00\x00\x01\x01\x11\x00")},
        {"frame too short for two", T(SOI "\xFF\xC0\x00\x0B\x08\x00\x10\x00\x10\x02\x01\x11\x00")},
        {"frame too long for one",
         T(SOI "\xFF\xC0\x00\x0C\x08\x00\x10\x00\x10\x01\x01\x11\x00\x00")},
        {"empty frame", T(SOI "\xFF\xC0\x00\x02")},
        {"scan without components", T(START "\xFF\xDA\x00\x06\x00\x00\x3F\x00")},
        {"scan too short for two", T(START "\xFF\xDA\x00\x08\x02\x01\x00\x00\x3F\x00")},
        {"empty scan header", T(START "\xFF\xDA\x00\x02")},
        {"scan of five", T(START "\xFF\xDA\x00\x10\x05"
                                 "0123456789abc")},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct jpeg j;
        if (judge(&j, rows[i].file) != JPEG_DAMAGED || j.damage == NULL)
            fail_msg("%s", rows[i].what);
        assert_int_equal(feed(&j, SLICE(SMALL)), JPEG_DAMAGED);
        assert_int_equal(judge(&j, (struct slice){rows[i].file.ptr, rows[i].file.len - 1}),
                         JPEG_INCOMPLETE);
    }
}

static void what_is_no_jpeg_is_alien(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        T("\x89PNG"),  T("GIF8"),      T(EOI),        T(SOI "\0"),
        T("\xD8\xFF"), T("--sep\r\n"), T("\xFF\xFF"), T("\0"),
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct jpeg j;
        if (judge(&j, rows[i]) != JPEG_ALIEN)
            fail_msg("row %zu", i);
        assert_int_equal(feed(&j, SLICE(SMALL)), JPEG_ALIEN);
        assert_int_equal(j.trailing, 0);
    }
}

static void nothing_is_incomplete(void **state)
{
    (void)state;
    struct jpeg j;
    jpeg_init(&j);
    assert_int_equal(jpeg_verdict(&j), JPEG_INCOMPLETE);
    assert_int_equal(jpeg_feed(&j, NULL, 0), JPEG_INCOMPLETE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_files_are_whole),
        cmocka_unit_test(any_split_gives_the_same_answer),
        cmocka_unit_test(a_file_cut_short_is_incomplete),
        cmocka_unit_test(bytes_behind_the_end_are_counted),
        cmocka_unit_test(what_is_lawful_passes),
        cmocka_unit_test(what_is_not_lawful_is_damaged),
        cmocka_unit_test(what_is_no_jpeg_is_alien),
        cmocka_unit_test(nothing_is_incomplete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
