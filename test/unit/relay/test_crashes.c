/* Goal: a core dump is kept whole or not at all, and dumps never fill the disk. */
#include <stdio.h>
#include <string.h>

#include "relay/logic/crashes.h"
#include "relay/logic/layout.h"
#include "relay/logic/recovery.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/unit/unit.h"

static const char STAMP[] = "20240101_120000";
static struct fake_fs s_disk;
static char s_name[CRASHES_NAME_MAX];

static int setup(void **state)
{
    (void)state;
    fake_fs_init(&s_disk);
    assert_int_equal(recovery_make_folders(&s_disk.fs), ERR_OK);
    assert_int_equal(s_disk.fs.sync_all(s_disk.fs.ctx), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(fake_fs_open_count(&s_disk), 0);
    fake_fs_deinit(&s_disk);
    return 0;
}

static enum err store(const char *camera, struct slice dump)
{
    return crashes_store(&s_disk.fs, slice_of(camera), STAMP, dump, s_name);
}

static bool holds(const char *name, struct slice dump)
{
    char path[FS_PATH_MAX];
    snprintf(path, sizeof path, LAYOUT_CRASHES "/%s", name);
    return fake_fs_holds(&s_disk, path, dump.ptr, dump.len);
}

static void a_dump_lies_under_its_camera(void **state)
{
    (void)state;
    assert_int_equal(store("door 1", SLICE("one")), ERR_OK);
    assert_string_equal(s_name, "door_1_20240101_120000.core");
    assert_true(holds(s_name, SLICE("one")));
    assert_int_equal(store("door 1", SLICE("two")), ERR_OK);
    assert_string_equal(s_name, "door_1_20240101_120000_2.core");
    assert_int_equal(store("../../etc/x", SLICE("three")), ERR_OK);
    assert_string_equal(s_name, "x_20240101_120000.core");
    assert_int_equal(store("", SLICE("four")), ERR_OK);
    assert_string_equal(s_name, "camera_20240101_120000.core");
    assert_int_equal(fake_fs_count(&s_disk, LAYOUT_TMP), 0);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    static char bytes[CRASHES_BYTES_MAX + 1];
    assert_int_equal(store("c", (struct slice){bytes, 0}), ERR_INPUT);
    assert_int_equal(store("c", (struct slice){bytes, CRASHES_BYTES_MAX}), ERR_OK);
    assert_int_equal(store("c", (struct slice){bytes, CRASHES_BYTES_MAX + 1}), ERR_LIMIT);
}

static void the_oldest_goes_when_one_more_comes(void **state)
{
    (void)state;
    char camera[16];
    for (int i = 0; i < CRASHES_KEPT_MAX + 3; i++) {
        s_disk.now.ms = 1700000000000 + i;
        snprintf(camera, sizeof camera, "c%d", i);
        assert_int_equal(store(camera, SLICE("x")), ERR_OK);
    }
    assert_int_equal(fake_fs_count(&s_disk, LAYOUT_CRASHES), CRASHES_KEPT_MAX);
    assert_false(holds("c0_20240101_120000.core", SLICE("x")));
    assert_true(holds("c3_20240101_120000.core", SLICE("x")));
}

static void every_power_cut_leaves_it_whole_or_absent(void **state)
{
    (void)state;
    for (int loss = 0; loss < FAKE_FS_LOSSES; loss++) {
        bool done = false;
        for (unsigned cut = 1; !done; cut++) {
            s_disk.cut_at = s_disk.calls + cut;
            done = store("c", SLICE("whole")) == ERR_OK;
            fake_fs_reboot(&s_disk, (enum fake_fs_loss)loss);
            bool there = fake_fs_count(&s_disk, LAYOUT_CRASHES) == 1;
            assert_true(!done || there);
            if (there)
                assert_true(holds("c_20240101_120000.core", SLICE("whole")));
            assert_int_equal(
                s_disk.fs.remove(s_disk.fs.ctx, LAYOUT_CRASHES "/c_20240101_120000.core"), ERR_OK);
            assert_int_equal(s_disk.fs.sync_all(s_disk.fs.ctx), ERR_OK);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dump_lies_under_its_camera, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_goes_when_one_more_comes, setup, teardown),
        cmocka_unit_test_setup_teardown(every_power_cut_leaves_it_whole_or_absent, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
