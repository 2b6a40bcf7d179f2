/* Goal: commands do what they answer, in bounded memory, and survive askers that leave. Method: the
 * commands over a front in memory, with the committer over a disk and a database in memory. */
#include "test/unit/relay_main/receive_rig.h"

#include "relay/main/commands.h"
#include "relay/port/json_jansson.h"
#include "relay/port/random_linux.h"
#include "relay/port/uplink_curl.h"

static struct receive_rig s_rig;
static struct json s_json;
static struct state_view s_view;
static struct random s_random;
static struct uplink_curl *s_curl;
static struct uplink s_uplink;
static struct forwarder *s_forwarder;
static struct pages *s_pages;
static struct commands *s_commands;
static struct front_handler s_handler;

static enum front_want head(void *ctx, struct front_exchange *x, const struct front_head *h,
                            void **out_user)
{
    struct command *c = NULL;
    enum front_want want = FRONT_ANSWERED;
    (void)ctx;
    assert_true(commands_head(s_commands, x, h, &c, &want));
    *out_user = c;
    return want;
}

static size_t body(void *ctx, struct front_exchange *x, void *user, const void *data, size_t len)
{
    (void)ctx, (void)x;
    commands_body(user, data, len);
    return len;
}

static void finish(void *ctx, struct front_exchange *x, void *user)
{
    (void)ctx, (void)x;
    commands_finish(user);
}

static void gone(void *ctx, struct front_exchange *x, void *user, bool sent)
{
    (void)ctx, (void)x, (void)sent;
    commands_gone(user);
}

static enum err open_view(void *ctx, struct state_view *out)
{
    (void)ctx;
    fake_state_view_open(&s_rig.memory, out);
    return ERR_OK;
}

static int64_t seen(void *ctx)
{
    (void)ctx;
    return 0;
}

static void post(void *ctx, const struct delivery_result *results, size_t count)
{
    (void)ctx, (void)results, (void)count;
}

static void open_forwarder(void)
{
    s_random = random_linux();
    fake_state_view_open(&s_rig.memory, &s_view);
    assert_int_equal(uplink_curl_open(&s_curl, &s_uplink), ERR_OK);
    struct forwarder_setup setup = {.ports = {.fs = &s_rig.disk.fs,
                                              .view = &s_view,
                                              .uplink = &s_uplink,
                                              .json = &s_json,
                                              .hash = &s_rig.hash,
                                              .clock = &s_rig.committer_clock,
                                              .random = &s_random,
                                              .post = post}};
    assert_int_equal(forwarder_start(&setup, &s_forwarder), ERR_OK);
}

static void open_all(void)
{
    rig_open(&s_rig, 2, 64);
    s_json = json_jansson();
    open_forwarder();
    struct pages_deps pages = {.fs = &s_rig.disk.fs,
                               .clock = &s_rig.committer_clock,
                               .metrics = &s_rig.metrics,
                               .jobs = s_rig.jobs,
                               .view_open = open_view,
                               .seen = seen};
    assert_int_equal(pages_create(&pages, &s_pages), ERR_OK);
    struct commands_deps deps = {.pages = s_pages,
                                 .jobs = s_rig.jobs,
                                 .committer = s_rig.committer,
                                 .forwarder = s_forwarder,
                                 .json = &s_json,
                                 .fs = &s_rig.disk.fs};
    assert_int_equal(commands_create(&deps, &s_commands), ERR_OK);
    s_handler = (struct front_handler){NULL, head, body, finish, gone};
}

static void close_all(void)
{
    rig_set_free(&s_rig);
    fake_front_end_all();
    jobs_stop(s_rig.jobs);
    forwarder_close(s_forwarder);
    uplink_curl_close(s_curl);
    pages_destroy(s_pages);
    commands_destroy(s_commands);
    s_view.close(s_view.ctx);
    rig_close(&s_rig);
}

