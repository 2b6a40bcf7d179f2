/* Goal: what was answered survives every power cut, whole and with its key; what fails leaves
 * nothing. Method: batches against a disk and a database in memory, with the power cut before call
 * 1, 2, 3 ... and with call 1, 2, 3 ... failing, under every model of what a cut leaves. */
#include <stdio.h>
#include <string.h>

#include "relay/logic/adopt.h"
#include "relay/logic/layout.h"
#include "relay/logic/recovery.h"
#include "relay/logic/tag.h"
#include "test/fakes/relay/commit_rig.h"
#include "test/fakes/relay/plain_hash.h"
#include "test/unit/unit.h"

static struct commit_rig s_rig;

/* --- good weather ----------------------------------------------------------------------------- */

static void a_photo_is_named_listed_and_whole(void **state)
{
    (void)state;
    struct commit_item item;
    struct photo row;
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    rig_send(&s_rig, &(struct rig_upload){.bytes = "one", .original = "cam.jpg"}, &item);
    assert_int_equal(item.outcome, COMMIT_STORED);
    assert_string_equal(item.photo.name, "cam_20240101_120000.jpg");
    assert_true(rig_file_is(&s_rig, item.photo.name, "one"));
    assert_true(fake_state_has(&s_rig.memory, item.photo.name, &row));
    assert_true(row.id == 1 && row.batch == 1 && s_rig.commit.seen == 1);
    assert_int_equal(fake_fs_count(&s_rig.disk, LAYOUT_TMP), 0);
    assert_int_equal(s_rig.named, 1);
    rig_deinit(&s_rig);
}

static void a_batch_costs_one_flush(void **state)
{
    (void)state;
    enum { N = 20 };
    static struct commit_item items[N];
    struct commit_item *list[N];
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(rig_spool(&s_rig, &(struct rig_upload){.bytes = "b"}, &items[i]), ERR_OK);
        list[i] = &items[i];
    }
    unsigned before = s_rig.disk.calls_of[FAKE_FS_SYNC_ALL];
    unsigned syncs = s_rig.disk.calls_of[FAKE_FS_SYNC];
    commit_batch(&s_rig.commit, list, N);
    assert_int_equal(s_rig.disk.calls_of[FAKE_FS_SYNC_ALL], before + 1);
    assert_int_equal(s_rig.disk.calls_of[FAKE_FS_SYNC], syncs);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(items[i].outcome, COMMIT_STORED);
    assert_string_equal(items[0].photo.name, "photo_20240101_120000.jpg");
    assert_string_equal(items[N - 1].photo.name, "photo_20240101_120000_20.jpg");
    rig_deinit(&s_rig);
}

static void the_thousandth_name_of_a_second_costs_one_rename_more(void **state)
{
    (void)state;
    struct commit_item item;
    rig_init(&s_rig, GROUND_NONE);
    struct rig_upload same = {.bytes = "x", .original = "a_20200101_000000.jpg"};
    struct rig_upload other = {.bytes = "x", .original = "b_20200101_000000.jpg"};
    for (unsigned i = 0; i < 1000; i++) {
        rig_send(&s_rig, i % 2 == 0 ? &same : &other, &item); /* two bases take turns */
        assert_int_equal(item.outcome, COMMIT_STORED);
    }
    assert_string_equal(item.photo.name, "b_20200101_000000_500.jpg");
    unsigned before = s_rig.disk.calls_of[FAKE_FS_RENAME_NOREPLACE];
    rig_send(&s_rig, &same, &item);
    assert_string_equal(item.photo.name, "a_20200101_000000_501.jpg");
    assert_true(s_rig.disk.calls_of[FAKE_FS_RENAME_NOREPLACE] <= before + 2);
    rig_deinit(&s_rig);
}

