/* Goal: a drawn picture is a whole JPEG of the size asked for, different for every number. */
#include <string.h>

#include "lib/wire/jpeg.h"
#include "lib/wire/testcard.h"
#include "test/unit/unit.h"

static uint8_t s_out[2 * 1024 * 1024];

static void every_texture_gives_a_whole_jpeg(void **state)
{
    (void)state;
    uint32_t plain = 0;
    for (uint8_t texture = 0; texture <= TESTCARD_TEXTURE_MAX; texture++) {
        struct testcard t = {.width = 640, .height = 480, .counter = 42, .texture = texture};
        uint32_t len = 0;
        assert_int_equal(testcard_draw(&t, s_out, sizeof s_out, &len), ERR_OK);
        struct jpeg j;
        jpeg_init(&j);
        assert_int_equal(jpeg_feed(&j, s_out, len), JPEG_WHOLE);
        assert_int_equal(j.width, 640);
        assert_int_equal(j.height, 480);
        assert_int_equal(j.trailing, 0);
        plain = texture == 0 ? len : plain;
        assert_true(texture < 5 || len > 2 * plain);
    }
}

static void sides_are_held_to_their_limits(void **state)
{
    (void)state;
    static const uint16_t bad[][2] = {{152, 480}, {641, 480}, {640, 100}, {4104, 480}, {0, 0}};
    uint32_t len = 0;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct testcard t = {.width = bad[i][0], .height = bad[i][1]};
        assert_int_equal(testcard_draw(&t, s_out, sizeof s_out, &len), ERR_INPUT);
    }
}

static void a_buffer_too_small_is_a_limit_at_every_length(void **state)
{
    (void)state;
    struct testcard t = {.width = 160, .height = 160, .counter = 7};
    uint32_t whole = 0, len = 0;
    assert_int_equal(testcard_draw(&t, s_out, sizeof s_out, &whole), ERR_OK);
    for (uint32_t cap = 0; cap < whole; cap++) {
        s_out[cap] = 0xA5;
        assert_int_equal(testcard_draw(&t, s_out, cap, &len), ERR_LIMIT);
        assert_int_equal(s_out[cap], 0xA5);
    }
    assert_int_equal(testcard_draw(&t, s_out, whole, &len), ERR_OK);
}

static void numbers_and_times_show(void **state)
{
    (void)state;
    static uint8_t other[64 * 1024];
    struct testcard t = {.width = 320, .height = 240, .counter = 1};
    uint32_t a = 0, b = 0;
    assert_int_equal(testcard_draw(&t, s_out, sizeof s_out, &a), ERR_OK);
    t.counter = 31; /* the bar stands where it stood before: only the text differs */
    assert_int_equal(testcard_draw(&t, other, sizeof other, &b), ERR_OK);
    assert_true(a != b || memcmp(s_out, other, a) != 0);
    t.wall.ms = 1800000000000;
    assert_int_equal(testcard_draw(&t, s_out, sizeof s_out, &a), ERR_OK);
    assert_true(a != b || memcmp(s_out, other, a) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_texture_gives_a_whole_jpeg),
        cmocka_unit_test(sides_are_held_to_their_limits),
        cmocka_unit_test(a_buffer_too_small_is_a_limit_at_every_length),
        cmocka_unit_test(numbers_and_times_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
