/* Goal: every photo is fresh, exposed and whole; every frame goes back; the lamp is off afterwards,
 * on every path. */
#include <string.h>

#include "camera/logic/shutter.h"
#include "test/fakes/camera/fake_sensor.h"
#include "test/unit/unit.h"

static struct fake_sensor s_sensor;
static struct shutter s_shutter;
static uint8_t s_copy[FAKE_SENSOR_BYTES_MAX];
static struct shutter_photo s_photo;

static int setup(void **state)
{
    (void)state;
    fake_sensor_init(&s_sensor);
    struct shutter_config c = {.quality = 12, .settle_ms_max = 1500};
    shutter_init(&s_shutter, &s_sensor.sensor, &c);
    s_shutter.settled = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(s_sensor.frames_out, 0);
    assert_int_equal(s_sensor.lamp, 0);
    return 0;
}

static enum shutter_result take(void)
{
    enum shutter_result r = shutter_take(&s_shutter, s_copy, sizeof s_copy, &s_photo);
    assert_int_equal(s_sensor.lamp, 0);
    assert_int_equal(s_sensor.frames_out, 0);
    return r;
}

static void stale_frames_are_given_back_until_a_fresh_one_comes(void **state)
{
    (void)state;
    s_sensor.stale_frames = 2;
    s_sensor.stale_us = 60000000;
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_shutter.stale, 2);
    assert_int_equal(s_sensor.grabs, 3);
    assert_int_equal(s_photo.length_bytes, 10000);
    s_sensor.stale_frames = 1;
    s_sensor.stale_us = 1; /* a microsecond too old is too old */
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_shutter.stale, 3);
}

static void a_sensor_that_is_always_stale_fails(void **state)
{
    (void)state;
    s_sensor.stale_frames = 1000;
    s_sensor.stale_us = 5;
    assert_int_equal(take(), SHUTTER_FAILED);
    assert_int_equal(s_shutter.failures, 1);
}

static void exposure_settles_before_the_first_photo_only(void **state)
{
    (void)state;
    s_shutter.settled = false;
    s_sensor.settle_frames = 5;
    s_sensor.settle_step = 1500;
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_photo.length_bytes, 10000);
    assert_true(s_sensor.grabs >= 6);
    unsigned before = s_sensor.grabs;
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_sensor.grabs, before + 1);
}

static void a_scene_that_never_settles_is_taken_all_the_same(void **state)
{
    (void)state;
    s_shutter.settled = false;
    s_sensor.settle_frames = 40;
    s_sensor.settle_step = 1000;
    s_sensor.size_bytes = 1000;
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_true(s_sensor.grabs <= SHUTTER_SETTLE_FRAMES_MAX + 1);
}

static void the_lamp_is_on_settled_and_off_again(void **state)
{
    (void)state;
    s_shutter.config.lamp_percent = 80;
    s_shutter.config.lamp_settle_ms = 250;
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_sensor.lamp_changes, 2);
    assert_true(s_sensor.now_us - s_sensor.lamp_on_us >= 250000);
    s_sensor.fail_grabs = 20; /* and on the failing paths: see teardown */
    assert_int_equal(take(), SHUTTER_FAILED);
    s_sensor.fail_grabs = 0;
    s_sensor.break_frames = 30;
    assert_int_equal(take(), SHUTTER_FAILED);
    s_sensor.break_frames = 0;
    s_shutter.config.dark_below = 200;
    s_sensor.light = 10;
    assert_int_equal(take(), SHUTTER_TOO_DARK);
    s_sensor.end_after = 1;
    assert_int_equal(take(), SHUTTER_ENDED);
}

static void a_broken_jpeg_is_taken_again(void **state)
{
    (void)state;
    s_sensor.break_frames = SHUTTER_TRIES - 1;
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_shutter.broken, SHUTTER_TRIES - 1);
    s_sensor.break_frames = SHUTTER_TRIES;
    assert_int_equal(take(), SHUTTER_FAILED);
}

static void nearly_full_buffers_lower_the_quality_and_say_so(void **state)
{
    (void)state;
    s_sensor.width = 320;
    s_sensor.height = 240; /* buffer 15,360 bytes */
    s_sensor.size_bytes = 13823;
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_shutter.overflows, 0);
    s_sensor.size_bytes = 13824;
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_shutter.overflows, 1);
    assert_int_equal(s_sensor.quality, 14);
    for (int i = 0; i < 50; i++)
        assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_shutter.quality, SHUTTER_QUALITY_WORST);
    shutter_restarted(&s_shutter);
    assert_int_equal(s_shutter.quality, 12);
}

