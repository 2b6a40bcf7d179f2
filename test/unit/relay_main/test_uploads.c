/* Goal: every upload gets its one answer, good ones only when they are safe, and whatever ends it
 * early leaves nothing behind. Method: uploads, workers and committer as they are, over a front, a
 * disk and a database in memory (receive_rig.h); rig_close() looks for what was left. */
#include "test/unit/relay_main/receive_rig.h"

#include <stdlib.h>

enum { SLOW = 200, PIECE = 100 };

static struct receive_rig s_rig;

static const unsigned char *const PHOTO = JPEG_SAMPLE_BASE;
enum { PHOTO_LEN = sizeof JPEG_SAMPLE_BASE };

/* A whole JPEG of `len` bytes: the sample with a long scan. */
static unsigned char *make_large(size_t len)
{
    unsigned char *bytes = malloc(len);
    assert_non_null(bytes);
    memset(bytes, 0x55, len);
    memcpy(bytes, PHOTO, PHOTO_LEN - 2);
    memcpy(bytes + len - 2, PHOTO + PHOTO_LEN - 2, 2);
    return bytes;
}

static void send_whole(struct front_exchange *x)
{
    assert_true(fake_front_send(x, PHOTO, PHOTO_LEN));
    fake_front_finish(x);
}

/* --- good weather ----------------------------------------------------------------------------- */

static void a_photo_is_stored_and_answered(void **state)
{
    (void)state;
    rig_open(&s_rig, 2, 16);
    struct front_exchange *x = rig_begin(&s_rig, "k");
    send_whole(x);
    assert_int_equal(fake_front_wait(x), 200);
    assert_true(rig_says(x, "\"filename\":\"photo_20240101_120000.jpg\""));
    assert_true(rig_says(x, "\"duplicate\":false"));
    assert_true(fake_fs_holds(&s_rig.disk, "photo_20240101_120000.jpg", PHOTO, PHOTO_LEN));
    rig_close(&s_rig);
}

static void a_repeated_key_is_answered_with_the_first_name(void **state)
{
    (void)state;
    rig_open(&s_rig, 2, 16);
    for (unsigned i = 0; i < 2; i++) {
        struct front_exchange *x = rig_begin(&s_rig, "k");
        send_whole(x);
        assert_int_equal(fake_front_wait(x), 200);
        assert_true(rig_says(x, i == 0 ? "\"duplicate\":false" : "\"duplicate\":true"));
        assert_true(rig_says(x, "photo_20240101_120000.jpg"));
    }
    assert_int_equal(fake_fs_count(&s_rig.disk, "."), 1);
    rig_close(&s_rig);
}

static void a_photo_of_many_chunks_arrives_whole(void **state)
{
    (void)state;
    enum { LEN = 5 * CHUNK_BYTES + 7 };
    unsigned char *bytes = make_large(LEN);
    rig_open(&s_rig, 2, 16);
    struct front_exchange *x = rig_begin(&s_rig, NULL);
    assert_true(fake_front_send(x, bytes, LEN)); /* is held up while the worker writes */
    fake_front_finish(x);
    assert_int_equal(fake_front_wait(x), 200);
    assert_true(fake_fs_holds(&s_rig.disk, "photo_20240101_120000.jpg", bytes, LEN));
    rig_close(&s_rig);
    free(bytes);
}

/* --- few chunks, many senders ----------------------------------------------------------------- */

static void two_hundred_slow_senders_do_not_keep_a_quick_one_out(void **state)
{
    (void)state;
    static struct front_exchange *slow[SLOW];
    rig_open(&s_rig, 4, 1024);
    for (unsigned i = 0; i < SLOW; i++) {
        slow[i] = rig_begin(&s_rig, NULL);
        assert_true(fake_front_send(slow[i], PHOTO, PIECE));
    }
    struct front_exchange *quick = rig_begin(&s_rig, NULL);
    send_whole(quick);
    assert_int_equal(fake_front_wait(quick), 200);
    for (unsigned i = 0; i < SLOW; i++) {
        assert_true(fake_front_send(slow[i], PHOTO + PIECE, PHOTO_LEN - PIECE));
        fake_front_finish(slow[i]);
    }
    for (unsigned i = 0; i < SLOW; i++)
        assert_int_equal(fake_front_wait(slow[i]), 200);
    assert_int_equal(fake_fs_count(&s_rig.disk, "."), SLOW + 1);
    rig_close(&s_rig);
}

/* All chunks are out, in uploads that wait for a disk that hangs. */
static void take_all_chunks(struct front_exchange **holders)
{
    rig_hang(&s_rig, FAKE_FS_CREATE);
    for (unsigned i = 0; i < CHUNKS_MAX; i++) {
        holders[i] = rig_begin(&s_rig, NULL);
        send_whole(holders[i]);
    }
    rig_wait_hanging(&s_rig, 1);
}

