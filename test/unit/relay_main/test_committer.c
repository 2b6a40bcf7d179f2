/* Goal: batches, results and calls are each done once and in order; a flush that failed
 * acknowledges nothing until the disk was found sound; stopping loses nothing. Method: the real
 * thread over a disk that can hang and fail and a database in memory (receive_rig.h). */
#include "test/unit/relay_main/receive_rig.h"

static struct receive_rig s_rig;
static uint64_t s_spools;

struct sent {
    struct committer_photo photo; /* first */
    bool done;                    /* under s_rig.lock */
};

static void note_done(struct committer_photo *p)
{
    pthread_mutex_lock(&s_rig.lock);
    ((struct sent *)p)->done = true;
    pthread_cond_broadcast(&s_rig.changed);
    pthread_mutex_unlock(&s_rig.lock);
}

static void submit(struct sent *s, const char *key)
{
    struct spool spool = {0};
    *s = (struct sent){.photo = {.done = note_done}};
    struct photo *p = &s->photo.item.photo;
    (void)snprintf(p->key, sizeof p->key, "%s", key);
    p->received = s_rig.clock.wall_now(s_rig.clock.ctx);
    assert_int_equal(spool_begin(&spool, &s_rig.disk.fs, &s_rig.hash, LAYOUT_TMP, ++s_spools),
                     ERR_OK);
    assert_int_equal(spool_write(&spool, "bytes", 5), ERR_OK);
    assert_int_equal(spool_finish(&spool, p, false, &s->photo.item.tagged), ERR_OK);
    memcpy(s->photo.item.path, spool.path, sizeof s->photo.item.path);
    committer_submit(s_rig.committer, &s->photo);
}

static enum commit_outcome outcome_of(struct sent *s)
{
    pthread_mutex_lock(&s_rig.lock);
    while (!s->done)
        pthread_cond_wait(&s_rig.changed, &s_rig.lock);
    pthread_mutex_unlock(&s_rig.lock);
    return s->photo.item.outcome;
}

static void do_nothing(void *arg, struct commit *commit)
{
    (void)arg;
    (void)commit;
}

/* When it returns, all that was submitted before was dealt with. */
static void catch_up(void)
{
    assert_true(committer_call(s_rig.committer, do_nothing, NULL));
}

static struct committer_status status_now(void)
{
    struct committer_status s;
    committer_status(s_rig.committer, &s);
    return s;
}

/* --- batches ---------------------------------------------------------------------------------- */

static void what_comes_while_a_flush_runs_shares_the_next_one(void **state)
{
    (void)state;
    enum { N = 20 };
    static struct sent sent[N + 1];
    rig_open_all(&s_rig, 1, 1, true);
    rig_hang(&s_rig, FAKE_FS_SYNC_ALL);
    submit(&sent[0], "");
    rig_wait_hanging(&s_rig, 1);
    for (unsigned i = 1; i <= N; i++)
        submit(&sent[i], "");
    rig_set_free(&s_rig);
    for (unsigned i = 0; i <= N; i++)
        assert_int_equal(outcome_of(&sent[i]), COMMIT_STORED);
    assert_int_equal(status_now().batches, 2);
    assert_int_equal(s_rig.disk.calls_of[FAKE_FS_SYNC_ALL], 2);
    assert_int_equal(status_now().received_session, N + 1);
    assert_int_equal(committer_seen(s_rig.committer), N + 1);
    rig_close(&s_rig);
}

static void nobody_hears_of_a_photo_before_its_flush_returned(void **state)
{
    (void)state;
    static struct sent sent;
    rig_open_all(&s_rig, 1, 1, true);
    rig_hang(&s_rig, FAKE_FS_SYNC_ALL);
    submit(&sent, "k");
    rig_wait_hanging(&s_rig, 1);
    assert_int_equal(committer_seen(s_rig.committer), 0);
    pthread_mutex_lock(&s_rig.lock);
    assert_false(sent.done);
    assert_int_equal(s_rig.seen, 0);
    pthread_mutex_unlock(&s_rig.lock);
    rig_advance(&s_rig, 70);
    assert_true(status_now().busy_ms >= 70);
    rig_set_free(&s_rig);
    assert_int_equal(outcome_of(&sent), COMMIT_STORED);
    catch_up();
    assert_int_equal(committer_seen(s_rig.committer), 1);
    rig_close(&s_rig);
}