static void a_name_once_sent_is_not_given_again(void **state)
{
    (void)state;
    const char *sent[] = {"a_20200101_000000.jpg"};
    const char *destinations[] = {"remote"};
    struct commit_item item;
    rig_init(&s_rig, GROUND_NONE);
    assert_int_equal(s_rig.state.destinations_set(s_rig.state.ctx, destinations, 1), ERR_OK);
    assert_int_equal(s_rig.state.sent_import(s_rig.state.ctx, sent, 1), ERR_OK);
    rig_send(&s_rig, &(struct rig_upload){.bytes = "x", .original = sent[0]}, &item);
    assert_int_equal(item.outcome, COMMIT_STORED);
    assert_string_equal(item.photo.name, "a_20200101_000000_2.jpg");
    rig_deinit(&s_rig);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void a_repeated_key_gets_the_first_answer(void **state)
{
    (void)state;
    struct commit_item first, again, other;
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    rig_send(&s_rig, &(struct rig_upload){"one", "k", "door", "a.jpg"}, &first);
    s_rig.now.ms += 5000;
    rig_send(&s_rig, &(struct rig_upload){"one", "k", "door", "b.jpg"}, &again);
    assert_int_equal(again.outcome, COMMIT_DUPLICATE);
    assert_string_equal(again.photo.name, first.photo.name);
    rig_send(&s_rig, &(struct rig_upload){"two", "k", "door", "a.jpg"}, &other);
    assert_int_equal(other.outcome, COMMIT_KEY_REUSED);
    rig_send(&s_rig, &(struct rig_upload){"two", "k", "garage", "a.jpg"}, &other);
    assert_int_equal(other.outcome, COMMIT_STORED); /* keys belong to a camera */
    assert_int_equal(fake_fs_count(&s_rig.disk, "."), 2);
    assert_int_equal(fake_fs_count(&s_rig.disk, LAYOUT_TMP), 0);
    rig_deinit(&s_rig);
}

static void repeats_in_one_batch_join_the_first(void **state)
{
    (void)state;
    static struct commit_item items[5];
    struct commit_item *list[5];
    static const struct rig_upload uploads[5] = {
        {"one", "k", "c", "a.jpg"}, {"one", "k", "c", "a.jpg"}, {"two", "k", "c", "a.jpg"},
        {"one", "l", "c", "a.jpg"}, {"one", "k", "d", "a.jpg"}, /* another camera's key */
    };
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(rig_spool(&s_rig, &uploads[i], &items[i]), ERR_OK);
        list[i] = &items[i];
    }
    commit_batch(&s_rig.commit, list, 5);
    assert_int_equal(items[0].outcome, COMMIT_STORED);
    assert_int_equal(items[1].outcome, COMMIT_DUPLICATE);
    assert_string_equal(items[1].photo.name, items[0].photo.name);
    assert_int_equal(items[2].outcome, COMMIT_KEY_REUSED);
    assert_int_equal(items[3].outcome, COMMIT_STORED);
    assert_int_equal(items[4].outcome, COMMIT_STORED);
    assert_int_equal(fake_fs_count(&s_rig.disk, "."), 3);
    assert_int_equal(fake_fs_count(&s_rig.disk, LAYOUT_TMP), 0);
    rig_deinit(&s_rig);
}

static void without_a_key_equal_bytes_count_only_inside_the_window(void **state)
{
    (void)state;
    struct commit_item item;
    s_rig.dedupe_window_s = 0;
    rig_init(&s_rig, GROUND_NONE);
    s_rig.commit.deps.dedupe_window_s = 10;
    rig_send(&s_rig, &(struct rig_upload){.bytes = "one"}, &item);
    s_rig.now.ms += 10000;
    rig_send(&s_rig, &(struct rig_upload){.bytes = "one"}, &item);
    assert_int_equal(item.outcome, COMMIT_DUPLICATE);
    s_rig.now.ms += 1;
    rig_send(&s_rig, &(struct rig_upload){.bytes = "one"}, &item);
    assert_int_equal(item.outcome, COMMIT_STORED);
    s_rig.commit.deps.dedupe_window_s = 0;
    rig_send(&s_rig, &(struct rig_upload){.bytes = "one"}, &item);
    assert_int_equal(item.outcome, COMMIT_STORED);
    rig_deinit(&s_rig);
}