static void who_waits_for_a_chunk_gets_it_although_many_before_him_left(void **state)
{
    (void)state;
    static struct front_exchange *holders[CHUNKS_MAX];
    rig_open(&s_rig, 1, 1024);
    take_all_chunks(holders);
    for (unsigned i = 0; i < CHUNKS_MAX + 10; i++) {
        struct front_exchange *x = rig_begin(&s_rig, NULL);
        assert_int_equal(fake_front_try(x, PHOTO, PHOTO_LEN), 0);
        fake_front_vanish(x);
    }
    struct front_exchange *last = rig_begin(&s_rig, NULL);
    assert_int_equal(fake_front_try(last, PHOTO, PHOTO_LEN), 0);
    rig_set_free(&s_rig);
    send_whole(last); /* goes on without a pulse */
    assert_int_equal(fake_front_wait(last), 200);
    for (unsigned i = 0; i < CHUNKS_MAX; i++)
        assert_int_equal(fake_front_wait(holders[i]), 200);
    rig_close(&s_rig);
}

static void a_chunk_that_an_upload_no_longer_needs_goes_to_the_next(void **state)
{
    (void)state;
    static struct front_exchange *holders[CHUNKS_MAX];
    struct front_exchange *waiters[8];
    rig_open(&s_rig, 1, 1024);
    take_all_chunks(holders);
    for (unsigned i = 0; i < 8; i++) {
        waiters[i] = rig_begin(&s_rig, NULL);
        assert_int_equal(fake_front_try(waiters[i], PHOTO, PHOTO_LEN), 0);
    }
    for (unsigned i = 0; i < CHUNKS_MAX; i++)
        fake_front_vanish(holders[i]);
    rig_set_free(&s_rig);
    for (unsigned i = 8; i > 0; i--) {
        send_whole(waiters[i - 1]);
        assert_int_equal(fake_front_wait(waiters[i - 1]), 200);
    }
    rig_close(&s_rig);
}

/* --- time ------------------------------------------------------------------------------------- */

static void a_disk_that_hangs_costs_503_and_the_late_commit_does_no_harm(void **state)
{
    (void)state;
    rig_open(&s_rig, 2, 16);
    rig_hang(&s_rig, FAKE_FS_SYNC_ALL);
    struct front_exchange *x = rig_begin(&s_rig, "k");
    send_whole(x);
    rig_wait_hanging(&s_rig, 1);
    rig_advance(&s_rig, RIG_TIMEOUT_MS);
    uploads_pulse(s_rig.uploads);
    assert_false(fake_front_answered(x));
    rig_advance(&s_rig, 1);
    uploads_pulse(s_rig.uploads);
    assert_int_equal(fake_front_wait(x), 503);
    assert_string_equal(fake_front_header(x, "Retry-After"), "5");
    fake_front_end(x);
    rig_set_free(&s_rig);
    x = rig_begin(&s_rig, "k");
    send_whole(x);
    assert_int_equal(fake_front_wait(x), 200);
    assert_true(rig_says(x, "\"duplicate\":true"));
    assert_int_equal(fake_fs_count(&s_rig.disk, "."), 1);
    rig_close(&s_rig);
}

static void an_upload_parked_too_long_is_told_so(void **state)
{
    (void)state;
    unsigned char *bytes = make_large((size_t)3 * CHUNK_BYTES);
    rig_open(&s_rig, 1, 16);
    rig_hang(&s_rig, FAKE_FS_WRITE);
    struct front_exchange *x = rig_begin(&s_rig, NULL);
    size_t took = fake_front_try(x, bytes, (size_t)3 * CHUNK_BYTES);
    assert_true(took > CHUNK_BYTES && took < (size_t)2 * CHUNK_BYTES); /* one written, one filled */
    rig_wait_hanging(&s_rig, 1);
    rig_advance(&s_rig, RIG_TIMEOUT_MS + 1);
    uploads_pulse(s_rig.uploads);
    assert_int_equal(fake_front_wait(x), 503);
    rig_close(&s_rig);
    free(bytes);
}