static void more_than_a_batch_is_done_in_several(void **state)
{
    (void)state;
    static struct sent sent[BATCH_PHOTOS_MAX + 2];
    rig_open_all(&s_rig, 1, 1, true);
    rig_hang(&s_rig, FAKE_FS_SYNC_ALL);
    submit(&sent[0], "");
    rig_wait_hanging(&s_rig, 1);
    for (unsigned i = 1; i < BATCH_PHOTOS_MAX + 2; i++)
        submit(&sent[i], "");
    rig_set_free(&s_rig);
    for (unsigned i = 0; i < BATCH_PHOTOS_MAX + 2; i++)
        assert_int_equal(outcome_of(&sent[i]), COMMIT_STORED);
    assert_int_equal(status_now().batches, 3);
    rig_close(&s_rig);
}

/* --- results and calls ------------------------------------------------------------------------ */

static void results_come_back_once_whether_written_or_not(void **state)
{
    (void)state;
    static struct delivery_result results[4097];
    rig_open_all(&s_rig, 1, 1, true);
    committer_post_results(s_rig.committer, results, 4096);
    rig_wait_written(&s_rig, 4096);
    committer_post_results(s_rig.committer, results, 4097); /* more than may wait: not kept */
    rig_wait_written(&s_rig, 4096 + 4097);
    catch_up();
    fake_state_fail(&s_rig.memory, 1, ERR_IO);
    committer_post_results(s_rig.committer, results, 1);
    rig_wait_written(&s_rig, 4096 + 4097 + 1);
    catch_up();
    assert_int_equal(s_rig.written, 4096 + 4097 + 1);
    rig_close(&s_rig);
}

static void hang_in_sync(void *arg, struct commit *commit)
{
    *(enum err *)arg = commit_flush(commit);
}

static void *call_from_thread(void *arg)
{
    assert_true(committer_call(s_rig.committer, hang_in_sync, arg));
    return NULL;
}

static void a_call_that_hangs_shows_in_the_status(void **state)
{
    (void)state;
    pthread_t thread;
    enum err e = ERR_INPUT;
    rig_open_all(&s_rig, 1, 1, true);
    rig_hang(&s_rig, FAKE_FS_SYNC_ALL);
    assert_int_equal(pthread_create(&thread, NULL, call_from_thread, &e), 0);
    rig_wait_hanging(&s_rig, 1);
    rig_advance(&s_rig, 30);
    assert_true(status_now().busy_ms >= 30);
    rig_set_free(&s_rig);
    pthread_join(thread, NULL);
    assert_int_equal(e, ERR_OK);
    rig_close(&s_rig);
}

/* --- a disk that fails ------------------------------------------------------------------------ */

static void after_a_failed_flush_nothing_is_taken_until_the_disk_is_sound(void **state)
{
    (void)state;
    static struct sent first, second, third;
    rig_open_all(&s_rig, 1, 1, true);
    fake_fs_fail(&s_rig.disk, FAKE_FS_SYNC_ALL, 1, ERR_IO, true);
    submit(&first, "a");
    assert_int_equal(outcome_of(&first), COMMIT_FAILED);
    assert_true(status_now().failing);
    assert_int_equal(committer_seen(s_rig.committer), 0);
    submit(&second, "b");
    assert_int_equal(outcome_of(&second), COMMIT_FAILED);
    fake_fs_fail(&s_rig.disk, FAKE_FS_SYNC_ALL, 0, ERR_OK, false);
    catch_up(); /* not yet: it is given a second */
    assert_true(status_now().failing);
    rig_advance(&s_rig, 1000);
    catch_up();
    catch_up();
    assert_false(status_now().failing);
    submit(&third, "b");
    assert_int_equal(outcome_of(&third), COMMIT_STORED);
    rig_close(&s_rig);
}