/* --- power cuts ------------------------------------------------------------------------------- */

enum { BATCHES = 3, PER_BATCH = 2, ALL = BATCHES * PER_BATCH };

static char s_bytes[ALL][16];
static char s_keys[ALL][16];
static struct commit_item s_items[ALL];

/* Uploads until the power goes; answers how many were acknowledged. */
static unsigned upload_batches(struct commit_rig *r)
{
    unsigned acked = 0;
    for (unsigned b = 0; b < BATCHES; b++) {
        struct commit_item *list[PER_BATCH];
        for (unsigned i = 0; i < PER_BATCH; i++) {
            unsigned n = b * PER_BATCH + i;
            struct rig_upload u = {s_bytes[n], s_keys[n], "cam", "p.jpg"};
            if (rig_spool(r, &u, &s_items[n]) != ERR_OK) {
                if (i > 0) /* its neighbour goes with it, so that batches stay whole */
                    (void)!r->disk.fs.remove(r->disk.fs.ctx, s_items[n - 1].path);
                return acked;
            }
            list[i] = &s_items[n];
        }
        commit_batch(&r->commit, list, PER_BATCH);
        for (unsigned i = 0; i < PER_BATCH; i++) {
            if (list[i]->outcome != COMMIT_STORED)
                return acked;
        }
        acked += PER_BATCH;
    }
    return acked;
}

static bool row_is_whole(void *arg, const struct photo *p)
{
    struct commit_rig *r = arg;
    bool same = false;
    assert_int_equal(recovery_compare(&r->disk.fs, &r->hash, p, true, &same), ERR_OK);
    assert_true(same);
    return true;
}

static void expect_promise_kept(struct commit_rig *r, unsigned acked)
{
    for (unsigned n = 0; n < acked; n++) {
        struct photo row;
        struct commit_item again;
        assert_true(rig_file_is(r, s_items[n].photo.name, s_bytes[n]));
        assert_true(fake_state_has(&r->memory, s_items[n].photo.name, &row));
        rig_send(r, &(struct rig_upload){s_bytes[n], s_keys[n], "cam", "p.jpg"}, &again);
        assert_int_equal(again.outcome, COMMIT_DUPLICATE);
        assert_string_equal(again.photo.name, s_items[n].photo.name);
    }
    assert_int_equal(r->state.photos_above(r->state.ctx, 0, row_is_whole, r), ERR_OK);
    for (unsigned n = acked; n < ALL; n++) { /* what was not answered can be sent again */
        struct commit_item again;
        rig_send(r, &(struct rig_upload){s_bytes[n], s_keys[n], "cam", "p.jpg"}, &again);
        assert_true(again.outcome == COMMIT_STORED || again.outcome == COMMIT_DUPLICATE);
        assert_true(rig_file_is(r, again.photo.name, s_bytes[n]));
    }
    assert_int_equal(fake_fs_count(&r->disk, LAYOUT_TMP), 0);
}

/* The database keeps a prefix of the batches that reaches at least to the last flush. */
static void cut_everywhere(enum ground_promise promise, enum fake_fs_loss loss, bool keep_newest)
{
    unsigned acked = 0;
    for (unsigned cut = 1; acked < ALL; cut++) {
        rig_init(&s_rig, promise);
        s_rig.disk.cut_at = s_rig.disk.calls + cut;
        acked = upload_batches(&s_rig);
        bool newest = keep_newest || promise == GROUND_PER_FILE;
        int64_t batch = newest ? s_rig.commit.next_batch - 1 : (int64_t)acked / PER_BATCH;
        rig_power_cut(&s_rig, loss, batch);
        commit_close(&s_rig.commit);
        rig_start(&s_rig);
        expect_promise_kept(&s_rig, acked);
        rig_deinit(&s_rig);
    }
}

static void every_power_cut_keeps_what_was_answered(void **state)
{
    (void)state;
    for (int loss = 0; loss < FAKE_FS_LOSSES; loss++) {
        cut_everywhere(GROUND_ONE_FLUSH, (enum fake_fs_loss)loss, false);
        cut_everywhere(GROUND_ONE_FLUSH, (enum fake_fs_loss)loss, true);
        cut_everywhere(GROUND_PER_FILE, (enum fake_fs_loss)loss, false);
    }
}

