/* Goal: a small picture of every whole photo, a clear answer for the rest, and a cache that can be
 * damaged or deleted at will. */

#include <dirent.h>
#include <turbojpeg.h>

#include "relay/main/thumbs.h"
#include "relay/port/thumb_turbojpeg.h"
#include "test/unit/relay_main/pages_rig.h"

static struct rig s_rig;

static int open_rig(void **state)
{
    (void)state;
    rig_open(&s_rig);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&s_rig);
    return 0;
}

/* A real JPEG without a library: grey, `width` x `height` multiples of 8, baseline, one component.
 * DC table with one code (0 bits, category 0), AC table with one code (end of block): every block
 * is the two bits 00. */
static size_t grey_jpeg(unsigned width, unsigned height, uint8_t frame, uint8_t *out)
{
    size_t n = 0;
    static const uint8_t head[] = {0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0};
    memcpy(out, head, sizeof head);
    n += sizeof head;
    memset(out + n, 1, 64);
    n += 64;
    const uint8_t rest[] = {0xFF,
                            frame,
                            0,
                            11,
                            8,
                            (uint8_t)(height >> 8),
                            (uint8_t)height,
                            (uint8_t)(width >> 8),
                            (uint8_t)width,
                            1,
                            1,
                            0x11,
                            0,
                            0xFF,
                            0xC4,
                            0,
                            20,
                            0x00,
                            1,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0xFF,
                            0xC4,
                            0,
                            20,
                            0x10,
                            1,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0xFF,
                            0xDA,
                            0,
                            8,
                            1,
                            1,
                            0,
                            0,
                            63,
                            0};
    memcpy(out + n, rest, sizeof rest);
    n += sizeof rest;
    size_t bits = (size_t)(width / 8) * (height / 8) * 2;
    memset(out + n, 0, (bits + 7) / 8);
    n += (bits + 7) / 8;
    if (bits % 8 != 0)
        out[n - 1] = (uint8_t)(0xFF >> (bits % 8));
    out[n++] = 0xFF;
    out[n++] = 0xD9;
    return n;
}

static unsigned files_in_cache(void)
{
    char path[TEMP_FOLDER_MAX + 32];
    snprintf(path, sizeof path, "%s/.camrelay/thumbs", s_rig.folder);
    DIR *folder = opendir(path);
    unsigned n = 0;
    for (struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL;)
        n += e->d_name[0] != '.';
    if (folder != NULL)
        closedir(folder);
    return n;
}

static unsigned width_of(const char *jpeg, size_t len)
{
    for (size_t i = 2; i + 9 < len; i++)
        if ((uint8_t)jpeg[i] == 0xFF && (uint8_t)jpeg[i + 1] == 0xC0)
            return (unsigned)((uint8_t)jpeg[i + 7] << 8 | (uint8_t)jpeg[i + 8]);
    return 0;
}

static void a_photo_is_scaled_once_and_kept(void **state)
{
    (void)state;
    static uint8_t jpeg[100000];
    size_t len = grey_jpeg(1600, 1200, 0xC0, jpeg);
    rig_store(&s_rig, "big.jpg", "", jpeg, len);
    for (int again = 0; again < 3; again++) {
        struct front_exchange *x = rig_ask(&s_rig, "GET", "/thumbs/big.jpg", NULL);
        assert_int_equal(fake_front_wait(x), 200);
        assert_string_equal(fake_front_type(x), "image/jpeg");
        struct slice body = fake_front_body(x);
        assert_int_equal(width_of(body.ptr, body.len), 400); /* 2/8: at least 320 */
        fake_front_end(x);
    }
    assert_int_equal(files_in_cache(), 1);
    assert_true(metrics_value(&s_rig.metrics, METRIC_THUMBS_MADE_TOTAL) == 1);
}

