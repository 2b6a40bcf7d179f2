/* Goal: the forwarding thread delivers, shows what it knows, and ends when told, whatever hangs.
 * Method: the real thing on loopback: threads, sockets, a folder of its own; only the database is
 * an outbox in memory, behind a lock. */
#include "test/unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/main/forwarder.h"
#include "relay/port/clock_posix.h"
#include "relay/port/fs_posix.h"
#include "relay/port/hash_openssl.h"
#include "relay/port/json_jansson.h"
#include "relay/port/random_linux.h"
#include "relay/port/uplink_curl.h"
#include "test/fakes/relay/fake_outbox.h"
#include "test/unit/faulty_remote.h"
#include "test/unit/temp_folder.h"

struct world {
    struct faulty_remote remote;
    char path[TEMP_FOLDER_MAX];
    struct fs_posix folder;
    struct clock clock;
    struct random random;
    struct json json;
    struct hash_openssl *hash;
    struct uplink_curl *curl;
    struct uplink uplink;
    struct sentfile sentfile;
    struct forwarder *forwarder;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    struct fake_outbox outbox;
    struct state_view view;
    struct delivery_result posted[256];
    size_t posted_count, written_count;
    int64_t photos;
};

static enum err outbox_due(void *ctx, int64_t seen, unsigned destination, struct wall now,
                           bool newest_first, int64_t bound, struct outbox_row *out_rows,
                           size_t cap, size_t *out_count)
{
    struct world *w = ctx;
    pthread_mutex_lock(&w->lock);
    enum err e = w->outbox.view.outbox_due(&w->outbox, seen, destination, now, newest_first, bound,
                                           out_rows, cap, out_count);
    pthread_mutex_unlock(&w->lock);
    return e;
}

static enum err sent_names(void *ctx, int64_t seen, bool (*each)(void *arg, const char *name),
                           void *arg)
{
    struct world *w = ctx;
    pthread_mutex_lock(&w->lock);
    enum err e = w->outbox.view.sent_names(&w->outbox, seen, each, arg);
    pthread_mutex_unlock(&w->lock);
    return e;
}

static void post(void *ctx, const struct delivery_result *results, size_t count)
{
    struct world *w = ctx;
    pthread_mutex_lock(&w->lock);
    assert_non_null(w->forwarder); /* however early: it is told when they are written */
    assert_true(w->posted_count + count <= 256);
    memcpy(&w->posted[w->posted_count], results, count * sizeof *results);
    w->posted_count += count;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

/* The writer: waits until so many results came in all, writes them and tells. */
static void write_results(struct world *w, size_t count)
{
    pthread_mutex_lock(&w->lock);
    while (w->posted_count < count)
        pthread_cond_wait(&w->changed, &w->lock);
    size_t from = w->written_count, n = w->posted_count - from;
    fake_outbox_record(&w->outbox, &w->posted[from], n);
    w->written_count += n;
    pthread_mutex_unlock(&w->lock);
    forwarder_written(w->forwarder, &w->posted[from], n);
}

static int64_t arrive(struct world *w)
{
    struct photo p = {0};
    struct hash_stream *s;
    const struct hash *hash = hash_openssl_calls(w->hash);
    const struct fs *fs = &w->folder.fs;
    char bytes[64];
    int fd;
    pthread_mutex_lock(&w->lock);
    p.id = ++w->photos;
    pthread_mutex_unlock(&w->lock);
    int len = snprintf(bytes, sizeof bytes, "\xff\xd8 photo %lld \xff\xd9", (long long)p.id);
    (void)snprintf(p.name, sizeof p.name, "p%lld_20260114_081502.jpg", (long long)p.id);
    p.size_bytes = (uint64_t)len;
    assert_int_equal(hash->begin(hash->ctx, &s), ERR_OK);
    hash->update(hash->ctx, s, bytes, (size_t)len);
    hash->finish(hash->ctx, s, p.sha256);
    assert_int_equal(fs->create(fs->ctx, p.name, &fd), ERR_OK);
    assert_int_equal(fs->write(fs->ctx, fd, bytes, (size_t)len), ERR_OK);
    assert_int_equal(fs->close(fs->ctx, fd), ERR_OK);
    pthread_mutex_lock(&w->lock);
    fake_outbox_add(&w->outbox, &p, 0);
    pthread_mutex_unlock(&w->lock);
    return p.id;
}

static enum err no_names(void *ctx, const char *const *names, size_t count)
{
    (void)ctx;
    (void)names;
    (void)count;
    return ERR_OK;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL || !temp_folder_make(w->path) || fs_posix_open(&w->folder, w->path) != ERR_OK)
        return -1;
    faulty_remote_start(&w->remote, __FILE__);
    w->clock = clock_posix();
    w->random = random_linux();
    w->json = json_jansson();
    w->hash = hash_openssl_create();
    fake_outbox_init(&w->outbox);
    w->view = (struct state_view){.ctx = w, .outbox_due = outbox_due, .sent_names = sent_names};
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->changed, NULL);
    struct sentfile_sink sink = {.names = no_names};
    struct sentfile_found found;
    if (sentfile_init(&w->sentfile, &w->folder.fs, &w->json, "sent_files.json") != ERR_OK ||
        sentfile_import(&w->sentfile, &sink, &found) != ERR_OK ||
        uplink_curl_open(&w->curl, &w->uplink) != ERR_OK)
        return -1;
    *state = w;
    return 0;
}