/* --- failures --------------------------------------------------------------------------------- */

/* Call `nth` of this kind fails, once or from then on; then the disk is sound again. */
static bool fail_call(enum ground_promise promise, enum fake_fs_call call, unsigned nth, bool stays)
{
    rig_init(&s_rig, promise);
    unsigned before = s_rig.disk.calls_of[call];
    fake_fs_fail(&s_rig.disk, call, nth, ERR_IO, stays);
    unsigned acked = upload_batches(&s_rig);
    bool hit = s_rig.disk.calls_of[call] >= before + nth;
    fake_fs_fail(&s_rig.disk, call, 0, ERR_OK, false);
    if (s_rig.commit.failing) {
        struct commit_item item;
        rig_send(&s_rig, &(struct rig_upload){.bytes = "no"}, &item);
        assert_int_equal(item.outcome, COMMIT_FAILED); /* nothing is acknowledged meanwhile */
        assert_int_equal(commit_recover(&s_rig.commit), ERR_OK);
        assert_false(s_rig.commit.failing);
    }
    expect_promise_kept(&s_rig, acked);
    rig_deinit(&s_rig);
    return hit;
}

static void every_failing_call_costs_only_its_own_batch(void **state)
{
    (void)state;
    static const enum fake_fs_call calls[] = {
        FAKE_FS_CREATE,           FAKE_FS_WRITE,      FAKE_FS_TAG_SET,  FAKE_FS_SYNC, FAKE_FS_CLOSE,
        FAKE_FS_RENAME_NOREPLACE, FAKE_FS_SYNC_NAMES, FAKE_FS_SYNC_ALL,
    };
    unsigned hits = 0;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (unsigned nth = 1; nth < 20; nth++) {
            hits += fail_call(GROUND_ONE_FLUSH, calls[i], nth, false);
            hits += fail_call(GROUND_ONE_FLUSH, calls[i], nth, true);
            hits += fail_call(GROUND_PER_FILE, calls[i], nth, false);
        }
    }
    assert_true(hits > 80); /* the levers were really pulled */
}

/* The cache shows what a failed flush lost; only the medium tells. */
static void what_a_failed_flush_lost_is_found_and_not_kept(void **state)
{
    (void)state;
    struct commit_item item, again;
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    fake_fs_fail(&s_rig.disk, FAKE_FS_SYNC_ALL, 1, ERR_IO, false);
    rig_send(&s_rig, &(struct rig_upload){"one", "k", "c", "a.jpg"}, &item);
    assert_int_equal(item.outcome, COMMIT_FAILED);
    assert_int_equal(s_rig.commit.seen, 0);
    assert_int_equal(commit_recover(&s_rig.commit), ERR_OK);
    rig_send(&s_rig, &(struct rig_upload){"one", "k", "c", "a.jpg"}, &again);
    assert_int_equal(again.outcome, COMMIT_STORED); /* its key was forgotten with it */
    rig_power_cut(&s_rig, FAKE_FS_LOSE_ALL, s_rig.commit.flushed);
    commit_close(&s_rig.commit);
    rig_start(&s_rig);
    assert_true(rig_file_is(&s_rig, again.photo.name, "one"));
    rig_deinit(&s_rig);
}

/* It may be torn and never acknowledged: its key must not answer for it. It may be whole and
 * acknowledged: its file must stay, with the record that brings it back. */
