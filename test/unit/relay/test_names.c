/* Goal: whatever a sender calls its photo, the name is safe, readable and does not grow. */
#include <stdio.h>
#include <string.h>

#include "relay/logic/names.h"
#include "relay/logic/ports/photo.h"
#include "test/unit/unit.h"

static const char STAMP[] = "20240101_120000";

static const char *named(struct slice sender, uint32_t number)
{
    static char name[PHOTO_NAME_MAX];
    struct names_base base;
    names_make_base(sender, STAMP, &base);
    names_number(&base, number, name, sizeof name);
    return name;
}

static void names_are_stem_stamp_and_extension(void **state)
{
    (void)state;
    static const struct {
        const char *sender;
        const char *name;
    } rows[] = {
        {"photo.jpg", "photo_20240101_120000.jpg"},
        {"", "photo_20240101_120000.jpg"},
        {"esp32-cam.JPEG", "esp32-cam_20240101_120000.jpg"},
        {"/etc/passwd", "passwd_20240101_120000.jpg"},
        {"..\\..\\boot.ini", "boot_20240101_120000.jpg"},
        {"../../../", "photo_20240101_120000.jpg"},
        {"..", "photo_20240101_120000.jpg"},
        {".hidden.jpg", "hidden_20240101_120000.jpg"},
        {"...a.jpg", "a_20240101_120000.jpg"},
        {"front door.jpg", "front_door_20240101_120000.jpg"},
        {"a\r\nb\tc\x7f.jpg", "abc_20240101_120000.jpg"},
        {"<script>\"'&;|*?.jpg", "script_20240101_120000.jpg"},
        {"온실 사진.jpg", "온실_사진_20240101_120000.jpg"},
        {"bad\xff\xc0\xafutf.jpg", "badutf_20240101_120000.jpg"},
        {"cut\xe2\x82.jpg", "cut_20240101_120000.jpg"},
        {"a\xc2\x85z.jpg", "az_20240101_120000.jpg"},
        {"name.with.dots.jpg", "name.with.dots_20240101_120000.jpg"},
        {"no_extension", "no_extension_20240101_120000.jpg"},
        {"v1.2", "v1_20240101_120000.jpg"},
        {"long.extensions", "long.extensions_20240101_120000.jpg"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(named(slice_of(rows[i].sender), 1), rows[i].name);
}

static void a_stamped_name_does_not_grow(void **state)
{
    (void)state;
    static const struct {
        const char *sender;
        const char *name;
    } rows[] = {
        {"cam_20231231_235959.jpg", "cam_20231231_235959.jpg"},
        {"cam_20231231_235959_2.jpg", "cam_20231231_235959_2.jpg"},
        {"20231231_235959.jpg", "20231231_235959.jpg"},
        {"cam_20231231_23595.jpg", "cam_20231231_23595_20240101_120000.jpg"},
        {"cam_20231231-235959.jpg", "cam_20231231-235959_20240101_120000.jpg"},
        {"cam_20231231_235959_.jpg", "cam_20231231_235959__20240101_120000.jpg"},
        {"_7.jpg", "_7_20240101_120000.jpg"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(named(slice_of(rows[i].sender), 1), rows[i].name);
}

static void numbers_follow_the_base(void **state)
{
    (void)state;
    assert_string_equal(named(SLICE("a.jpg"), 2), "a_20240101_120000_2.jpg");
    assert_string_equal(named(SLICE("a.jpg"), UINT32_MAX), "a_20240101_120000_4294967295.jpg");
    assert_string_equal(named(SLICE("a_20240101_120000.jpg"), 3), "a_20240101_120000_3.jpg");
}

static void long_names_are_cut_at_whole_characters(void **state)
{
    (void)state;
    char sender[512];
    memset(sender, 'x', sizeof sender);
    assert_int_equal(strlen(named((struct slice){sender, NAMES_STEM_MAX}, 1)),
                     NAMES_STEM_MAX + 1 + 15 + 4);
    assert_int_equal(strlen(named((struct slice){sender, NAMES_STEM_MAX + 1}, 1)),
                     NAMES_STEM_MAX + 1 + 15 + 4);
    for (size_t i = 0; i + 3 <= sizeof sender; i += 3)
        memcpy(sender + i, "\xea\xb0\x80", 3);
    const char *name = named((struct slice){sender, 255}, 1);
    assert_int_equal(strlen(name), NAMES_STEM_MAX / 3 * 3 + 1 + 15 + 4);
}

static void nul_bytes_are_left_out(void **state)
{
    (void)state;
    assert_string_equal(named((struct slice){"a\0b.jpg", 7}, 1), "ab_20240101_120000.jpg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_stem_stamp_and_extension),
        cmocka_unit_test(a_stamped_name_does_not_grow),
        cmocka_unit_test(numbers_follow_the_base),
        cmocka_unit_test(long_names_are_cut_at_whole_characters),
        cmocka_unit_test(nul_bytes_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