static void begin(struct world *w, bool immediate)
{
    struct dispatch_target target = {
        .url = w->remote.url,
        .immediate = immediate,
        .interval_ms = immediate ? 3600 * 1000 : 50,
        .limits = destination_limits_usual(),
    };
    target.limits.backoff_base_ms = 20;
    target.limits.backoff_cap_ms = 100;
    const char *const names[] = {"remote"};
    struct forwarder_setup setup = {
        .targets = &target,
        .names = names,
        .count = 1,
        .ports =
            {
                .fs = &w->folder.fs,
                .view = &w->view,
                .uplink = &w->uplink,
                .json = &w->json,
                .hash = hash_openssl_calls(w->hash),
                .clock = &w->clock,
                .random = &w->random,
                .post = post,
                .post_ctx = w,
            },
        .sentfile = &w->sentfile,
        .seen = w->photos,
    };
    assert_int_equal(forwarder_start(&setup, &w->forwarder), ERR_OK);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    forwarder_close(w->forwarder);
    uplink_curl_close(w->curl);
    bool good = faulty_remote_stop(&w->remote) && w->outbox.strange_results == 0;
    hash_openssl_destroy(w->hash);
    fake_outbox_deinit(&w->outbox);
    fs_posix_close(&w->folder);
    temp_folder_remove(w->path);
    (void)pthread_cond_destroy(&w->changed);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
    return good ? 0 : -1;
}

static struct destination_status status(struct world *w)
{
    struct destination_status s;
    assert_true(forwarder_status(w->forwarder, 0, &s));
    return s;
}

/* ---- tests ---- */

static void a_backlog_goes_out_and_the_list_is_written_at_the_end(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 100; i++)
        arrive(w);
    begin(w, false);
    while (w->written_count < 100)
        write_results(w, w->written_count + 1);
    forwarder_close(w->forwarder);
    w->forwarder = NULL;
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 100);
    assert_int_equal(faulty_remote_count(&w->remote, "stored"), 100);
    assert_int_equal(faulty_remote_count(&w->remote, "uploads"), 100);

    char path[TEMP_FOLDER_MAX + 32], line[64];
    (void)snprintf(path, sizeof path, "%s/sent_files.json", w->path);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    int names = 0;
    while (fgets(line, sizeof line, f) != NULL)
        names += line[0] == '"';
    (void)fclose(f);
    assert_int_equal(names, 100);
}

static void a_photo_that_arrives_goes_at_once(void **state)
{
    struct world *w = *state;
    begin(w, true);
    for (size_t i = 1; i <= 20; i++) {
        forwarder_wake(w->forwarder, arrive(w)); /* the next pass would be in an hour */
        write_results(w, i);
    }
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 20);
}

static void failures_are_shown_and_survived(void **state)
{
    struct world *w = *state;
    struct destination_status s;
    assert_int_equal(arrive(w), 1);
    faulty_remote_mode(&w->remote, "status:500");
    begin(w, false);
    while (w->written_count < 4)
        write_results(w, w->written_count + 1);
    do
        s = status(w); /* comes with the end of the thread's round */
    while (s.attempts[VERDICT_REASON_FAILED] < 4);
    assert_int_equal(s.state, DESTINATION_DOWN);
    assert_non_null(strstr(s.last_error, "500"));
    faulty_remote_mode(&w->remote, "ok");
    while (fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT) == 0)
        write_results(w, w->written_count + 1);
    do
        s = status(w);
    while (s.attempts[VERDICT_REASON_SENT] == 0);
    assert_int_equal(s.state, DESTINATION_UP);
    assert_false(forwarder_status(w->forwarder, 1, &s));
}

static void a_person_ends_a_hold(void **state)
{
    struct world *w = *state;
    arrive(w);
    faulty_remote_mode(&w->remote, "status:401");
    begin(w, false);
    write_results(w, 1);
    faulty_remote_mode(&w->remote, "ok");
    forwarder_retry(w->forwarder); /* else the next try would be in five minutes */
    write_results(w, 2);
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 1);
}

static void what_hangs_is_cut_off_at_the_end(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 10; i++)
        arrive(w);
    faulty_remote_mode(&w->remote, "hang");
    begin(w, false);
    while (faulty_remote_count(&w->remote, "uploads") < DESTINATION_PARALLEL)
        ; /* they are on their way now, and would take ten minutes */
    forwarder_stop(w->forwarder);
    write_results(w, DESTINATION_PARALLEL);
    size_t doubtful = 0;
    for (size_t i = 0; i < 10; i++)
        doubtful += w->outbox.rows[i].row.ambiguous;
    assert_int_equal(doubtful, DESTINATION_PARALLEL);
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_PENDING), 10);
}

static void new_settings_are_taken(void **state)
{
    struct world *w = *state;
    struct dispatch_target target = {
        .url = w->remote.url,
        .immediate = true,
        .interval_ms = 3600 * 1000,
        .limits = destination_limits_usual(),
    };
    begin(w, true);
    target.paused = true;
    forwarder_set_targets(w->forwarder, &target);
    forwarder_wake(w->forwarder, arrive(w));
    target.paused = false;
    forwarder_set_targets(w->forwarder, &target);
    write_results(w, 1);
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 1);
}

static void ending_early_and_twice_is_harmless(void **state)
{
    struct world *w = *state;
    begin(w, false);
    forwarder_note_sent(w->forwarder);
    forwarder_stop(w->forwarder);
    forwarder_stop(w->forwarder);
    forwarder_close(w->forwarder);
    w->forwarder = NULL;
    forwarder_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_backlog_goes_out_and_the_list_is_written_at_the_end,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_photo_that_arrives_goes_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failures_are_shown_and_survived, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_person_ends_a_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_hangs_is_cut_off_at_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(new_settings_are_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ending_early_and_twice_is_harmless, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
