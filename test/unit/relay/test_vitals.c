/* Goal: what cameras say of themselves is kept within bounds, and nothing odd gets in. */
#include <stdio.h>
#include <string.h>

#include "relay/logic/vitals.h"
#include "test/unit/unit.h"

static struct vitals s_vitals;

static int setup(void **state)
{
    (void)state;
    memset(&s_vitals, 0, sizeof s_vitals);
    return 0;
}

static bool put(const char *camera, const char *name, const char *value, int64_t at)
{
    struct vitals_camera report = {0};
    if (name != NULL)
        vitals_add(&report, slice_of(name), slice_of(value));
    return vitals_put(&s_vitals, slice_of(camera), (struct wall){at}, &report);
}

static void the_last_report_is_kept(void **state)
{
    (void)state;
    assert_true(put(" door ", "X-Camera-Rssi", "-60", 1));
    assert_true(put("door", "x-camera-RESET-Reason", " brownout ", 2));
    assert_true(put("door", NULL, NULL, 3)); /* says nothing of itself: the last report stays */
    const struct vitals_camera *found = vitals_find(&s_vitals, "door");
    assert_non_null(found);
    assert_int_equal(found->count, 1);
    assert_string_equal(found->fields[0].name, "reset-reason");
    assert_string_equal(found->fields[0].value, "brownout");
    assert_true(found->at.ms == 2);
    assert_null(vitals_find(&s_vitals, "other"));
    assert_null(vitals_find(&s_vitals, ""));
}

static void only_fit_fields_get_in(void **state)
{
    (void)state;
    char value[VITALS_VALUE_MAX];
    memset(value, 'v', sizeof value);
    struct vitals_camera c = {0};
    vitals_add(&c, SLICE("X-Camera-Id"), SLICE("c"));
    vitals_add(&c, SLICE("X-Camera-SEQ"), SLICE("1"));
    vitals_add(&c, SLICE("X-Camera-Boot"), SLICE("1"));
    vitals_add(&c, SLICE("X-Camera-"), SLICE("1"));
    vitals_add(&c, SLICE("Content-Length"), SLICE("1"));
    vitals_add(&c, SLICE("X-Camera-A"), SLICE("tab\tinside"));
    vitals_add(&c, SLICE("X-Camera-A"), SLICE("\xff"));
    vitals_add(&c, SLICE("X-Camera-A"), (struct slice){value, sizeof value});
    vitals_add(&c, SLICE("X-Camera-A-name-of-24-bytes-long-"), SLICE("1"));
    assert_int_equal(c.count, 0);
    vitals_add(&c, SLICE("X-Camera-A"), (struct slice){value, sizeof value - 1});
    vitals_add(&c, SLICE("X-Camera-A-name-of-23-bytes-long"), SLICE("1"));
    assert_int_equal(c.count, 2);
    for (int i = 0; i < 2 * VITALS_FIELDS_MAX; i++)
        vitals_add(&c, SLICE("X-Camera-B"), SLICE("1"));
    assert_int_equal(c.count, VITALS_FIELDS_MAX);
}

static void the_longest_silent_camera_gives_way(void **state)
{
    (void)state;
    char name[PHOTO_CAMERA_MAX + 1];
    for (int i = 0; i < VITALS_CAMERAS_MAX; i++) {
        snprintf(name, sizeof name, "cam%d", i);
        assert_true(put(name, "X-Camera-A", "1", 100 + i));
    }
    assert_true(put("cam0", "X-Camera-A", "1", 1000));
    assert_true(put("new", "X-Camera-A", "1", 1001));
    assert_non_null(vitals_find(&s_vitals, "new"));
    assert_non_null(vitals_find(&s_vitals, "cam0"));
    assert_null(vitals_find(&s_vitals, "cam1"));
    memset(name, 'x', sizeof name);
    name[PHOTO_CAMERA_MAX] = '\0';
    assert_false(put(name, "X-Camera-A", "1", 1));
    name[PHOTO_CAMERA_MAX - 1] = '\0';
    assert_true(put(name, "X-Camera-A", "1", 1));
    assert_false(put("  ", "X-Camera-A", "1", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_last_report_is_kept, setup),
        cmocka_unit_test_setup(only_fit_fields_get_in, setup),
        cmocka_unit_test_setup(the_longest_silent_camera_gives_way, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
