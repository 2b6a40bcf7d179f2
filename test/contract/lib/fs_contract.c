/* Goal: fake_fs and fs_posix do the same, so that what is proven over the fake holds over the real.
 */
#include "test/contract/lib/fs_contract.h"

#include <string.h>

#include "test/unit/unit.h"

static const struct fs_contract *s_contract;
static const struct fs *s_fs;

static int open_disk(void **state)
{
    (void)state;
    s_fs = s_contract->open();
    return s_fs == NULL;
}

static int close_disk(void **state)
{
    (void)state;
    s_contract->close();
    return 0;
}

static void put(const char *path, const char *text)
{
    int fd = -1;
    assert_int_equal(s_fs->create(s_fs->ctx, path, &fd), ERR_OK);
    assert_int_equal(s_fs->write(s_fs->ctx, fd, text, strlen(text)), ERR_OK);
    assert_int_equal(s_fs->close(s_fs->ctx, fd), ERR_OK);
}

static int open_for_reading(const char *path)
{
    int fd = -1;
    bool found = false;
    assert_int_equal(s_fs->open(s_fs->ctx, path, &found, &fd), ERR_OK);
    assert_true(found);
    return fd;
}

static void shut(int fd)
{
    assert_int_equal(s_fs->close(s_fs->ctx, fd), ERR_OK);
}

static void assert_holds(const char *path, const char *text)
{
    char out[64];
    size_t len = 0;
    int fd = open_for_reading(path);
    assert_int_equal(s_fs->read(s_fs->ctx, fd, 0, out, sizeof out, &len), ERR_OK);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(out, text, len);
    shut(fd);
}

static bool there(const char *path)
{
    bool found = true;
    struct fs_stat st;
    assert_int_equal(s_fs->stat(s_fs->ctx, path, &found, &st), ERR_OK);
    return found;
}

static void what_was_written_is_read_at_any_offset(void **state)
{
    (void)state;
    put("a", "hello disk");
    char out[4];
    size_t len = 77;
    int fd = open_for_reading("a");
    assert_int_equal(s_fs->read(s_fs->ctx, fd, 6, out, sizeof out, &len), ERR_OK);
    assert_int_equal(len, 4);
    assert_memory_equal(out, "disk", 4);
    assert_int_equal(s_fs->read(s_fs->ctx, fd, 8, out, sizeof out, &len), ERR_OK);
    assert_int_equal(len, 2);
    assert_int_equal(s_fs->read(s_fs->ctx, fd, 10, out, sizeof out, &len), ERR_OK);
    assert_int_equal(len, 0);
    assert_int_equal(s_fs->read(s_fs->ctx, fd, UINT64_C(1) << 40, out, sizeof out, &len), ERR_OK);
    assert_int_equal(len, 0);
    shut(fd);
}

static void a_taken_name_cannot_be_created(void **state)
{
    (void)state;
    put("a", "first");
    int fd = 77;
    assert_int_equal(s_fs->create(s_fs->ctx, "a", &fd), ERR_INPUT);
    assert_int_equal(fd, 77);
    assert_holds("a", "first");
}

static void what_is_not_there_is_not_found_and_no_error(void **state)
{
    (void)state;
    int fd = 77;
    bool found = true;
    struct fs_stat st = {.size_bytes = 77};
    assert_int_equal(s_fs->open(s_fs->ctx, "a", &found, &fd), ERR_OK);
    assert_false(found);
    assert_int_equal(fd, 77);
    found = true;
    assert_int_equal(s_fs->stat(s_fs->ctx, "a", &found, &st), ERR_OK);
    assert_false(found);
    assert_int_equal(st.size_bytes, 77);
    assert_int_equal(s_fs->remove(s_fs->ctx, "a"), ERR_OK);
}

