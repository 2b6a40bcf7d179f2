/* Goal: files in the folder become photos once, and none is ever removed unless its very bytes are
 * stored elsewhere. Method: the adopter over uploads, committer, a disk and a database in memory.
 */
#include "test/unit/relay_main/receive_rig.h"

#include "relay/main/adopter.h"

static struct receive_rig s_rig;
static struct state_view s_view;
static struct adopter *s_adopter;

static const unsigned char *const PHOTO = JPEG_SAMPLE_BASE;
enum { PHOTO_LEN = sizeof JPEG_SAMPLE_BASE };
static const char FIRST[] = "photo_20240101_120000.jpg";

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static void open_adopter(bool rebuilding)
{
    fake_state_view_open(&s_rig.memory, &s_view);
    struct adopter_deps deps = {
        .fs = &s_rig.disk.fs,
        .hash = &s_rig.hash,
        .clock = &s_rig.clock,
        .committer = s_rig.committer,
        .view = &s_view,
        .metrics = &s_rig.metrics,
        .stop = never,
        .accept = MEDIUM_BIT(MEDIUM_JPEG),
    };
    assert_int_equal(adopter_create(&deps, rebuilding, &s_adopter), ERR_OK);
}

static void open_all(void)
{
    rig_open(&s_rig, 1, 16);
    open_adopter(false);
}

static void close_all(void)
{
    adopter_destroy(s_adopter);
    s_view.close(s_view.ctx);
    rig_close(&s_rig);
}

static void upload(const char *key)
{
    struct front_exchange *x = rig_begin(&s_rig, key);
    assert_true(fake_front_send(x, PHOTO, PHOTO_LEN));
    fake_front_finish(x);
    assert_int_equal(fake_front_wait(x), 200);
    fake_front_end(x);
}

/* A file with a record, as a crash between its name and its row leaves it. */
static void leave_file(const char *name, const char *key)
{
    const struct fs *fs = &s_rig.disk.fs;
    struct spool spool = {0};
    struct photo p = {.received = {1704110400000}};
    bool tagged, taken;
    (void)snprintf(p.key, sizeof p.key, "%s", key);
    assert_int_equal(spool_begin(&spool, fs, &s_rig.hash, LAYOUT_TMP, 1000), ERR_OK);
    assert_int_equal(spool_write(&spool, PHOTO, PHOTO_LEN), ERR_OK);
    assert_int_equal(spool_finish(&spool, &p, false, &tagged), ERR_OK);
    assert_int_equal(fs->rename_noreplace(fs->ctx, spool.path, name, &taken), ERR_OK);
    assert_false(taken);
}

static void rename_by_hand(const char *from, const char *to)
{
    const struct fs *fs = &s_rig.disk.fs;
    assert_int_equal(fs->rename(fs->ctx, from, to), ERR_OK);
}

static void expect_stored(const char *name)
{
    assert_true(fake_fs_holds(&s_rig.disk, name, PHOTO, PHOTO_LEN));
    assert_true(fake_state_has(&s_rig.memory, name, NULL));
}

static void a_copied_file_becomes_a_photo(void **state)
{
    (void)state;
    open_all();
    fake_fs_put(&s_rig.disk, "mine.JPG", PHOTO, PHOTO_LEN);
    adopter_scan(s_adopter);
    expect_stored("mine.JPG");
    assert_int_equal(metrics_value(&s_rig.metrics, METRIC_ADOPTED_TOTAL), 1);
    close_all();
}

/* A commit gives a name, the watch tells of it, and only then does the commit say that it was it.
 */
static void a_name_heard_a_moment_too_early_is_still_our_own(void **state)
{
    (void)state;
    open_all();
    leave_file("own.jpg", "k1");
    leave_file("alien.jpg", "k2");
    adopter_hear(s_adopter, "own.jpg");
    adopter_hear(s_adopter, "alien.jpg");
    adopter_note(s_adopter, "own.jpg");
    (void)adopter_step(s_adopter);
    expect_stored("alien.jpg");
    assert_int_equal(metrics_value(&s_rig.metrics, METRIC_ADOPTED_TOTAL), 1);
    close_all();
}

static void a_photo_renamed_by_hand_stays_a_photo(void **state)
{
    (void)state;
    open_all();
    upload("k");
    rename_by_hand(FIRST, "front door.jpg");
    adopter_scan(s_adopter);
    expect_stored("front door.jpg");
    close_all();
}

