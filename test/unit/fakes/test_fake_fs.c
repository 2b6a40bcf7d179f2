/* Goal: the disk in memory keeps the contract of struct fs, and loses exactly what a real one may.
 */
#include "test/fakes/lib/fake_fs.h"

#include <string.h>

#include "test/contract/lib/fs_contract.h"
#include "test/unit/unit.h"

static struct fake_fs s_disk;

static const struct fs *open_fake(void)
{
    fake_fs_init(&s_disk);
    return &s_disk.fs;
}

static void close_fake(void)
{
    assert_int_equal(fake_fs_open_count(&s_disk), 0);
    fake_fs_deinit(&s_disk);
}

static int setup(void **state)
{
    (void)state;
    fake_fs_init(&s_disk);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_fs_deinit(&s_disk);
    return 0;
}

static int begin(const char *path, const char *text)
{
    const struct fs *fs = &s_disk.fs;
    int fd = -1;
    assert_int_equal(fs->create(fs->ctx, path, &fd), ERR_OK);
    assert_int_equal(fs->write(fs->ctx, fd, text, strlen(text)), ERR_OK);
    return fd;
}

static void a_cut_loses_what_no_flush_covered(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    static const struct {
        enum fake_fs_loss loss;
        const char *named_only, *synced_only; /* what is left; NULL: no such name */
    } rows[] = {
        {FAKE_FS_KEEP_ALL, "abcd", "efgh"}, {FAKE_FS_LOSE_ALL, "", NULL},
        {FAKE_FS_LOSE_BYTES, "", "efgh"},   {FAKE_FS_LOSE_NAMES, "abcd", NULL},
        {FAKE_FS_TORN, "ab", "efgh"},       {FAKE_FS_LOSE_TAGS, "abcd", "efgh"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)begin("named", "abcd");
        assert_int_equal(fs->sync_names(fs->ctx, "."), ERR_OK);
        int fd = begin("synced", "efgh");
        assert_int_equal(fs->sync(fs->ctx, fd), ERR_OK);
        fake_fs_reboot(&s_disk, rows[i].loss);
        assert_true(
            fake_fs_holds(&s_disk, "named", rows[i].named_only, strlen(rows[i].named_only)));
        assert_int_equal(fake_fs_has(&s_disk, "synced"), rows[i].synced_only != NULL);
        if (rows[i].synced_only != NULL)
            assert_true(fake_fs_holds(&s_disk, "synced", rows[i].synced_only, 4));
        fake_fs_deinit(&s_disk);
        fake_fs_init(&s_disk);
    }
}

static void zeros_come_where_bytes_were_lost_but_the_size_was_not(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    int fd = begin("a", "ab");
    assert_int_equal(fs->sync(fs->ctx, fd), ERR_OK);
    assert_int_equal(fs->write(fs->ctx, fd, "cd", 2), ERR_OK);
    fake_fs_reboot(&s_disk, FAKE_FS_ZEROED);
    assert_true(fake_fs_holds(&s_disk, "a", "ab\0\0", 4));
}

static void one_flush_of_all_keeps_all(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    bool taken = true;
    bool kept = false;
    assert_int_equal(fs->make_folder(fs->ctx, "tmp"), ERR_OK);
    int fd = begin("tmp/1", "abcd");
    assert_int_equal(fs->tag_set(fs->ctx, fd, "tag", 3, &kept), ERR_OK);
    assert_int_equal(fs->rename_noreplace(fs->ctx, "tmp/1", "a", &taken), ERR_OK);
    assert_int_equal(fs->sync_all(fs->ctx), ERR_OK);
    for (int loss = 0; loss < FAKE_FS_LOSSES; loss++) {
        fake_fs_reboot(&s_disk, (enum fake_fs_loss)loss);
        assert_true(fake_fs_holds(&s_disk, "a", "abcd", 4));
        assert_false(fake_fs_has(&s_disk, "tmp/1"));
        char tag[8];
        size_t len = 0;
        bool found = false;
        assert_int_equal(fs->open(fs->ctx, "a", &found, &fd), ERR_OK);
        assert_int_equal(fs->tag_get(fs->ctx, fd, tag, sizeof tag, &len), ERR_OK);
        assert_int_equal(len, 3);
    }
}

static void a_lost_folder_takes_its_files_along(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    assert_int_equal(fs->make_folder(fs->ctx, "f"), ERR_OK);
    int fd = begin("f/a", "abcd");
    assert_int_equal(fs->sync(fs->ctx, fd), ERR_OK);
    assert_int_equal(fs->sync_names(fs->ctx, "f"), ERR_OK);
    fake_fs_reboot(&s_disk, FAKE_FS_LOSE_ALL);
    assert_false(fake_fs_has(&s_disk, "f/a"));
}

static void after_a_failed_flush_a_good_one_saves_nothing(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    int fd = begin("a", "abcd");
    fake_fs_fail(&s_disk, FAKE_FS_SYNC_ALL, 1, ERR_IO, false);
    assert_int_equal(fs->sync_all(fs->ctx), ERR_IO);
    assert_true(fake_fs_holds(&s_disk, "a", "abcd", 4)); /* the cache still shows it */
    assert_int_equal(fs->sync_all(fs->ctx), ERR_OK);
    assert_int_equal(fs->forget_cache(fs->ctx, fd), ERR_OK);
    assert_true(fake_fs_holds(&s_disk, "a", "\0\0\0\0", 4));
    fake_fs_reboot(&s_disk, FAKE_FS_KEEP_ALL);
    assert_true(fake_fs_holds(&s_disk, "a", "\0\0\0\0", 4));
}

