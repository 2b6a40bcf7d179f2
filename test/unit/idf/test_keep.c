/* Goal: settings, password and the count of crashes outlive a power cut, and a vault that is
 * damaged or full never keeps a device from starting. */
#include <string.h>

#include "idf/keep.h"
#include "lib/pace/bootguard.h"
#include "test/fakes/camera/fake_random.h"
#include "test/fakes/camera/fake_vault.h"
#include "test/unit/unit.h"

struct values {
    char name[8 + 1];
    int32_t number;
};

static const struct prefs_row ROWS[] = {
    PREFS_TEXT_ROW(struct values, name, "box", 8, PREFS_OPEN, "its name")
        PREFS_NUMBER_ROW(struct values, number, 1, 0, 9, "a number")};

static enum err check(const struct prefs_row *row, struct slice v)
{
    (void)row;
    (void)v;
    return ERR_OK;
}

static const struct prefs_table TABLE = {.heading = "test-box ",
                                         .version = 1,
                                         .rows = ROWS,
                                         .count = 2,
                                         .values_bytes = sizeof(struct values),
                                         .check = check};

static struct fake_vault s_vault;
static struct values s_values;

static int begin(void **state)
{
    (void)state;
    fake_vault_init(&s_vault);
    memset(&s_values, 0, sizeof s_values);
    strcpy(s_values.name, "sketch");
    s_values.number = 5;
    return 0;
}

static void what_the_sketch_says_stands_until_something_is_saved(void **state)
{
    (void)state;
    keep_load(&s_vault.vault, &TABLE, &s_values);
    assert_string_equal(s_values.name, "sketch");
    struct values saved = {"saved", 7};
    assert_int_equal(keep_save(&s_vault.vault, &TABLE, &saved), ERR_OK);
    keep_load(&s_vault.vault, &TABLE, &s_values);
    assert_string_equal(s_values.name, "saved");
    assert_int_equal(s_values.number, 7);
}

static void damaged_settings_leave_those_of_the_sketch(void **state)
{
    (void)state;
    struct values saved = {"saved", 7};
    assert_int_equal(keep_save(&s_vault.vault, &TABLE, &saved), ERR_OK);
    s_vault.records[0].data[20] ^= 1;
    keep_load(&s_vault.vault, &TABLE, &s_values);
    assert_string_equal(s_values.name, "sketch");
    assert_int_equal(s_values.number, 5);
}

static void a_full_vault_is_told(void **state)
{
    (void)state;
    s_vault.fail_put = true;
    assert_int_equal(keep_save(&s_vault.vault, &TABLE, &s_values), ERR_IO);
}

static void the_password_is_made_once_and_easy_to_read(void **state)
{
    (void)state;
    struct fake_random random;
    char first[KEEP_PASSWORD_MAX], again[KEEP_PASSWORD_MAX];
    fake_random_init(&random, 7);
    keep_password(&s_vault.vault, &random.random, first);
    assert_int_equal(strlen(first), KEEP_PASSWORD_LEN);
    assert_int_equal(strspn(first, "abcdefghjkmnpqrstuvwxyz23456789"), KEEP_PASSWORD_LEN);
    keep_password(&s_vault.vault, &random.random, again);
    assert_string_equal(first, again);
    fake_vault_init(&s_vault);
    s_vault.fail_put = true; /* it still gets one */
    keep_password(&s_vault.vault, &random.random, again);
    assert_int_equal(strlen(again), KEEP_PASSWORD_LEN);
    assert_string_not_equal(first, again);
}

static void crashes_in_a_row_end_in_safe_mode_and_five_good_minutes_end_the_row(void **state)
{
    (void)state;
    struct keep_crashes c = {0};
    for (unsigned i = 1; i <= BOOTGUARD_CRASHES_MAX; i++) {
        c = keep_count_crashes(&s_vault.vault, true);
        assert_int_equal(c.count, i);
        assert_int_equal(c.safe_mode, i == BOOTGUARD_CRASHES_MAX);
    }
    keep_settle(&c, &s_vault.vault, (struct mono){BOOTGUARD_HEALTHY_MS - 1});
    assert_int_equal(c.count, BOOTGUARD_CRASHES_MAX);
    keep_settle(&c, &s_vault.vault, (struct mono){BOOTGUARD_HEALTHY_MS});
    assert_int_equal(c.count, 0);
    unsigned puts = s_vault.puts;
    keep_settle(&c, &s_vault.vault, (struct mono){(uint64_t)BOOTGUARD_HEALTHY_MS * 2});
    assert_int_equal(s_vault.puts, puts); /* flash wears out */
    assert_int_equal(keep_count_crashes(&s_vault.vault, true).count, 1);
    assert_int_equal(keep_count_crashes(&s_vault.vault, false).count, 0);
}

static void a_crash_loop_longer_than_a_byte_stays_in_safe_mode(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 600; i++)
        assert_int_equal(keep_count_crashes(&s_vault.vault, true).safe_mode,
                         i >= BOOTGUARD_CRASHES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_the_sketch_says_stands_until_something_is_saved, begin),
        cmocka_unit_test_setup(damaged_settings_leave_those_of_the_sketch, begin),
        cmocka_unit_test_setup(a_full_vault_is_told, begin),
        cmocka_unit_test_setup(the_password_is_made_once_and_easy_to_read, begin),
        cmocka_unit_test_setup(crashes_in_a_row_end_in_safe_mode_and_five_good_minutes_end_the_row,
                               begin),
        cmocka_unit_test_setup(a_crash_loop_longer_than_a_byte_stays_in_safe_mode, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