/* The pulse asks for the time before it looks at an upload that ends just then. */
static void an_upload_that_ended_after_the_pulse_began_is_not_late(void **state)
{
    (void)state;
    rig_open(&s_rig, 1, 16);
    rig_hang(&s_rig, FAKE_FS_SYNC_ALL);
    struct front_exchange *x = rig_begin(&s_rig, NULL);
    send_whole(x);
    rig_wait_hanging(&s_rig, 1);
    atomic_fetch_sub(&s_rig.mono_ms, 1);
    uploads_pulse(s_rig.uploads);
    assert_false(fake_front_answered(x));
    atomic_fetch_add(&s_rig.mono_ms, 1);
    rig_set_free(&s_rig);
    assert_int_equal(fake_front_wait(x), 200);
    rig_close(&s_rig);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void what_is_no_jpeg_is_refused_in_the_middle(void **state)
{
    (void)state;
    static unsigned char bytes[CHUNK_BYTES];
    rig_open(&s_rig, 1, 16);
    struct front_exchange *x = rig_begin(&s_rig, NULL);
    memset(bytes, 'x', sizeof bytes);
    assert_true(fake_front_send(x, bytes, sizeof bytes));
    assert_int_equal(fake_front_wait(x), 415);
    rig_close(&s_rig);
}

static void a_photo_that_grows_too_large_is_refused_and_its_bytes_go(void **state)
{
    (void)state;
    unsigned char *bytes = make_large(RIG_PHOTO_MAX + 1);
    rig_open(&s_rig, 2, 16);
    struct front_exchange *x = rig_begin(&s_rig, NULL);
    assert_true(fake_front_send(x, bytes, RIG_PHOTO_MAX + 1));
    assert_int_equal(fake_front_wait(x), 413);
    rig_close(&s_rig);
    free(bytes);
}

static void a_wrong_digest_stores_nothing(void **state)
{
    (void)state;
    rig_open(&s_rig, 1, 16);
    struct front_exchange *x =
        fake_front_begin(&s_rig.handler, "POST", "/upload",
                         "Content-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\nRepr-Digest: "
                         "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n");
    send_whole(x);
    assert_int_equal(fake_front_wait(x), 422);
    assert_int_equal(fake_fs_count(&s_rig.disk, "."), 0);
    rig_close(&s_rig);
}

static void a_bad_head_is_refused_at_once(void **state)
{
    (void)state;
    rig_open(&s_rig, 1, 16);
    struct front_exchange *x = fake_front_begin(&s_rig.handler, "POST", "/upload",
                                                "Content-Type: text/html\r\nContent-Length: 9\r\n");
    assert_int_equal(fake_front_wait(x), 415);
    x = fake_front_begin(&s_rig.handler, "POST", "/upload", "Content-Type: image/jpeg\r\n");
    assert_int_equal(fake_front_wait(x), 411);
    atomic_store(&s_rig.admits, REFUSAL_FULL);
    x = rig_begin(&s_rig, NULL);
    assert_int_equal(fake_front_wait(x), 507);
    rig_close(&s_rig);
}

static void every_call_that_fails_costs_an_answer_and_leaves_nothing(void **state)
{
    (void)state;
    static const enum fake_fs_call calls[] = {FAKE_FS_CREATE,           FAKE_FS_WRITE,
                                              FAKE_FS_TAG_SET,          FAKE_FS_CLOSE,
                                              FAKE_FS_RENAME_NOREPLACE, FAKE_FS_SYNC_ALL};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        rig_open(&s_rig, 1, 16);
        fake_fs_fail(&s_rig.disk, calls[i], 1, ERR_IO, false);
        struct front_exchange *x = rig_begin(&s_rig, NULL);
        send_whole(x);
        assert_int_equal(fake_front_wait(x), 503);
        assert_true(uploads_write_failed(s_rig.uploads));
        rig_close(&s_rig);
    }
}

/* --- clients that leave ----------------------------------------------------------------------- */

static void vanish_after(unsigned step, const unsigned char *bytes)
{
    struct front_exchange *x = rig_begin(&s_rig, NULL);
    if (step >= 1)
        (void)fake_front_try(x, bytes, PIECE);
    if (step >= 2)
        (void)fake_front_try(x, bytes + PIECE, CHUNK_BYTES);
    if (step >= 3)
        (void)fake_front_try(x, bytes + PIECE + CHUNK_BYTES, (size_t)2 * CHUNK_BYTES);
    if (step == 4)
        fake_front_finish(x); /* is no whole photo */
    fake_front_vanish(x);
}

static void a_client_may_leave_at_any_step(void **state)
{
    (void)state;
    static const enum fake_fs_call hangs[] = {FAKE_FS_CALLS, FAKE_FS_CREATE, FAKE_FS_WRITE};
    unsigned char *bytes = make_large((size_t)4 * CHUNK_BYTES);
    for (size_t i = 0; i < sizeof hangs / sizeof hangs[0]; i++) {
        rig_open(&s_rig, 2, 64);
        rig_hang(&s_rig, hangs[i]);
        for (unsigned step = 0; step <= 4; step++)
            vanish_after(step, bytes);
        rig_close(&s_rig);
        assert_int_equal(metrics_value(&s_rig.metrics, METRIC_RECEIVED_TOTAL), 0);
    }
    free(bytes);
}

