/* Goal: the probe at start tells whether uploads can get their names, and leaves nothing behind.
 * Method: a disk in memory, whole and failing. */
#include "relay/logic/layout.h"
#include "relay/logic/recovery.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/unit/unit.h"

static struct fake_fs s_disk;

static void open_disk(void)
{
    fake_fs_init(&s_disk);
    assert_int_equal(recovery_make_folders(&s_disk.fs), ERR_OK);
}

static void expect_nothing_left(void)
{
    assert_int_equal(fake_fs_count(&s_disk, "."), 0);
    assert_int_equal(fake_fs_count(&s_disk, LAYOUT_TMP), 0);
    assert_int_equal(fake_fs_open_count(&s_disk), 0);
    fake_fs_deinit(&s_disk);
}

static void expect_tmp(const char *folder)
{
    const char *tmp = NULL;
    assert_int_equal(recovery_choose_tmp(&s_disk.fs, &tmp), ERR_OK);
    assert_string_equal(tmp, folder);
}

static void where_files_can_be_moved_the_probe_says_so(void **state)
{
    (void)state;
    open_disk();
    fake_fs_put(&s_disk, LAYOUT_TMP "/probe", "", 0); /* a crash left both */
    fake_fs_put(&s_disk, LAYOUT_HOME ".probe", "", 0);
    expect_tmp(LAYOUT_TMP);
    expect_nothing_left();
}

static void out_of_another_mount_uploads_move_beside_it(void **state)
{
    (void)state;
    open_disk();
    fake_fs_fail(&s_disk, FAKE_FS_RENAME_NOREPLACE, 1, ERR_IO, false);
    expect_tmp(LAYOUT_NEAR_TMP);
    assert_int_equal(fake_fs_count(&s_disk, LAYOUT_NEAR_TMP), 0);
    expect_nothing_left();
}

static void where_nothing_can_be_moved_it_says_that(void **state)
{
    (void)state;
    const char *tmp = NULL;
    open_disk();
    fake_fs_fail(&s_disk, FAKE_FS_RENAME_NOREPLACE, 1, ERR_IO, true);
    assert_int_equal(recovery_choose_tmp(&s_disk.fs, &tmp), ERR_IO);
    assert_null(tmp);
    expect_nothing_left();
}

static void a_full_disk_is_no_reason_not_to_start(void **state)
{
    (void)state;
    static const enum err full[] = {ERR_FULL, ERR_BUSY};
    open_disk();
    for (size_t i = 0; i < 2; i++) {
        fake_fs_fail(&s_disk, FAKE_FS_CREATE, 1, full[i], false);
        expect_tmp(LAYOUT_TMP);
        fake_fs_fail(&s_disk, FAKE_FS_RENAME_NOREPLACE, 1, full[i], false);
        expect_tmp(LAYOUT_TMP);
    }
    expect_nothing_left();
}

static void both_places_are_swept(void **state)
{
    (void)state;
    uint64_t swept = 0;
    open_disk();
    fake_fs_put(&s_disk, LAYOUT_TMP "/1", "a", 1);
    fake_fs_put(&s_disk, LAYOUT_NEAR_TMP "/2", "b", 1);
    assert_int_equal(recovery_sweep(&s_disk.fs, &swept), ERR_OK);
    assert_int_equal(swept, 2);
    assert_int_equal(fake_fs_count(&s_disk, LAYOUT_NEAR_TMP), 0);
    expect_nothing_left();
}

static void what_cannot_be_set_aside_there_is_set_aside_near(void **state)
{
    (void)state;
    open_disk();
    fake_fs_put(&s_disk, "a.jpg", "x", 1);
    fake_fs_fail(&s_disk, FAKE_FS_RENAME_NOREPLACE, 1, ERR_IO, false);
    assert_int_equal(recovery_set_aside(&s_disk.fs, "a.jpg"), ERR_IO); /* no second place */
    assert_true(fake_fs_has(&s_disk, "a.jpg"));
    fake_fs_fail(&s_disk, FAKE_FS_RENAME_NOREPLACE, 1, ERR_IO, false);
    expect_tmp(LAYOUT_NEAR_TMP);
    fake_fs_fail(&s_disk, FAKE_FS_RENAME_NOREPLACE, 1, ERR_IO, false);
    assert_int_equal(recovery_set_aside(&s_disk.fs, "a.jpg"), ERR_OK);
    assert_true(fake_fs_has(&s_disk, LAYOUT_NEAR_QUARANTINE "/a.jpg"));
    expect_nothing_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_files_can_be_moved_the_probe_says_so),
        cmocka_unit_test(out_of_another_mount_uploads_move_beside_it),
        cmocka_unit_test(where_nothing_can_be_moved_it_says_that),
        cmocka_unit_test(a_full_disk_is_no_reason_not_to_start),
        cmocka_unit_test(both_places_are_swept),
        cmocka_unit_test(what_cannot_be_set_aside_there_is_set_aside_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