static void a_frame_dropped_by_the_driver_lowers_the_quality(void **state)
{
    (void)state;
    s_sensor.fail_grabs = 1;
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_shutter.overflows, 1);
}

static void too_large_for_the_copy_is_no_photo(void **state)
{
    (void)state;
    assert_int_equal(shutter_take(&s_shutter, s_copy, 9999, &s_photo), SHUTTER_FAILED);
    assert_int_equal(shutter_take(&s_shutter, s_copy, 10000, &s_photo), SHUTTER_TAKEN);
}

static void no_sensor_however_slow_holds_it_up_for_long(void **state)
{
    (void)state;
    s_shutter.config.lamp_percent = 50;
    s_shutter.config.lamp_settle_ms = 5000;
    s_shutter.config.settle_ms_max = 10000;
    static const struct {
        unsigned fail, stale, broken;
    } rows[] = {{1000, 0, 0}, {0, 1000, 0}, {0, 0, 1000}, {0, 3, 0}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s_sensor.period_us = (int64_t)3900 * 1000; /* just before each grab would time out */
        s_shutter.settled = false;
        s_sensor.fail_grabs = rows[i].fail;
        s_sensor.stale_frames = rows[i].stale;
        s_sensor.stale_us = (int64_t)1000 * 1000000;
        s_sensor.stale_wait_us = s_sensor.period_us;
        s_sensor.break_frames = rows[i].broken;
        int64_t begun_us = s_sensor.now_us;
        (void)take();
        int64_t ms = (s_sensor.now_us - begun_us) / 1000;
        assert_true(ms <= SHUTTER_TAKE_MAX_MS + SENSOR_GRAB_MAX_MS);
    }
}

static void a_failed_photo_leaves_nothing_that_hinders_the_next(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        s_sensor.fail_grabs = SHUTTER_TRIES;
        assert_int_equal(take(), SHUTTER_FAILED);
        assert_int_equal(take(), SHUTTER_TAKEN);
    }
}

static void the_dark_gate_has_hysteresis(void **state)
{
    (void)state;
    s_shutter.config.dark_below = 50;
    static const struct {
        int16_t light;
        enum shutter_result want;
    } rows[] = {{60, SHUTTER_TAKEN},    {50, SHUTTER_TAKEN}, {49, SHUTTER_TOO_DARK},
                {57, SHUTTER_TOO_DARK}, {58, SHUTTER_TAKEN}, {-1, SHUTTER_TAKEN},
                {0, SHUTTER_TOO_DARK},  {255, SHUTTER_TAKEN}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s_sensor.light = rows[i].light;
        assert_int_equal(take(), rows[i].want);
    }
    assert_int_equal(s_shutter.failures, 0);
}

static void without_room_for_a_copy_the_frame_is_lent(void **state)
{
    (void)state;
    assert_int_equal(shutter_take(&s_shutter, NULL, 0, &s_photo), SHUTTER_TAKEN);
    assert_true(s_photo.lent);
    assert_int_equal(s_sensor.frames_out, 1);
    s_sensor.sensor.give(s_sensor.sensor.ctx, &s_photo.frame);
    s_sensor.raw = true; /* raw pixels must be encoded, and there is no room for that */
    assert_int_equal(shutter_take(&s_shutter, NULL, 0, &s_photo), SHUTTER_FAILED);
}

static void raw_sensors_go_through_the_encoder(void **state)
{
    (void)state;
    s_sensor.raw = true;
    assert_int_equal(take(), SHUTTER_TAKEN);
    assert_int_equal(s_photo.length_bytes, 10000);
    assert_false(s_photo.lent);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(stale_frames_are_given_back_until_a_fresh_one_comes),
        CASE(a_sensor_that_is_always_stale_fails),
        CASE(exposure_settles_before_the_first_photo_only),
        CASE(a_scene_that_never_settles_is_taken_all_the_same),
        CASE(the_lamp_is_on_settled_and_off_again),
        CASE(a_broken_jpeg_is_taken_again),
        CASE(nearly_full_buffers_lower_the_quality_and_say_so),
        CASE(a_frame_dropped_by_the_driver_lowers_the_quality),
        CASE(too_large_for_the_copy_is_no_photo),
        CASE(no_sensor_however_slow_holds_it_up_for_long),
        CASE(a_failed_photo_leaves_nothing_that_hinders_the_next),
        CASE(the_dark_gate_has_hysteresis),
        CASE(without_room_for_a_copy_the_frame_is_lent),
        CASE(raw_sensors_go_through_the_encoder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