static void a_missing_folder_is_refused(void **state)
{
    (void)state;
    int fd = -1;
    bool found = false;
    struct fs_stat st;
    put("file", "x");
    assert_int_equal(s_fs->open(s_fs->ctx, "no/a", &found, &fd), ERR_INPUT);
    assert_int_equal(s_fs->open(s_fs->ctx, "file/a", &found, &fd), ERR_INPUT);
    assert_int_equal(s_fs->stat(s_fs->ctx, "no/a", &found, &st), ERR_INPUT);
    assert_int_equal(s_fs->remove(s_fs->ctx, "no/a"), ERR_INPUT);
    assert_int_equal(s_fs->create(s_fs->ctx, "no/a", &fd), ERR_INPUT);
    assert_int_equal(s_fs->create(s_fs->ctx, "file/a", &fd), ERR_INPUT);
    assert_int_equal(s_fs->rename(s_fs->ctx, "file", "no/a"), ERR_INPUT);
    assert_int_equal(s_fs->rename(s_fs->ctx, "none", "a"), ERR_INPUT);
    assert_int_equal(s_fs->make_folder(s_fs->ctx, "no/a"), ERR_INPUT);
    assert_int_equal(s_fs->sync_names(s_fs->ctx, "no"), ERR_INPUT);
    assert_int_equal(s_fs->sync_names(s_fs->ctx, "file"), ERR_INPUT);
    assert_holds("file", "x");
}

static void no_path_leaves_the_root(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",     "..", "../a", "/a",    "/", "a/../b",  "a/..",
        "a//b", "a/", "./a",  "a/./b", ".", "a/../..", "../../etc/passwd"};
    assert_int_equal(s_fs->make_folder(s_fs->ctx, "a"), ERR_OK);
    put("x", "x");
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int fd = 77;
        bool found = false;
        struct fs_stat st;
        assert_int_equal(s_fs->create(s_fs->ctx, paths[i], &fd), ERR_INPUT);
        assert_int_equal(s_fs->open(s_fs->ctx, paths[i], &found, &fd), ERR_INPUT);
        assert_int_equal(fd, 77);
        assert_int_equal(s_fs->rename(s_fs->ctx, "x", paths[i]), ERR_INPUT);
        assert_int_equal(s_fs->rename(s_fs->ctx, paths[i], "y"), ERR_INPUT);
        assert_int_equal(s_fs->rename_noreplace(s_fs->ctx, "x", paths[i], &found), ERR_INPUT);
        assert_int_equal(s_fs->remove(s_fs->ctx, paths[i]), ERR_INPUT);
        assert_int_equal(s_fs->make_folder(s_fs->ctx, paths[i]), ERR_INPUT);
        if (strcmp(paths[i], ".") != 0)
            assert_int_equal(s_fs->stat(s_fs->ctx, paths[i], &found, &st), ERR_INPUT);
    }
    assert_holds("x", "x");
}

static void names_end_at_their_limit(void **state)
{
    (void)state;
    char name[300];
    int fd = 77;
    memset(name, 'n', sizeof name);
    name[255] = '\0';
    put(name, "x");
    assert_holds(name, "x");
    name[255] = 'n';
    name[256] = '\0';
    assert_int_equal(s_fs->create(s_fs->ctx, name, &fd), ERR_LIMIT);

    char path[FS_PATH_MAX + 1];
    memset(path, 'f', sizeof path);
    path[200] = path[401] = '/';
    path[FS_PATH_MAX] = '\0';
    assert_int_equal(s_fs->create(s_fs->ctx, path, &fd), ERR_LIMIT);
    assert_int_equal(fd, 77);
    path[FS_PATH_MAX - 1] = '\0';
    path[200] = '\0';
    assert_int_equal(s_fs->make_folder(s_fs->ctx, path), ERR_OK);
    path[200] = '/';
    path[401] = '\0';
    assert_int_equal(s_fs->make_folder(s_fs->ctx, path), ERR_OK);
    path[401] = '/';
    put(path, "deep");
    assert_holds(path, "deep");
}

static void a_rename_that_may_not_replace_does_not(void **state)
{
    (void)state;
    bool taken = true;
    put("new", "new");
    assert_int_equal(s_fs->rename_noreplace(s_fs->ctx, "new", "a", &taken), ERR_OK);
    assert_false(taken);
    assert_false(there("new"));
    assert_holds("a", "new");
    put("other", "other");
    assert_int_equal(s_fs->rename_noreplace(s_fs->ctx, "other", "a", &taken), ERR_OK);
    assert_true(taken);
    assert_holds("a", "new");
    assert_holds("other", "other");
    taken = false;
    assert_int_equal(s_fs->make_folder(s_fs->ctx, "folder"), ERR_OK);
    assert_int_equal(s_fs->rename_noreplace(s_fs->ctx, "other", "folder", &taken), ERR_OK);
    assert_true(taken);
}

