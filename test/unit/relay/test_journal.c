/* Goal: what the journal took before a flush is read back after any power cut; damage costs only
 * the lines it hit. */
#include <stdio.h>
#include <string.h>

#include "relay/logic/journal.h"
#include "relay/logic/layout.h"
#include "relay/logic/recovery.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/unit/unit.h"

struct seen {
    char names[64][PHOTO_NAME_MAX];
    char keys[64][PHOTO_KEY_MAX];
    enum journal_kind kinds[64];
    size_t count;
    size_t stop_after;
};

static bool see(void *arg, enum journal_kind kind, const struct photo *p)
{
    struct seen *s = arg;
    assert_true(s->count < 64);
    memcpy(s->names[s->count], p->name, sizeof p->name);
    memcpy(s->keys[s->count], p->key, sizeof p->key);
    s->kinds[s->count] = kind;
    s->count++;
    return s->stop_after == 0 || s->count < s->stop_after;
}

static struct photo photo_of(unsigned n)
{
    struct photo p = {.size_bytes = n};
    snprintf(p.key, sizeof p.key, "key %u", n);
    return p;
}

static void append(struct journal *j, const char *name, unsigned n)
{
    struct photo p = photo_of(n);
    snprintf(p.name, sizeof p.name, "%s", name);
    enum journal_kind kind = n % 2 == 0 ? JOURNAL_STORED : JOURNAL_DELETED;
    assert_int_equal(journal_append(j, kind, &p), ERR_OK);
}

static struct seen read_all(struct fake_fs *f, uint64_t *damaged)
{
    static struct seen s;
    s = (struct seen){0};
    assert_int_equal(journal_read(&f->fs, see, &s, damaged), ERR_OK);
    return s;
}

static void open_disk(struct fake_fs *f)
{
    fake_fs_init(f);
    assert_int_equal(recovery_make_folders(&f->fs), ERR_OK);
    assert_int_equal(f->fs.sync_all(f->fs.ctx), ERR_OK);
}

static void lines_come_back_in_order_over_runs(void **state)
{
    (void)state;
    static struct fake_fs f;
    struct journal j;
    uint64_t damaged = 9;
    open_disk(&f);
    assert_int_equal(read_all(&f, &damaged).count, 0);
    for (unsigned run = 0; run < 3; run++) {
        journal_init(&j, &f.fs);
        append(&j, "a b\t.jpg", run * 2);
        append(&j, "gone.jpg", run * 2 + 1);
        assert_int_equal(journal_sync(&j), ERR_OK);
        journal_close(&j);
    }
    struct seen s = read_all(&f, &damaged);
    assert_int_equal(damaged, 0);
    assert_int_equal(s.count, 6);
    assert_string_equal(s.names[0], "a b\t.jpg");
    assert_string_equal(s.names[1], "gone.jpg");
    assert_int_equal(s.kinds[0], JOURNAL_STORED);
    assert_int_equal(s.kinds[1], JOURNAL_DELETED);
    assert_string_equal(s.keys[5], "key 5");
    assert_int_equal(fake_fs_count(&f, LAYOUT_JOURNAL), 3);
    assert_int_equal(fake_fs_open_count(&f), 0);
    fake_fs_deinit(&f);
}

static void a_run_without_lines_leaves_no_segment(void **state)
{
    (void)state;
    static struct fake_fs f;
    struct journal j;
    open_disk(&f);
    journal_init(&j, &f.fs);
    assert_int_equal(journal_sync(&j), ERR_OK);
    journal_close(&j);
    assert_int_equal(fake_fs_count(&f, LAYOUT_JOURNAL), 0);
    fake_fs_deinit(&f);
}

static void flushed_lines_survive_every_loss(void **state)
{
    (void)state;
    static struct fake_fs f;
    for (int loss = 0; loss < FAKE_FS_LOSSES; loss++) {
        struct journal j;
        uint64_t damaged;
        open_disk(&f);
        journal_init(&j, &f.fs);
        append(&j, "a.jpg", 1);
        append(&j, "b.jpg", 2);
        assert_int_equal(journal_sync(&j), ERR_OK);
        append(&j, "c.jpg", 3);
        fake_fs_reboot(&f, (enum fake_fs_loss)loss);
        struct seen s = read_all(&f, &damaged);
        assert_true(s.count >= 2);
        assert_string_equal(s.names[0], "a.jpg");
        assert_string_equal(s.names[1], "b.jpg");
        assert_true(damaged <= 1);
        fake_fs_deinit(&f);
    }
}