static void what_a_crash_left_goes_when_its_bytes_are_stored(void **state)
{
    (void)state;
    open_all();
    upload("k"); /* its sender repeated it */
    leave_file("left.jpg", "k");
    adopter_scan(s_adopter);
    assert_false(fake_fs_has(&s_rig.disk, "left.jpg"));
    expect_stored(FIRST);
    close_all();
}

static void what_a_crash_left_stays_when_the_stored_one_is_damaged(void **state)
{
    (void)state;
    open_all();
    upload("k");
    fake_fs_damage(&s_rig.disk, FIRST, 300);
    leave_file("left.jpg", "k");
    adopter_scan(s_adopter);
    expect_stored("left.jpg");
    close_all();
}

static void forget_first(void *arg, struct commit *commit)
{
    const int64_t id = 1;
    const struct state *state = commit->deps.state;
    *(enum err *)arg = state->photos_forget(state->ctx, &id, 1, true);
}

static void lose_first(void *arg, struct commit *commit)
{
    const int64_t id = 1;
    const struct state *state = commit->deps.state;
    *(enum err *)arg = state->photos_forget(state->ctx, &id, 1, false);
}

static void a_deleted_photo_that_is_put_back_is_a_photo_again(void **state)
{
    (void)state;
    enum err e = ERR_IO;
    open_all();
    upload("k");
    assert_true(committer_call(s_rig.committer, forget_first, &e)); /* retention did */
    assert_int_equal(e, ERR_OK);
    adopter_scan(s_adopter);
    expect_stored(FIRST);
    close_all();
}

/* Where there are no tags the journal speaks of every file that ever had the name. */
static void an_old_line_of_the_journal_does_not_set_a_photo_aside(void **state)
{
    (void)state;
    struct journal j;
    struct photo old = {.size_bytes = 3, .received = {1704110400000}};
    rig_open(&s_rig, 1, 16);
    s_rig.disk.has_tags = false;
    (void)snprintf(old.name, sizeof old.name, "%s", FIRST);
    journal_init(&j, &s_rig.disk.fs);
    assert_int_equal(journal_append(&j, JOURNAL_STORED, &old), ERR_OK);
    assert_int_equal(journal_append(&j, JOURNAL_DELETED, &old), ERR_OK);
    journal_close(&j);
    upload("k");
    enum err e = ERR_IO; /* the database is lost, the files are not */
    assert_true(committer_call(s_rig.committer, lose_first, &e));
    open_adopter(true);
    adopter_rebuild(s_adopter);
    expect_stored(FIRST);
    struct photo row;
    assert_true(fake_state_has(&s_rig.memory, FIRST, &row));
    assert_string_equal(row.key, "k");
    close_all();
}

static void many_files_go_through_few_slots(void **state)
{
    (void)state;
    enum { N = 200 };
    char name[32];
    open_all();
    for (unsigned i = 0; i < N; i++) {
        (void)snprintf(name, sizeof name, "%u.jpg", i);
        fake_fs_put(&s_rig.disk, name, PHOTO, PHOTO_LEN);
    }
    adopter_scan(s_adopter);
    for (unsigned i = 0; i < N; i++) {
        (void)snprintf(name, sizeof name, "%u.jpg", i);
        expect_stored(name);
    }
    assert_int_equal(metrics_value(&s_rig.metrics, METRIC_ADOPTED_TOTAL), N);
    close_all();
}

static void a_disk_that_fails_leaves_files_for_later(void **state)
{
    (void)state;
    open_all();
    fake_fs_fail(&s_rig.disk, FAKE_FS_SYNC_ALL, 1, ERR_IO, true);
    leave_file("left.jpg", "k");
    adopter_scan(s_adopter);
    assert_true(fake_fs_has(&s_rig.disk, "left.jpg"));
    assert_int_equal(metrics_value(&s_rig.metrics, METRIC_ADOPTED_TOTAL), 0);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copied_file_becomes_a_photo),
        cmocka_unit_test(a_name_heard_a_moment_too_early_is_still_our_own),
        cmocka_unit_test(a_photo_renamed_by_hand_stays_a_photo),
        cmocka_unit_test(what_a_crash_left_goes_when_its_bytes_are_stored),
        cmocka_unit_test(what_a_crash_left_stays_when_the_stored_one_is_damaged),
        cmocka_unit_test(a_deleted_photo_that_is_put_back_is_a_photo_again),
        cmocka_unit_test(an_old_line_of_the_journal_does_not_set_a_photo_aside),
        cmocka_unit_test(many_files_go_through_few_slots),
        cmocka_unit_test(a_disk_that_fails_leaves_files_for_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
