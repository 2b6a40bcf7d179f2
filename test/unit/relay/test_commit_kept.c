/* Goal: a recording of our own, the only copy there is, is never lost on its way into the folder:
 * whatever fails, it lies where it was, or under its name. */
#include <stdio.h>
#include <string.h>

#include "relay/logic/layout.h"
#include "test/fakes/relay/commit_rig.h"
#include "test/unit/unit.h"

static const char PATH[] = LAYOUT_AUDIO "/1-mic.wav";
static struct commit_rig s_rig;

static void prepare(struct commit_item *item)
{
    struct hash_stream *stream;
    fake_fs_put(&s_rig.disk, PATH, "sound", 5);
    *item = (struct commit_item){.kept = true, .tagged = true, .medium = MEDIUM_WAV};
    snprintf(item->path, sizeof item->path, "%s", PATH);
    snprintf(item->photo.original, sizeof item->photo.original, "mic_20240101_080000.wav");
    item->photo.received = s_rig.now;
    item->photo.size_bytes = 5;
    assert_int_equal(s_rig.hash.begin(s_rig.hash.ctx, &stream), ERR_OK);
    s_rig.hash.update(s_rig.hash.ctx, stream, "sound", 5);
    s_rig.hash.finish(s_rig.hash.ctx, stream, item->photo.sha256);
}

static void commit(struct commit_item *item)
{
    struct commit_item *items[] = {item};
    commit_batch(&s_rig.commit, items, 1);
}

static void a_recording_gets_its_own_extension(void **state)
{
    (void)state;
    struct commit_item item;
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    prepare(&item);
    commit(&item);
    assert_int_equal(item.outcome, COMMIT_STORED);
    assert_string_equal(item.photo.name, "mic_20240101_080000.wav");
    assert_true(rig_file_is(&s_rig, item.photo.name, "sound"));
    prepare(&item);
    item.medium = MEDIUM_FLAC;
    commit(&item);
    assert_string_equal(item.photo.name, "mic_20240101_080000_2.flac");
    rig_deinit(&s_rig);
}

static bool is_somewhere(const struct commit_item *item)
{
    return rig_file_is(&s_rig, PATH, "sound") ||
           (item->photo.name[0] != '\0' && rig_file_is(&s_rig, item->photo.name, "sound"));
}

static void a_failing_database_leaves_it_where_it_was(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (unsigned nth = 1; nth < 8; nth++) {
        struct commit_item item;
        rig_init(&s_rig, GROUND_ONE_FLUSH);
        prepare(&item);
        fake_state_fail(&s_rig.memory, nth, ERR_FULL);
        commit(&item);
        bool stored = item.outcome == COMMIT_STORED;
        failed += !stored;
        assert_int_equal(rig_file_is(&s_rig, PATH, "sound"), !stored);
        s_rig.memory.fail_at = 0;
        item.photo.id = 0;
        if (!stored)
            commit(&item);
        assert_int_equal(item.outcome, COMMIT_STORED);
        assert_true(rig_file_is(&s_rig, item.photo.name, "sound"));
        rig_deinit(&s_rig);
    }
    assert_true(failed > 0);
}

static void whatever_call_of_the_disk_fails_it_is_there(void **state)
{
    (void)state;
    static const enum ground_promise grounds[] = {GROUND_ONE_FLUSH, GROUND_PER_FILE};
    static const enum fake_fs_call calls[] = {FAKE_FS_RENAME_NOREPLACE, FAKE_FS_SYNC_ALL,
                                              FAKE_FS_SYNC_NAMES};
    for (size_t g = 0; g < 2; g++) {
        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
            struct commit_item item;
            rig_init(&s_rig, grounds[g]);
            prepare(&item);
            fake_fs_fail(&s_rig.disk, calls[i], 1, ERR_IO, false);
            commit(&item);
            assert_true(item.outcome == COMMIT_STORED || item.outcome == COMMIT_FAILED);
            assert_true(is_somewhere(&item));
            rig_deinit(&s_rig);
        }
    }
}

static void where_nothing_is_taken_it_waits(void **state)
{
    (void)state;
    struct commit_item item;
    rig_init(&s_rig, GROUND_ONE_FLUSH);
    prepare(&item);
    s_rig.commit.failing = true;
    commit(&item);
    assert_int_equal(item.outcome, COMMIT_FAILED);
    assert_true(rig_file_is(&s_rig, PATH, "sound"));
    rig_deinit(&s_rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_gets_its_own_extension),
        cmocka_unit_test(a_failing_database_leaves_it_where_it_was),
        cmocka_unit_test(whatever_call_of_the_disk_fails_it_is_there),
        cmocka_unit_test(where_nothing_is_taken_it_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