static void a_client_that_leaves_after_its_last_byte_has_stored_its_photo(void **state)
{
    (void)state;
    static const enum fake_fs_call hangs[] = {FAKE_FS_CREATE, FAKE_FS_CLOSE,
                                              FAKE_FS_RENAME_NOREPLACE, FAKE_FS_SYNC_ALL};
    for (size_t i = 0; i < sizeof hangs / sizeof hangs[0]; i++) {
        rig_open(&s_rig, 1, 16);
        rig_hang(&s_rig, hangs[i]);
        struct front_exchange *x = rig_begin(&s_rig, NULL);
        send_whole(x);
        rig_wait_hanging(&s_rig, 1);
        fake_front_vanish(x);
        rig_set_free(&s_rig);
        rig_wait_seen(&s_rig, 1);
        rig_close(&s_rig);
        assert_int_equal(metrics_value(&s_rig.metrics, METRIC_RECEIVED_TOTAL), 1);
    }
}

/* --- more work than the workers' queue holds ---------------------------------------------------
 */

static void a_full_queue_of_work_loses_no_upload(void **state)
{
    (void)state;
    enum { N = 20 };
    struct front_exchange *x[N];
    rig_open(&s_rig, 1, 1);
    rig_hang(&s_rig, FAKE_FS_CREATE);
    for (unsigned i = 0; i < N; i++) {
        x[i] = rig_begin(&s_rig, NULL);
        send_whole(x[i]);
    }
    rig_set_free(&s_rig);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(fake_front_wait(x[i]), 200);
    rig_close(&s_rig);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void stopping_answers_all_that_are_not_complete_and_keeps_the_rest(void **state)
{
    (void)state;
    rig_open(&s_rig, 2, 64);
    rig_hang(&s_rig, FAKE_FS_SYNC_ALL);
    struct front_exchange *begun = rig_begin(&s_rig, NULL);
    struct front_exchange *some = rig_begin(&s_rig, NULL);
    assert_true(fake_front_send(some, PHOTO, PIECE));
    struct front_exchange *whole = rig_begin(&s_rig, NULL);
    send_whole(whole);
    rig_wait_hanging(&s_rig, 1);
    uploads_stop(s_rig.uploads);
    assert_int_equal(fake_front_wait(begun), 503);
    assert_int_equal(fake_front_wait(some), 503);
    assert_true(rig_says(some, "\"stopping\""));
    assert_false(fake_front_answered(whole));
    struct front_exchange *late = rig_begin(&s_rig, NULL);
    assert_int_equal(fake_front_wait(late), 503);
    rig_set_free(&s_rig);
    assert_int_equal(fake_front_wait(whole), 200);
    rig_close(&s_rig);
}

static void stopping_while_many_wait_for_chunks_leaves_nobody_behind(void **state)
{
    (void)state;
    static struct front_exchange *holders[CHUNKS_MAX];
    rig_open(&s_rig, 2, 1024);
    take_all_chunks(holders);
    for (unsigned i = 0; i < SLOW; i++)
        assert_int_equal(fake_front_try(rig_begin(&s_rig, NULL), PHOTO, PHOTO_LEN), 0);
    uploads_stop(s_rig.uploads);
    rig_close(&s_rig); /* looks */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_photo_is_stored_and_answered),
        cmocka_unit_test(a_repeated_key_is_answered_with_the_first_name),
        cmocka_unit_test(a_photo_of_many_chunks_arrives_whole),
        cmocka_unit_test(two_hundred_slow_senders_do_not_keep_a_quick_one_out),
        cmocka_unit_test(who_waits_for_a_chunk_gets_it_although_many_before_him_left),
        cmocka_unit_test(a_chunk_that_an_upload_no_longer_needs_goes_to_the_next),
        cmocka_unit_test(a_disk_that_hangs_costs_503_and_the_late_commit_does_no_harm),
        cmocka_unit_test(an_upload_parked_too_long_is_told_so),
        cmocka_unit_test(an_upload_that_ended_after_the_pulse_began_is_not_late),
        cmocka_unit_test(what_is_no_jpeg_is_refused_in_the_middle),
        cmocka_unit_test(a_photo_that_grows_too_large_is_refused_and_its_bytes_go),
        cmocka_unit_test(a_wrong_digest_stores_nothing),
        cmocka_unit_test(a_bad_head_is_refused_at_once),
        cmocka_unit_test(every_call_that_fails_costs_an_answer_and_leaves_nothing),
        cmocka_unit_test(a_client_may_leave_at_any_step),
        cmocka_unit_test(a_client_that_leaves_after_its_last_byte_has_stored_its_photo),
        cmocka_unit_test(a_full_queue_of_work_loses_no_upload),
        cmocka_unit_test(stopping_answers_all_that_are_not_complete_and_keeps_the_rest),
        cmocka_unit_test(stopping_while_many_wait_for_chunks_leaves_nobody_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