static void a_rename_that_may_replace_does(void **state)
{
    (void)state;
    put("a", "old");
    put("b", "new");
    assert_int_equal(s_fs->make_folder(s_fs->ctx, "f"), ERR_OK);
    assert_int_equal(s_fs->rename(s_fs->ctx, "b", "a"), ERR_OK);
    assert_holds("a", "new");
    assert_false(there("b"));
    assert_int_equal(s_fs->rename(s_fs->ctx, "a", "f/c"), ERR_OK);
    assert_holds("f/c", "new");
    assert_int_equal(s_fs->rename(s_fs->ctx, "f/c", "f"), ERR_INPUT);
    assert_holds("f/c", "new");
}

static void folders_are_no_files(void **state)
{
    (void)state;
    int fd = -1;
    bool found = false;
    struct fs_stat st;
    assert_int_equal(s_fs->make_folder(s_fs->ctx, "f"), ERR_OK);
    assert_int_equal(s_fs->make_folder(s_fs->ctx, "f"), ERR_OK);
    assert_int_equal(s_fs->open(s_fs->ctx, "f", &found, &fd), ERR_INPUT);
    assert_int_equal(s_fs->remove(s_fs->ctx, "f"), ERR_INPUT);
    assert_int_equal(s_fs->stat(s_fs->ctx, "f", &found, &st), ERR_OK);
    assert_true(found && !st.is_file);
    assert_int_equal(s_fs->stat(s_fs->ctx, ".", &found, &st), ERR_OK);
    assert_true(found && !st.is_file);
    put("a", "abc");
    assert_int_equal(s_fs->make_folder(s_fs->ctx, "a"), ERR_INPUT);
    assert_int_equal(s_fs->stat(s_fs->ctx, "a", &found, &st), ERR_OK);
    assert_true(found && st.is_file && st.size_bytes == 3);
}

struct seen {
    size_t count, stop_at;
    bool a, b, f;
};

static bool note_name(void *arg, const char *name)
{
    struct seen *s = arg;
    assert_string_not_equal(name, ".");
    assert_string_not_equal(name, "..");
    s->count++;
    s->a = s->a || strcmp(name, "a") == 0;
    s->b = s->b || strcmp(name, "b") == 0;
    s->f = s->f || strcmp(name, "f") == 0;
    return s->count != s->stop_at;
}

static void a_list_has_every_name_once_and_can_be_stopped(void **state)
{
    (void)state;
    struct seen s = {0};
    assert_int_equal(s_fs->list(s_fs->ctx, ".", note_name, &s), ERR_OK);
    assert_int_equal(s.count, 0);
    assert_int_equal(s_fs->make_folder(s_fs->ctx, "f"), ERR_OK);
    put("a", "");
    put("f/b", "");
    assert_int_equal(s_fs->list(s_fs->ctx, ".", note_name, &s), ERR_OK);
    assert_true(s.count == 2 && s.a && s.f && !s.b);
    s = (struct seen){0};
    assert_int_equal(s_fs->list(s_fs->ctx, "f", note_name, &s), ERR_OK);
    assert_true(s.count == 1 && s.b);
    s = (struct seen){.stop_at = 1};
    assert_int_equal(s_fs->list(s_fs->ctx, ".", note_name, &s), ERR_OK);
    assert_int_equal(s.count, 1);
    assert_int_equal(s_fs->list(s_fs->ctx, "none", note_name, &s), ERR_INPUT);
    assert_int_equal(s_fs->list(s_fs->ctx, "a", note_name, &s), ERR_INPUT);
    assert_int_equal(s_fs->list(s_fs->ctx, "..", note_name, &s), ERR_INPUT);
}

static void a_removed_file_is_still_read_by_who_has_it_open(void **state)
{
    (void)state;
    put("a", "abc");
    int fd = open_for_reading("a");
    assert_int_equal(s_fs->remove(s_fs->ctx, "a"), ERR_OK);
    assert_false(there("a"));
    char out[8];
    size_t len = 0;
    assert_int_equal(s_fs->read(s_fs->ctx, fd, 0, out, sizeof out, &len), ERR_OK);
    assert_int_equal(len, 3);
    shut(fd);
}

