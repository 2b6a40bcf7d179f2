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

static void where_files_can_be_moved_the_probe_says_so(void **state)
{
    (void)state;
    open_disk();
    fake_fs_put(&s_disk, LAYOUT_TMP "/probe", "", 0); /* a crash left both */
    fake_fs_put(&s_disk, LAYOUT_HOME ".probe", "", 0);
    assert_int_equal(recovery_probe_move(&s_disk.fs), ERR_OK);
    expect_nothing_left();
}

static void where_they_cannot_it_says_that(void **state)
{
    (void)state;
    open_disk();
    fake_fs_fail(&s_disk, FAKE_FS_RENAME_NOREPLACE, 1, ERR_IO, false);
    assert_int_equal(recovery_probe_move(&s_disk.fs), ERR_IO);
    expect_nothing_left();
}

static void a_full_disk_is_no_reason_not_to_start(void **state)
{
    (void)state;
    open_disk();
    fake_fs_fail(&s_disk, FAKE_FS_CREATE, 1, ERR_FULL, false);
    assert_int_equal(recovery_probe_move(&s_disk.fs), ERR_OK);
    fake_fs_fail(&s_disk, FAKE_FS_RENAME_NOREPLACE, 1, ERR_FULL, false);
    assert_int_equal(recovery_probe_move(&s_disk.fs), ERR_OK);
    expect_nothing_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_files_can_be_moved_the_probe_says_so),
        cmocka_unit_test(where_they_cannot_it_says_that),
        cmocka_unit_test(a_full_disk_is_no_reason_not_to_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