/* Four greys, one in each quarter, and what a camera held that way notes of it. */
static size_t turned_jpeg(unsigned orientation, uint8_t *out)
{
    static const uint8_t greys[4] = {0, 80, 160, 240};
    static const uint8_t head[] = {0xFF, 0xD8, 0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0,    0, 'M',
                                   'M',  0,    42,   0,    0, 0,  8,   0,   1,   1,   0x12, 0, 3,
                                   0,    0,    0,    1,    0, 0,  0,   0,   0,   0,   0,    0};
    static uint8_t pixels[32 * 64];
    for (size_t y = 0; y < 32; y++)
        for (size_t x = 0; x < 64; x++)
            pixels[y * 64 + x] = greys[y / 16 * 2 + x / 32];
    tjhandle handle = tjInitCompress();
    unsigned char *jpeg = NULL;
    unsigned long len = 0;
    assert_int_equal(
        tjCompress2(handle, pixels, 64, 0, 32, TJPF_GRAY, &jpeg, &len, TJSAMP_GRAY, 90, 0), 0);
    memcpy(out, head, sizeof head);
    out[31] = (uint8_t)orientation;
    memcpy(out + sizeof head, jpeg + 2, len - 2);
    tjFree(jpeg);
    tjDestroy(handle);
    return sizeof head + len - 2;
}

/* The quarters of a thumbnail, from top left to bottom right, as letters. */
static void read_quarters(struct slice jpeg, char out[5])
{
    static uint8_t pixels[64 * 64];
    int width = 0, height = 0, subsampling, colours;
    tjhandle handle = tjInitDecompress();
    const unsigned char *bytes = (const unsigned char *)jpeg.ptr;
    assert_int_equal(tjDecompressHeader3(handle, bytes, (unsigned long)jpeg.len, &width, &height,
                                         &subsampling, &colours),
                     0);
    assert_int_equal(width * height, 32 * 64);
    assert_int_equal(tjDecompress2(handle, bytes, (unsigned long)jpeg.len, pixels, width, 0, height,
                                   TJPF_GRAY, 0),
                     0);
    for (int i = 0; i < 4; i++) {
        int x = width / 4 + i % 2 * width / 2, y = height / 4 + i / 2 * height / 2;
        out[i] = (char)('A' + (pixels[y * width + x] + 40) / 80);
    }
    out[4] = '\0';
    tjDestroy(handle);
}

static void a_thumbnail_stands_upright(void **state)
{
    (void)state;
    static const char *const upright[] = {"ABCD", "ABCD", "BADC", "DCBA", "CDAB",
                                          "ACBD", "CADB", "DBCA", "BDAC", "ABCD"};
    for (unsigned o = 0; o <= 9; o++) {
        static uint8_t jpeg[100000];
        char path[32], quarters[5];
        snprintf(path, sizeof path, "/thumbs/%u.jpg", o);
        rig_store(&s_rig, path + 8, "", jpeg, turned_jpeg(o, jpeg));
        struct front_exchange *x = rig_ask(&s_rig, "GET", path, NULL);
        assert_int_equal(fake_front_wait(x), 200);
        read_quarters(fake_front_body(x), quarters);
        assert_string_equal(quarters, upright[o]);
        fake_front_end(x);
    }
}

static void a_damaged_cache_heals(void **state)
{
    (void)state;
    static uint8_t jpeg[100000];
    rig_store(&s_rig, "a.jpg", "", jpeg, grey_jpeg(640, 480, 0xC0, jpeg));
    struct front_exchange *x = rig_ask(&s_rig, "GET", "/thumbs/a.jpg", NULL);
    assert_int_equal(fake_front_wait(x), 200);
    fake_front_end(x);
    char path[TEMP_FOLDER_MAX + 96];
    snprintf(path, sizeof path, "%s/.camrelay/thumbs/01010101010101010101010101010101.jpg",
             s_rig.folder);
    assert_int_equal(truncate(path, 100), 0); /* what a power cut leaves */
    x = rig_ask(&s_rig, "GET", "/thumbs/a.jpg", NULL);
    assert_int_equal(fake_front_wait(x), 200);
    assert_int_equal(width_of(fake_front_body(x).ptr, fake_front_body(x).len), 320);
    fake_front_end(x);
    assert_int_equal(truncate(path, 0), 0);
    x = rig_ask(&s_rig, "GET", "/thumbs/a.jpg", NULL);
    assert_int_equal(fake_front_wait(x), 200);
    fake_front_end(x);
    assert_true(metrics_value(&s_rig.metrics, METRIC_THUMBS_MADE_TOTAL) == 3);
    assert_int_equal(files_in_cache(), 1);
}