static void every_flush_answers(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(s_fs->create(s_fs->ctx, "a", &fd), ERR_OK);
    assert_int_equal(s_fs->write(s_fs->ctx, fd, "abc", 3), ERR_OK);
    assert_int_equal(s_fs->sync(s_fs->ctx, fd), ERR_OK);
    assert_int_equal(s_fs->write(s_fs->ctx, fd, "def", 3), ERR_OK);
    shut(fd);
    assert_int_equal(s_fs->make_folder(s_fs->ctx, "f"), ERR_OK);
    assert_int_equal(s_fs->sync_names(s_fs->ctx, "."), ERR_OK);
    assert_int_equal(s_fs->sync_names(s_fs->ctx, "f"), ERR_OK);
    assert_int_equal(s_fs->sync_all(s_fs->ctx), ERR_OK);
    fd = open_for_reading("a");
    assert_int_equal(s_fs->forget_cache(s_fs->ctx, fd), ERR_OK);
    shut(fd);
    assert_holds("a", "abcdef");
}

static void a_tag_stays_with_its_file(void **state)
{
    (void)state;
    int fd = -1;
    bool kept = false;
    char out[16];
    size_t len = 77;
    assert_int_equal(s_fs->create(s_fs->ctx, "a", &fd), ERR_OK);
    assert_int_equal(s_fs->tag_set(s_fs->ctx, fd, "one", 3, &kept), ERR_OK);
    shut(fd);
    if (!kept)
        return; /* this file system has none: nothing else is promised */
    assert_int_equal(s_fs->rename(s_fs->ctx, "a", "b"), ERR_OK);
    fd = open_for_reading("b");
    assert_int_equal(s_fs->tag_get(s_fs->ctx, fd, out, sizeof out, &len), ERR_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(out, "one", 3);
    assert_int_equal(s_fs->tag_get(s_fs->ctx, fd, out, 3, &len), ERR_OK);
    assert_int_equal(s_fs->tag_get(s_fs->ctx, fd, out, 2, &len), ERR_LIMIT);
    assert_int_equal(s_fs->tag_set(s_fs->ctx, fd, "longer", 6, &kept), ERR_OK);
    assert_int_equal(s_fs->tag_get(s_fs->ctx, fd, out, sizeof out, &len), ERR_OK);
    assert_int_equal(len, 6);
    shut(fd);
}

static void a_tag_too_long_to_keep_is_not_kept_and_no_error(void **state)
{
    (void)state;
    static char huge[70000];
    int fd = -1;
    bool kept = true;
    size_t len = 77;
    assert_int_equal(s_fs->create(s_fs->ctx, "a", &fd), ERR_OK);
    assert_int_equal(s_fs->tag_set(s_fs->ctx, fd, huge, sizeof huge, &kept), ERR_OK);
    assert_false(kept);
    shut(fd);
    fd = open_for_reading("a");
    assert_int_equal(s_fs->tag_get(s_fs->ctx, fd, huge, sizeof huge, &len), ERR_OK);
    assert_int_equal(len, 0);
    shut(fd);
}

static void space_is_told(void **state)
{
    (void)state;
    struct fs_space space = {0};
    assert_int_equal(s_fs->space(s_fs->ctx, &space), ERR_OK);
    assert_true(space.free_bytes > 0 && space.free_bytes <= space.total_bytes);
}

int fs_contract_run(const struct fs_contract *contract)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, open_disk, close_disk)
    const struct CMUnitTest tests[] = {
        ROW(what_was_written_is_read_at_any_offset),
        ROW(a_taken_name_cannot_be_created),
        ROW(what_is_not_there_is_not_found_and_no_error),
        ROW(a_missing_folder_is_refused),
        ROW(no_path_leaves_the_root),
        ROW(names_end_at_their_limit),
        ROW(a_rename_that_may_not_replace_does_not),
        ROW(a_rename_that_may_replace_does),
        ROW(folders_are_no_files),
        ROW(a_list_has_every_name_once_and_can_be_stopped),
        ROW(a_removed_file_is_still_read_by_who_has_it_open),
        ROW(every_flush_answers),
        ROW(a_tag_stays_with_its_file),
        ROW(a_tag_too_long_to_keep_is_not_kept_and_no_error),
        ROW(space_is_told),
    };
#undef ROW
    s_contract = contract;
    return cmocka_run_group_tests_name(contract->name, tests, NULL, NULL);
}