/* Bytes that a failed flush dropped are not there, whatever the cache shows. */
static void a_photo_the_failed_flush_lost_is_not_taken_for_stored(void **state)
{
    (void)state;
    static struct sent first, again;
    rig_open_all(&s_rig, 1, 1, true);
    fake_fs_fail(&s_rig.disk, FAKE_FS_SYNC_ALL, 1, ERR_IO, false);
    submit(&first, "a");
    assert_int_equal(outcome_of(&first), COMMIT_FAILED);
    rig_advance(&s_rig, 1000);
    catch_up();
    catch_up();
    assert_false(status_now().failing);
    submit(&again, "a");
    enum commit_outcome outcome = outcome_of(&again);
    assert_true(outcome == COMMIT_STORED || outcome == COMMIT_DUPLICATE);
    char name[PHOTO_NAME_MAX];
    memcpy(name, again.photo.item.photo.name, sizeof name);
    jobs_stop(s_rig.jobs);
    committer_stop(s_rig.committer);
    assert_true(fake_fs_holds(&s_rig.disk, name, "bytes", 5));
    rig_close(&s_rig);
}

static void a_call_whose_flush_fails_is_told_and_tried_again_in_its_time(void **state)
{
    (void)state;
    enum err e = ERR_OK;
    rig_open_all(&s_rig, 1, 1, true);
    fake_fs_fail(&s_rig.disk, FAKE_FS_SYNC_ALL, 1, ERR_IO, true);
    assert_true(committer_call(s_rig.committer, hang_in_sync, &e));
    assert_int_equal(e, ERR_IO);
    for (unsigned i = 0; i < 10; i++)
        catch_up();
    assert_true(status_now().failing);
    assert_int_equal(metrics_value(&s_rig.metrics, METRIC_FLUSH_FAILURES_TOTAL), 1);
    assert_int_equal(s_rig.disk.calls_of[FAKE_FS_SYNC_ALL], 1); /* time stands still */
    for (unsigned i = 0; i < 2; i++) {
        rig_advance(&s_rig, 1000);
        catch_up();
        catch_up();
    }
    assert_int_equal(s_rig.disk.calls_of[FAKE_FS_SYNC_ALL], 2); /* the second pause is longer */
    fake_fs_fail(&s_rig.disk, FAKE_FS_SYNC_ALL, 0, ERR_OK, false);
    rig_advance(&s_rig, 1000);
    catch_up();
    catch_up();
    assert_false(status_now().failing);
    rig_close(&s_rig);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void stopping_commits_what_was_submitted(void **state)
{
    (void)state;
    enum { N = 10 };
    static struct sent sent[N];
    struct delivery_result result = {0};
    rig_open_all(&s_rig, 1, 1, true);
    for (unsigned i = 0; i < N; i++)
        submit(&sent[i], "");
    committer_post_results(s_rig.committer, &result, 1);
    committer_stop(s_rig.committer);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(outcome_of(&sent[i]), COMMIT_STORED);
    assert_int_equal(s_rig.written, 1);
    assert_false(committer_call(s_rig.committer, do_nothing, NULL));
    assert_int_equal(committer_flushed(s_rig.committer), status_now().batches);
    rig_close(&s_rig);
}

static void it_is_heard_of_without_work(void **state)
{
    (void)state;
    rig_open_all(&s_rig, 1, 1, true);
    pthread_mutex_lock(&s_rig.lock);
    while (s_rig.beats == 0)
        pthread_cond_wait(&s_rig.changed, &s_rig.lock);
    pthread_mutex_unlock(&s_rig.lock);
    rig_close(&s_rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_while_a_flush_runs_shares_the_next_one),
        cmocka_unit_test(nobody_hears_of_a_photo_before_its_flush_returned),
        cmocka_unit_test(more_than_a_batch_is_done_in_several),
        cmocka_unit_test(results_come_back_once_whether_written_or_not),
        cmocka_unit_test(a_call_that_hangs_shows_in_the_status),
        cmocka_unit_test(after_a_failed_flush_nothing_is_taken_until_the_disk_is_sound),
        cmocka_unit_test(a_photo_the_failed_flush_lost_is_not_taken_for_stored),
        cmocka_unit_test(a_call_whose_flush_fails_is_told_and_tried_again_in_its_time),
        cmocka_unit_test(stopping_commits_what_was_submitted),
        cmocka_unit_test(it_is_heard_of_without_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