static struct front_exchange *begin(const char *path)
{
    return fake_front_begin(&s_handler, "POST", path,
                            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
}

static struct front_exchange *ask(const char *path, const char *json)
{
    struct front_exchange *x = begin(path);
    assert_true(fake_front_send(x, json, strlen(json)));
    fake_front_finish(x);
    return x;
}

/* --- retry ------------------------------------------------------------------------------------ */

static uint64_t s_left;
static unsigned s_asked;

static enum err retry_in_steps(void *ctx, const char *name, uint64_t *out_count)
{
    (void)ctx;
    assert_null(name);
    *out_count = s_left < STATE_STEP_MAX ? s_left : STATE_STEP_MAX;
    s_left -= *out_count;
    s_asked++;
    return ERR_OK;
}

static void a_retry_of_all_leaves_none_out(void **state)
{
    (void)state;
    open_all();
    s_rig.state.deliveries_retry = retry_in_steps;
    s_left = 2 * STATE_STEP_MAX + 5;
    s_asked = 0;
    struct front_exchange *x = ask("/api/retry", "{\"filename\": null}");
    assert_int_equal(fake_front_wait(x), 200);
    assert_true(rig_says(x, "\"retried\": 20005}"));
    assert_int_equal(s_left, 0);
    close_all();
}

static enum err retry_one(void *ctx, const char *name, uint64_t *out_count)
{
    (void)ctx;
    assert_string_equal(name, "a.jpg");
    s_asked++;
    *out_count = 1;
    return ERR_OK;
}

static void a_retry_of_one_asks_once(void **state)
{
    (void)state;
    open_all();
    s_rig.state.deliveries_retry = retry_one;
    s_asked = 0;
    struct front_exchange *x = ask("/api/retry", "{\"filename\": \"a.jpg\"}");
    assert_int_equal(fake_front_wait(x), 200);
    assert_int_equal(s_asked, 1);
    close_all();
}

/* --- import ----------------------------------------------------------------------------------- */

static void imported_names_are_known_and_flushed(void **state)
{
    (void)state;
    open_all();
    struct front_exchange *x = ask("/api/import-sent", "[\"a.jpg\", \"b.jpg\"]");
    assert_int_equal(fake_front_wait(x), 200);
    assert_true(rig_says(x, "\"imported\": 2}"));
    assert_int_equal(s_rig.disk.calls_of[FAKE_FS_SYNC_ALL], 1);
    close_all();
}

static void an_import_whose_flush_fails_is_not_answered_well(void **state)
{
    (void)state;
    open_all();
    fake_fs_fail(&s_rig.disk, FAKE_FS_SYNC_ALL, 1, ERR_IO, true);
    struct front_exchange *x = ask("/api/import-sent", "[\"a.jpg\"]");
    assert_int_equal(fake_front_wait(x), 503);
    struct committer_status status;
    committer_status(s_rig.committer, &status);
    assert_true(status.failing);
    close_all();
}

/* --- askers ----------------------------------------------------------------------------------- */

static void bad_bodies_and_heads_are_refused(void **state)
{
    (void)state;
    static char piece[1 << 20];
    open_all();
    struct front_exchange *x = ask("/api/retry", "[]");
    assert_int_equal(fake_front_wait(x), 400);
    fake_front_end(x);
    x = ask("/api/import-sent", "nonsense");
    assert_int_equal(fake_front_wait(x), 400);
    fake_front_end(x);
    x = fake_front_ask(&s_handler, "GET", "/api/retry", NULL);
    assert_int_equal(fake_front_wait(x), 405);
    x = fake_front_ask(&s_handler, "POST", "/api/retry", "Content-Type: text/plain\r\n");
    assert_int_equal(fake_front_wait(x), 415);
    x = begin("/api/import-sent");
    memset(piece, ' ', sizeof piece);
    for (unsigned i = 0; i < COMMANDS_BODY_MAX / sizeof piece; i++)
        assert_true(fake_front_send(x, piece, sizeof piece));
    assert_true(fake_front_send(x, piece, 1));
    fake_front_finish(x);
    assert_int_equal(fake_front_wait(x), 413);
    close_all();
}

static void an_asker_may_leave_while_his_command_runs_and_others_wait_their_turn(void **state)
{
    (void)state;
    open_all();
    rig_hang(&s_rig, FAKE_FS_SYNC_ALL);
    struct front_exchange *first = ask("/api/import-sent", "[\"a.jpg\"]");
    rig_wait_hanging(&s_rig, 1);
    struct front_exchange *second = begin("/api/retry");
    fake_front_vanish(first);
    struct front_exchange *third = begin("/api/retry"); /* the first still runs */
    assert_int_equal(fake_front_wait(third), 503);
    fake_front_vanish(second); /* nothing was asked yet: its place is free at once */
    struct front_exchange *fourth = begin("/api/retry");
    assert_false(fake_front_answered(fourth));
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_of_all_leaves_none_out),
        cmocka_unit_test(a_retry_of_one_asks_once),
        cmocka_unit_test(imported_names_are_known_and_flushed),
        cmocka_unit_test(an_import_whose_flush_fails_is_not_answered_well),
        cmocka_unit_test(bad_bodies_and_heads_are_refused),
        cmocka_unit_test(an_asker_may_leave_while_his_command_runs_and_others_wait_their_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
