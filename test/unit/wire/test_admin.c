/* Goal: only who knows the password may change a device, and no other site through a browser. */
#include <string.h>

#include "lib/base/base64.h"
#include "lib/wire/admin.h"
#include "test/unit/unit.h"

static bool may(const char *password, const char *user_and_word)
{
    char text[200] = "Basic ";
    base64_write(user_and_word, strlen(user_and_word), text + 6);
    return admin_may(password, slice_of(text));
}

static void only_admin_with_the_password_may(void **state)
{
    (void)state;
    assert_true(may("hush:hush", "admin:hush:hush"));
    assert_false(may("hush", "admin:hus"));
    assert_false(may("hush", "admin:hushh"));
    assert_false(may("hush", "admin:"));
    assert_false(may("hush", "root:hush"));
    assert_false(may("hush", ":hush"));
    assert_false(may("", "admin:"));
    assert_false(admin_may("hush", SLICE("")));
    assert_false(admin_may("hush", SLICE("Bearer aHVzaA==")));
    assert_false(admin_may("hush", SLICE("Basic ***")));
}

static void changes_come_from_the_own_page_or_from_programs(void **state)
{
    (void)state;
    struct slice host = SLICE("192.168.1.5");
    assert_true(admin_is_same_origin(SLICE(""), host));
    assert_true(admin_is_same_origin(SLICE("http://192.168.1.5"), host));
    assert_false(admin_is_same_origin(SLICE("http://192.168.1.50"), host));
    assert_false(admin_is_same_origin(SLICE("http://evil.example"), host));
    assert_false(admin_is_same_origin(SLICE("null"), host));
    assert_false(admin_is_same_origin(SLICE("http://"), SLICE("")));
}

static void a_get_of_another_site_changes_nothing(void **state)
{
    (void)state;
    assert_true(admin_is_own_fetch(SLICE("")));
    assert_true(admin_is_own_fetch(SLICE("same-origin")));
    assert_true(admin_is_own_fetch(SLICE("none")));
    assert_false(admin_is_own_fetch(SLICE("cross-site")));
    assert_false(admin_is_own_fetch(SLICE("same-site")));
    assert_false(admin_is_own_fetch(SLICE("same-origin, cross-site")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_admin_with_the_password_may),
        cmocka_unit_test(changes_come_from_the_own_page_or_from_programs),
        cmocka_unit_test(a_get_of_another_site_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