static void a_failed_flush_of_one_file_is_as_final(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    int fd = begin("a", "abcd");
    int other = begin("b", "efgh");
    fake_fs_fail(&s_disk, FAKE_FS_SYNC, 1, ERR_IO, false);
    assert_int_equal(fs->sync(fs->ctx, fd), ERR_IO);
    assert_int_equal(fs->sync(fs->ctx, fd), ERR_OK);
    assert_int_equal(fs->sync(fs->ctx, other), ERR_OK);
    fake_fs_reboot(&s_disk, FAKE_FS_LOSE_BYTES);
    assert_true(fake_fs_holds(&s_disk, "a", "\0\0\0\0", 4));
    assert_true(fake_fs_holds(&s_disk, "b", "efgh", 4));
}

static void from_the_cut_on_nothing_answers(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    s_disk.cut_at = 3;
    int fd = begin("a", "abcd"); /* calls 1 and 2 */
    assert_int_equal(fs->sync(fs->ctx, fd), ERR_IO);
    assert_int_equal(fs->sync_all(fs->ctx), ERR_IO);
    assert_true(s_disk.off);
    fake_fs_reboot(&s_disk, FAKE_FS_LOSE_BYTES);
    assert_false(s_disk.off);
    assert_true(fake_fs_holds(&s_disk, "a", "", 0));
    assert_int_equal(fake_fs_open_count(&s_disk), 0);
}

static void a_cut_can_jump_out(void **state)
{
    (void)state;
    s_disk.cut_at = 1;
    s_disk.cut_jumps = true;
    if (setjmp(s_disk.on_cut) != 0)
        return;
    (void)s_disk.fs.sync_all(s_disk.fs.ctx);
    fail_msg("the call came back");
}

static void the_chosen_call_fails_once_or_for_good(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    fake_fs_fail(&s_disk, FAKE_FS_SYNC_NAMES, 2, ERR_FULL, false);
    assert_int_equal(fs->sync_names(fs->ctx, "."), ERR_OK);
    assert_int_equal(fs->sync_all(fs->ctx), ERR_OK);
    assert_int_equal(fs->sync_names(fs->ctx, "."), ERR_FULL);
    assert_int_equal(fs->sync_names(fs->ctx, "."), ERR_OK);
    fake_fs_fail(&s_disk, FAKE_FS_ANY, 2, ERR_IO, true);
    assert_int_equal(fs->sync_names(fs->ctx, "."), ERR_OK);
    assert_int_equal(fs->sync_all(fs->ctx), ERR_IO);
    assert_int_equal(fs->sync_names(fs->ctx, "."), ERR_IO);
    fake_fs_fail(&s_disk, FAKE_FS_ANY, 0, ERR_OK, false);
    assert_int_equal(fs->sync_names(fs->ctx, "."), ERR_OK);
}

static void a_full_disk_keeps_the_part_that_fitted(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    int fd = begin("a", "ab");
    s_disk.room_bytes = 3;
    assert_int_equal(fs->write(fs->ctx, fd, "cdef", 4), ERR_FULL);
    assert_true(fake_fs_holds(&s_disk, "a", "abcde", 5));
    struct fs_space space;
    assert_int_equal(fs->space(fs->ctx, &space), ERR_OK);
    assert_int_equal(space.free_bytes, 0);
}

static void the_dice_reach_every_outcome(void **state)
{
    (void)state;
    bool none = false;
    bool whole = false;
    bool empty = false;
    bool torn = false;
    bool both = false;
    for (uint32_t seed = 0; seed < 200; seed++) {
        const struct fs *fs = &s_disk.fs;
        assert_int_equal(fs->make_folder(fs->ctx, "t"), ERR_OK);
        assert_int_equal(fs->sync_all(fs->ctx), ERR_OK);
        (void)begin("t/a", "abcd");
        assert_int_equal(fs->rename(fs->ctx, "t/a", "a"), ERR_OK);
        fake_fs_reboot_random(&s_disk, seed);
        none = none || !fake_fs_has(&s_disk, "a");
        whole = whole || fake_fs_holds(&s_disk, "a", "abcd", 4);
        empty = empty || fake_fs_holds(&s_disk, "a", "", 0);
        torn = torn || fake_fs_holds(&s_disk, "a", "ab", 2);
        both = both || (fake_fs_has(&s_disk, "a") && fake_fs_has(&s_disk, "t/a"));
        fake_fs_deinit(&s_disk);
        fake_fs_init(&s_disk);
    }
    assert_true(none && whole && empty && torn && both);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROW(a_cut_loses_what_no_flush_covered),
        ROW(zeros_come_where_bytes_were_lost_but_the_size_was_not),
        ROW(one_flush_of_all_keeps_all),
        ROW(a_lost_folder_takes_its_files_along),
        ROW(after_a_failed_flush_a_good_one_saves_nothing),
        ROW(a_failed_flush_of_one_file_is_as_final),
        ROW(from_the_cut_on_nothing_answers),
        ROW(a_cut_can_jump_out),
        ROW(the_chosen_call_fails_once_or_for_good),
        ROW(a_full_disk_keeps_the_part_that_fitted),
        ROW(the_dice_reach_every_outcome),
    };
    const struct fs_contract contract = {"fake_fs", open_fake, close_fake};
    return fs_contract_run(&contract) + cmocka_run_group_tests(tests, NULL, NULL);
}