static void what_cannot_be_read_after_a_cut_is_neither_known_nor_thrown_away(void **state)
{
    (void)state;
    struct commit_item item;
    struct recovery_found found;
    struct adopt_found again;
    struct photo row;
    bool known = true;
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    rig_send(&s_rig, &(struct rig_upload){"one", "k", "c", "a.jpg"}, &item);
    assert_int_equal(item.outcome, COMMIT_STORED);
    fake_fs_fail(&s_rig.disk, FAKE_FS_READ, 1, ERR_IO, true);
    assert_int_equal(recovery_verify(&s_rig.disk.fs, &s_rig.hash, &s_rig.state, 0, &found), ERR_OK);
    assert_int_equal(found.unreadable, 1);
    assert_int_equal(found.damaged, 0);
    assert_int_equal(s_rig.state.key_find(s_rig.state.ctx, "c", "k", &known, &row), ERR_OK);
    assert_false(known);
    assert_int_equal(s_rig.state.name_find(s_rig.state.ctx, item.photo.name, &known, &row), ERR_OK);
    assert_false(known);
    assert_true(rig_file_is(&s_rig, item.photo.name, "one"));
    fake_fs_fail(&s_rig.disk, FAKE_FS_READ, 0, ERR_IO, false);
    struct adopt_look look = {.name = item.photo.name};
    assert_int_equal(adopt_examine(&s_rig.disk.fs, &s_rig.hash, &look, &again), ERR_OK);
    assert_int_equal(again.verdict, ADOPT_TAKE);
    assert_string_equal(again.photo.key, "k");
    rig_deinit(&s_rig);
}

static void a_database_that_fails_leaves_no_file(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth < 8; nth++) {
        struct commit_item item;
        rig_init(&s_rig, GROUND_ONE_FLUSH);
        fake_state_fail(&s_rig.memory, nth, ERR_FULL);
        rig_send(&s_rig, &(struct rig_upload){"one", "k", "c", "a.jpg"}, &item);
        bool stored = item.outcome == COMMIT_STORED;
        assert_true(stored || (item.outcome == COMMIT_FAILED && item.error == ERR_FULL));
        assert_int_equal(fake_fs_count(&s_rig.disk, "."), stored ? 1 : 0);
        assert_int_equal(fake_fs_count(&s_rig.disk, LAYOUT_TMP), 0);
        assert_false(s_rig.commit.failing);
        s_rig.memory.fail_at = 0;
        rig_send(&s_rig, &(struct rig_upload){"two", "l", "c", "a.jpg"}, &item);
        rig_send(&s_rig, &(struct rig_upload){"two", "l", "c", "a.jpg"}, &item);
        assert_int_equal(item.outcome, COMMIT_DUPLICATE);
        rig_deinit(&s_rig);
    }
}

/* --- files in place --------------------------------------------------------------------------- */

static void put_in_place(struct commit_item *item, const char *name, const char *bytes)
{
    struct hash_stream *stream;
    *item = (struct commit_item){.in_place = true, .tagged = true};
    snprintf(item->photo.name, sizeof item->photo.name, "%s", name);
    item->photo.size_bytes = strlen(bytes);
    assert_int_equal(s_rig.hash.begin(s_rig.hash.ctx, &stream), ERR_OK);
    s_rig.hash.update(s_rig.hash.ctx, stream, bytes, strlen(bytes));
    s_rig.hash.finish(s_rig.hash.ctx, stream, item->photo.sha256);
    fake_fs_put(&s_rig.disk, name, bytes, strlen(bytes));
}

static void a_file_in_place_keeps_its_name_whatever_happens(void **state)
{
    (void)state;
    struct commit_item item;
    struct commit_item *list[] = {&item};
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    put_in_place(&item, "copied.jpg", "one");
    fake_state_fail(&s_rig.memory, 2, ERR_IO);
    commit_batch(&s_rig.commit, list, 1);
    assert_int_equal(item.outcome, COMMIT_FAILED);
    assert_true(rig_file_is(&s_rig, "copied.jpg", "one"));
    commit_batch(&s_rig.commit, list, 1);
    assert_int_equal(item.outcome, COMMIT_STORED);
    assert_string_equal(item.photo.name, "copied.jpg");
    commit_batch(&s_rig.commit, list, 1);
    assert_int_equal(item.outcome, COMMIT_KNOWN);
    rig_deinit(&s_rig);
}