static void what_cannot_be_shown_small_is_422(void **state)
{
    (void)state;
    static uint8_t jpeg[20000000];
    static const struct {
        const char *name;
        unsigned width, height;
        uint8_t frame;
        const char *code;
    } rows[] = {
        {"wide.jpg", 65528, 1000, 0xC0, "too_large"},       /* past 64 million pixels */
        {"progressive.jpg", 2008, 2000, 0xC2, "too_large"}, /* past 4 million */
        {"zero.jpg", 0, 100, 0xC0, "damaged"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = grey_jpeg(rows[i].width, rows[i].height, rows[i].frame, jpeg);
        rig_store(&s_rig, rows[i].name, "", jpeg, len);
        char target[64];
        snprintf(target, sizeof target, "/thumbs/%s", rows[i].name);
        struct front_exchange *x = rig_ask(&s_rig, "GET", target, NULL);
        assert_int_equal(fake_front_wait(x), 422);
        assert_non_null(strstr(rig_text(x), rows[i].code));
        fake_front_end(x);
    }
    rig_store(&s_rig, "text.jpg", "", "no picture at all", 17);
    struct front_exchange *x = rig_ask(&s_rig, "GET", "/thumbs/text.jpg", NULL);
    assert_int_equal(fake_front_wait(x), 422);
    fake_front_end(x);
    rig_store(&s_rig, "gone.jpg", "", NULL, 17);
    x = rig_ask(&s_rig, "GET", "/thumbs/gone.jpg", NULL);
    assert_int_equal(fake_front_wait(x), 404);
    fake_front_end(x);
    assert_int_equal(files_in_cache(), 0);
}

/* Every truncation and every flipped byte of a photo ends in a picture or in 422, never worse. */
static void damaged_photos_are_decoded_or_refused(void **state)
{
    (void)state;
    static uint8_t jpeg[4000], out[THUMB_BYTES_MAX];
    size_t len = grey_jpeg(64, 64, 0xC0, jpeg), made = 0;
    for (size_t i = 0; i < 2 * len; i++) {
        size_t cut = i < len ? i : len;
        uint8_t *copy = malloc(cut + 1); /* one more, so that cut 0 is not malloc(0) */
        memcpy(copy, jpeg, cut);
        if (i >= len)
            copy[i - len] ^= 0x5A;
        struct thumb_plan plan = {64, 64, 8, 1};
        size_t n = 0;
        enum err e = thumb_turbojpeg_make(copy, cut, &plan, out, &n);
        assert_true(e == ERR_OK || e == ERR_INPUT || e == ERR_LIMIT);
        if (e == ERR_OK)
            made++;
        free(copy);
    }
    assert_true(made > 0);
}

static struct thumbs *s_thumbs;

static enum err tiny_make(const void *jpeg, size_t len, const struct thumb_plan *plan, void *out,
                          size_t *out_len)
{
    (void)jpeg, (void)len, (void)plan;
    memcpy(out, "\xFF\xD8...\xFF\xD9", 7);
    *out_len = 7;
    return ERR_OK;
}

static void the_cache_is_bounded(void **state)
{
    (void)state;
    static uint8_t jpeg[1000];
    rig_store(&s_rig, "a.jpg", "", jpeg, grey_jpeg(8, 8, 0xC0, jpeg));
    assert_int_equal(thumbs_create(&s_rig.fs, tiny_make, &s_rig.metrics, &s_thumbs), ERR_OK);
    struct photo p = {.name = "a.jpg"};
    for (unsigned i = 0; i < THUMBS_FILES_MAX; i++) {
        memcpy(p.sha256, &i, sizeof i);
        char *out;
        size_t len;
        assert_int_equal(thumbs_get(s_thumbs, &p, &out, &len), ERR_OK);
        free(out);
    }
    assert_int_equal(files_in_cache(), THUMBS_FILES_MAX);
    p.sha256[5] = 1; /* one more */
    char *out;
    size_t len;
    assert_int_equal(thumbs_get(s_thumbs, &p, &out, &len), ERR_OK);
    free(out);
    assert_int_equal(files_in_cache(), THUMBS_FILES_MAX / 2 + 1);
    thumbs_destroy(s_thumbs);
}

#define THUMB_TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        THUMB_TEST(a_photo_is_scaled_once_and_kept),
        THUMB_TEST(a_thumbnail_stands_upright),
        THUMB_TEST(a_damaged_cache_heals),
        THUMB_TEST(what_cannot_be_shown_small_is_422),
        THUMB_TEST(damaged_photos_are_decoded_or_refused),
        THUMB_TEST(the_cache_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