static void damage_costs_only_the_line_it_hit(void **state)
{
    (void)state;
    static struct fake_fs f;
    struct journal j;
    uint64_t damaged;
    open_disk(&f);
    journal_init(&j, &f.fs);
    for (unsigned i = 0; i < 40; i++)
        append(&j, "x.jpg", i);
    assert_int_equal(journal_sync(&j), ERR_OK);
    journal_close(&j);
    for (size_t offset = 0; offset < 3500; offset += 97) {
        fake_fs_damage(&f, LAYOUT_JOURNAL "/00000001", offset);
        struct seen s = read_all(&f, &damaged);
        size_t sound = 0;
        for (size_t i = 0; i < s.count; i++)
            sound += strcmp(s.names[i], "x.jpg") == 0;
        assert_true(sound == 39 || (sound == 38 && damaged == 1)); /* two lines made one */
        fake_fs_damage(&f, LAYOUT_JOURNAL "/00000001", offset);    /* flips it back */
    }
    fake_fs_deinit(&f);
}

static void a_file_that_is_no_journal_is_skipped_whole(void **state)
{
    (void)state;
    static struct fake_fs f;
    static char noise[100000];
    uint64_t damaged;
    open_disk(&f);
    memset(noise, 'n', sizeof noise);
    fake_fs_put(&f, LAYOUT_JOURNAL "/00000001", noise, sizeof noise);
    fake_fs_put(&f, LAYOUT_JOURNAL "/readme", "x\n", 2);
    assert_int_equal(read_all(&f, &damaged).count, 0);
    assert_true(damaged > 0);
    fake_fs_deinit(&f);
}

static void reading_stops_when_told(void **state)
{
    (void)state;
    static struct fake_fs f;
    struct journal j;
    uint64_t damaged;
    open_disk(&f);
    journal_init(&j, &f.fs);
    for (unsigned i = 0; i < 5; i++)
        append(&j, "x.jpg", i);
    journal_close(&j);
    static struct seen s;
    s = (struct seen){.stop_after = 2};
    assert_int_equal(journal_read(&f.fs, see, &s, &damaged), ERR_OK);
    assert_int_equal(s.count, 2);
    assert_int_equal(fake_fs_open_count(&f), 0);
    fake_fs_deinit(&f);
}

static void a_disk_that_fails_says_so(void **state)
{
    (void)state;
    static struct fake_fs f;
    struct journal j;
    struct photo p = photo_of(1);
    open_disk(&f);
    journal_init(&j, &f.fs);
    fake_fs_fail(&f, FAKE_FS_CREATE, 1, ERR_IO, false);
    assert_int_equal(journal_append(&j, JOURNAL_STORED, &p), ERR_IO);
    fake_fs_fail(&f, FAKE_FS_WRITE, 1, ERR_FULL, false);
    assert_int_equal(journal_append(&j, JOURNAL_STORED, &p), ERR_FULL);
    assert_int_equal(journal_append(&j, JOURNAL_STORED, &p), ERR_OK);
    fake_fs_fail(&f, FAKE_FS_SYNC, 1, ERR_IO, false);
    assert_int_equal(journal_sync(&j), ERR_IO);
    journal_close(&j);
    assert_int_equal(fake_fs_open_count(&f), 0);
    fake_fs_deinit(&f);
}

/* A write that failed may have left half a line: the next one must not be swallowed by it. */
static void after_a_failure_the_next_line_is_whole(void **state)
{
    (void)state;
    static struct fake_fs f;
    struct journal j;
    struct photo p = photo_of(1);
    uint64_t damaged;
    open_disk(&f);
    journal_init(&j, &f.fs);
    append(&j, "a.jpg", 0);
    fake_fs_fail(&f, FAKE_FS_WRITE, 1, ERR_FULL, false);
    assert_int_equal(journal_append(&j, JOURNAL_STORED, &p), ERR_FULL);
    append(&j, "b.jpg", 2);
    fake_fs_fail(&f, FAKE_FS_SYNC, 1, ERR_IO, false);
    assert_int_equal(journal_sync(&j), ERR_IO);
    append(&j, "c.jpg", 4);
    journal_close(&j);
    struct seen s = read_all(&f, &damaged);
    assert_int_equal(s.count, 3);
    assert_string_equal(s.names[1], "b.jpg");
    assert_string_equal(s.names[2], "c.jpg");
    assert_int_equal(damaged, 1);
    fake_fs_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_back_in_order_over_runs),
        cmocka_unit_test(a_run_without_lines_leaves_no_segment),
        cmocka_unit_test(flushed_lines_survive_every_loss),
        cmocka_unit_test(damage_costs_only_the_line_it_hit),
        cmocka_unit_test(a_file_that_is_no_journal_is_skipped_whole),
        cmocka_unit_test(reading_stops_when_told),
        cmocka_unit_test(a_disk_that_fails_says_so),
        cmocka_unit_test(after_a_failure_the_next_line_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