static void a_name_that_a_copied_file_has_is_not_told_as_ours(void **state)
{
    (void)state;
    struct commit_item item;
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    rig_send(&s_rig, &(struct rig_upload){"one", "k", "c", "a.jpg"}, &item);
    char name[PHOTO_NAME_MAX];
    snprintf(name, sizeof name, "%s", item.photo.name);
    rig_deinit(&s_rig);

    rig_init(&s_rig, GROUND_ONE_FLUSH);
    fake_fs_put(&s_rig.disk, name, "copied", 6);
    rig_send(&s_rig, &(struct rig_upload){"one", "k", "c", "a.jpg"}, &item);
    assert_int_equal(item.outcome, COMMIT_STORED);
    assert_string_not_equal(item.photo.name, name);
    assert_int_equal(s_rig.named, 1); /* the watch may tell of the copied file, and is heard */
    rig_deinit(&s_rig);
}

static void a_file_removed_before_its_row_gets_none(void **state)
{
    (void)state;
    struct commit_item item, again;
    struct commit_item *list[] = {&item};
    const struct fs *fs = &s_rig.disk.fs;
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    put_in_place(&item, "left.jpg", "one");
    memcpy(item.photo.key, "k", 2);
    memcpy(item.photo.camera, "c", 2);
    assert_int_equal(fs->remove(fs->ctx, "left.jpg"), ERR_OK);
    commit_batch(&s_rig.commit, list, 1);
    assert_int_equal(item.outcome, COMMIT_KNOWN);
    rig_send(&s_rig, &(struct rig_upload){"one", "k", "c", "a.jpg"}, &again);
    assert_int_equal(again.outcome, COMMIT_STORED); /* not a repetition of nothing */
    rig_deinit(&s_rig);
}

static void where_files_are_flushed_one_by_one_a_copied_one_is_too(void **state)
{
    (void)state;
    struct commit_item item;
    struct commit_item *list[] = {&item};
    rig_init(&s_rig, GROUND_PER_FILE);
    put_in_place(&item, "copied.jpg", "one");
    unsigned before = s_rig.disk.calls_of[FAKE_FS_SYNC];
    commit_batch(&s_rig.commit, list, 1);
    assert_int_equal(item.outcome, COMMIT_STORED);
    assert_true(s_rig.disk.calls_of[FAKE_FS_SYNC] > before);
    rig_deinit(&s_rig);
}

static void what_a_crash_left_is_no_second_photo(void **state)
{
    (void)state;
    struct commit_item item, first;
    struct commit_item *list[] = {&item};
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    rig_send(&s_rig, &(struct rig_upload){"one", "k", "c", "a.jpg"}, &first);
    put_in_place(&item, "left.jpg", "one"); /* named, then the power went before the row */
    memcpy(item.photo.key, "k", 2);
    memcpy(item.photo.camera, "c", 2);
    commit_batch(&s_rig.commit, list, 1);
    assert_int_equal(item.outcome, COMMIT_DUPLICATE);
    assert_string_equal(item.photo.name, first.photo.name);

    put_in_place(&item, "other.jpg", "two"); /* somebody edited a copy of it */
    memcpy(item.photo.key, "k", 2);
    memcpy(item.photo.camera, "c", 2);
    commit_batch(&s_rig.commit, list, 1);
    assert_int_equal(item.outcome, COMMIT_STORED);
    assert_string_equal(item.photo.key, "");
    rig_deinit(&s_rig);
}

