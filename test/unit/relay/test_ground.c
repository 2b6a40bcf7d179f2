/* Goal: one flush for all is promised only where it holds; what is not known is not trusted. */
#include <string.h>

#include "relay/logic/ground.h"
#include "test/unit/unit.h"

static enum ground_promise judge(const char *type, unsigned major, unsigned minor, bool one_device)
{
    struct ground_facts f = {
        .kernel_major = major, .kernel_minor = minor, .one_device = one_device};
    strcpy(f.photos.type, type);
    strcpy(f.state.type, type);
    struct ground_verdict v = ground_judge(&f);
    assert_non_null(v.reason);
    assert_true(strlen(v.reason) > 5);
    return v.promise;
}

static void each_kind_of_file_system_gets_what_it_can_carry(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        enum ground_promise promise;
    } rows[] = {
        {"ext4", GROUND_ONE_FLUSH}, {"xfs", GROUND_ONE_FLUSH}, {"btrfs", GROUND_ONE_FLUSH},
        {"f2fs", GROUND_ONE_FLUSH}, {"ext3", GROUND_PER_FILE}, {"zfs", GROUND_PER_FILE},
        {"ubifs", GROUND_PER_FILE}, {"tmpfs", GROUND_NONE},    {"overlay", GROUND_NONE},
        {"nfs4", GROUND_NONE},      {"cifs", GROUND_NONE},     {"fuse.sshfs", GROUND_NONE},
        {"fuseblk", GROUND_NONE},   {"9p", GROUND_NONE},       {"vfat", GROUND_NONE},
        {"ext2", GROUND_NONE},      {"", GROUND_NONE},         {"brandnewfs", GROUND_NONE},
        {"ext", GROUND_NONE},       {"ext4x", GROUND_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(judge(rows[i].type, 6, 1, true), rows[i].promise);
}

static void one_flush_needs_a_kernel_that_reports_its_errors(void **state)
{
    (void)state;
    assert_int_equal(judge("ext4", 5, 8, true), GROUND_ONE_FLUSH);
    assert_int_equal(judge("ext4", 5, 7, true), GROUND_PER_FILE);
    assert_int_equal(judge("ext4", 4, 19, true), GROUND_PER_FILE);
    assert_int_equal(judge("ext4", 10, 0, true), GROUND_ONE_FLUSH);
    assert_int_equal(judge("ext4", 0, 0, true), GROUND_PER_FILE);
}

static void one_flush_needs_one_device(void **state)
{
    (void)state;
    assert_int_equal(judge("xfs", 6, 1, false), GROUND_PER_FILE);
    assert_int_equal(judge("tmpfs", 6, 1, false), GROUND_NONE);
}

static void the_weaker_of_two_devices_decides(void **state)
{
    (void)state;
    struct ground_facts f = {
        .kernel_major = 6, .photos = {.type = "ext4"}, .state = {.type = "ext3"}};
    assert_int_equal(ground_judge(&f).promise, GROUND_PER_FILE);
    strcpy(f.state.type, "tmpfs");
    assert_int_equal(ground_judge(&f).promise, GROUND_NONE);
    strcpy(f.state.type, "");
    assert_int_equal(ground_judge(&f).promise, GROUND_NONE);
    f.state = (struct ground_mount){.type = "ext4", .no_barriers = true};
    assert_int_equal(ground_judge(&f).promise, GROUND_NONE);
}

static void without_barriers_nothing_is_promised(void **state)
{
    (void)state;
    struct ground_mount m = {.type = "ext4", .no_barriers = true};
    struct ground_facts f = {.kernel_major = 6, .one_device = true, .photos = m, .state = m};
    assert_int_equal(ground_judge(&f).promise, GROUND_NONE);
    strcpy(f.photos.type, "ext3");
    assert_int_equal(ground_judge(&f).promise, GROUND_NONE);
}

static void promises_are_spelt_as_health_spells_them(void **state)
{
    (void)state;
    assert_string_equal(ground_promise_name(GROUND_ONE_FLUSH), "one-flush");
    assert_string_equal(ground_promise_name(GROUND_PER_FILE), "per-file");
    assert_string_equal(ground_promise_name(GROUND_NONE), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_file_system_gets_what_it_can_carry),
        cmocka_unit_test(one_flush_needs_a_kernel_that_reports_its_errors),
        cmocka_unit_test(one_flush_needs_one_device),
        cmocka_unit_test(the_weaker_of_two_devices_decides),
        cmocka_unit_test(without_barriers_nothing_is_promised),
        cmocka_unit_test(promises_are_spelt_as_health_spells_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