/* The file that a crash left is found while its sender repeats the photo. */
static void a_repeat_and_what_a_crash_left_in_one_batch_are_one_photo(void **state)
{
    (void)state;
    static const struct rig_upload repeat = {"one", "k", "c", "a.jpg"};
    for (size_t left = 0; left < 2; left++) { /* its place in the batch */
        struct commit_item items[2];
        struct commit_item *list[] = {&items[0], &items[1]};
        rig_init(&s_rig, GROUND_ONE_FLUSH);
        assert_int_equal(rig_spool(&s_rig, &repeat, &items[1 - left]), ERR_OK);
        put_in_place(&items[left], "left.jpg", "one");
        memcpy(items[left].photo.key, "k", 2);
        memcpy(items[left].photo.camera, "c", 2);
        commit_batch(&s_rig.commit, list, 2);
        assert_int_equal(items[0].outcome, COMMIT_STORED);
        assert_int_equal(items[1].outcome, COMMIT_DUPLICATE);
        assert_string_equal(items[1].photo.name, items[0].photo.name);
        assert_true(rig_file_is(&s_rig, "left.jpg", "one")); /* who found it looks after it */

        put_in_place(&items[1], "other.jpg", "two"); /* somebody edited a copy of it */
        assert_int_equal(
            rig_spool(&s_rig, &(struct rig_upload){"three", "l", "c", "b.jpg"}, &items[0]), ERR_OK);
        memcpy(items[1].photo.key, "l", 2);
        memcpy(items[1].photo.camera, "c", 2);
        commit_batch(&s_rig.commit, list, 2);
        assert_int_equal(items[0].outcome, COMMIT_STORED);
        assert_int_equal(items[1].outcome, COMMIT_STORED);
        assert_string_equal(items[1].photo.key, "");
        rig_deinit(&s_rig);
    }
}

/* --- records ---------------------------------------------------------------------------------- */

static bool count_line(void *arg, enum journal_kind kind, const struct photo *p)
{
    assert_int_equal(kind, JOURNAL_STORED);
    assert_string_equal(p->key, "k");
    ++*(unsigned *)arg;
    return true;
}

static void without_tags_the_journal_keeps_the_record(void **state)
{
    (void)state;
    struct commit_item item;
    unsigned lines = 0;
    uint64_t damaged;
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    s_rig.disk.has_tags = false;
    rig_send(&s_rig, &(struct rig_upload){"one", "k", "c", "a.jpg"}, &item);
    assert_int_equal(item.outcome, COMMIT_STORED);
    rig_power_cut(&s_rig, FAKE_FS_LOSE_ALL, 1);
    assert_int_equal(journal_read(&s_rig.disk.fs, count_line, &lines, &damaged), ERR_OK);
    assert_int_equal(lines, 1);
    commit_close(&s_rig.commit);
    rig_start(&s_rig);
    rig_deinit(&s_rig);
}

int main(void)
{
    for (unsigned n = 0; n < ALL; n++) {
        snprintf(s_bytes[n], sizeof s_bytes[n], "photo bytes %u", n % 100);
        snprintf(s_keys[n], sizeof s_keys[n], "key %u", n % 100);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_photo_is_named_listed_and_whole),
        cmocka_unit_test(a_batch_costs_one_flush),
        cmocka_unit_test(the_thousandth_name_of_a_second_costs_one_rename_more),
        cmocka_unit_test(a_name_once_sent_is_not_given_again),
        cmocka_unit_test(a_repeated_key_gets_the_first_answer),
        cmocka_unit_test(repeats_in_one_batch_join_the_first),
        cmocka_unit_test(without_a_key_equal_bytes_count_only_inside_the_window),
        cmocka_unit_test(every_power_cut_keeps_what_was_answered),
        cmocka_unit_test(every_failing_call_costs_only_its_own_batch),
        cmocka_unit_test(what_a_failed_flush_lost_is_found_and_not_kept),
        cmocka_unit_test(what_cannot_be_read_after_a_cut_is_neither_known_nor_thrown_away),
        cmocka_unit_test(a_database_that_fails_leaves_no_file),
        cmocka_unit_test(a_file_in_place_keeps_its_name_whatever_happens),
        cmocka_unit_test(a_name_that_a_copied_file_has_is_not_told_as_ours),
        cmocka_unit_test(a_file_removed_before_its_row_gets_none),
        cmocka_unit_test(where_files_are_flushed_one_by_one_a_copied_one_is_too),
        cmocka_unit_test(what_a_crash_left_is_no_second_photo),
        cmocka_unit_test(a_repeat_and_what_a_crash_left_in_one_batch_are_one_photo),
        cmocka_unit_test(without_tags_the_journal_keeps_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
