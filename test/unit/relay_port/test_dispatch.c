/* Goal: what is promised of forwarding holds whatever the far side does. Method: the real dispatch
 * with real JSON and hashes, over a disk, an outbox, an uplink and a clock in memory; the far side
 * is a receiver that remembers what it stored and misbehaves as each test tells it. */
#include "test/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/logic/dispatch.h"
#include "relay/port/hash_openssl.h"
#include "relay/port/json_jansson.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/fakes/relay/fake_outbox.h"
#include "test/fakes/relay/far_side.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, QUEUE_MAX = 4096 };

struct world {
    struct fake_clock clock;
    struct fake_fs disk;
    struct fake_outbox outbox;
    struct fake_uplink net;
    struct json json;
    struct hash_openssl *openssl;
    const struct hash *hash;
    struct random random;
    uint32_t seed;
    struct far_side far[DESTINATIONS_MAX];
    struct dispatch dispatch;
    size_t destinations;
    int64_t photos;
    /* The writer: results are recorded so much later. */
    uint64_t writer_lag_ms;
    struct delivery_result queue[QUEUE_MAX];
    uint64_t queued_at[QUEUE_MAX];
    size_t queue_head, queue_tail;
};

static void fill(void *ctx, void *out, size_t len)
{
    struct world *w = ctx;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)(far_side_dice(&w->seed) >> 8);
}

static void post(void *ctx, const struct delivery_result *results, size_t count)
{
    struct world *w = ctx;
    for (size_t i = 0; i < count; i++) {
        assert_true(w->queue_tail - w->queue_head < QUEUE_MAX);
        w->queue[w->queue_tail % QUEUE_MAX] = results[i];
        w->queued_at[w->queue_tail++ % QUEUE_MAX] = w->clock.mono.ms;
    }
}

static void remote(void *arg, const struct fake_uplink_request *r, struct fake_uplink_answer *a)
{
    struct world *w = arg;
    unsigned to = (unsigned)(r->url[strlen("http://far")] - '0');
    far_side_meet(&w->far[to], w->clock.mono.ms, r, a);
}

static const char *const URLS[DESTINATIONS_MAX] = {"http://far0/upload", "http://far1/upload",
                                                   "http://far2/upload"};

static struct world *make(size_t destinations)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    fake_clock_init(&w->clock);
    fake_fs_init(&w->disk);
    fake_outbox_init(&w->outbox);
    fake_uplink_init(&w->net, &w->clock, &w->disk.fs);
    w->net.remote = remote;
    w->net.remote_arg = w;
    w->json = json_jansson();
    w->openssl = hash_openssl_create();
    assert_non_null(w->openssl);
    w->hash = hash_openssl_calls(w->openssl);
    w->random = (struct random){.ctx = w, .fill = fill};
    w->seed = 1;
    w->destinations = destinations;
    for (size_t i = 0; i < destinations; i++)
        far_side_init(&w->far[i]);
    return w;
}

static void begin(struct world *w, bool immediate)
{
    struct dispatch_target targets[DESTINATIONS_MAX];
    for (size_t i = 0; i < w->destinations; i++) {
        targets[i] = (struct dispatch_target){
            .url = URLS[i],
            .immediate = immediate,
            .interval_ms = DISPATCH_INTERVAL_MS,
            .limits = destination_limits_usual(),
        };
    }
    struct dispatch_ports ports = {
        .fs = &w->disk.fs,
        .view = &w->outbox.view,
        .uplink = &w->net.uplink,
        .json = &w->json,
        .hash = w->hash,
        .clock = &w->clock.clock,
        .random = &w->random,
        .post = post,
        .post_ctx = w,
    };
    dispatch_init(&w->dispatch, &ports, targets, w->destinations);
    dispatch_seen(&w->dispatch, w->photos);
}

static void end(struct world *w)
{
    assert_int_equal(w->outbox.strange_results, 0);
    assert_int_equal(fake_fs_open_count(&w->disk), 0);
    for (size_t i = 0; i < w->destinations; i++)
        far_side_deinit(&w->far[i]);
    fake_uplink_deinit(&w->net);
    fake_outbox_deinit(&w->outbox);
    fake_fs_deinit(&w->disk);
    hash_openssl_destroy(w->openssl);
    free(w);
}

/* A photo is stored, owed to every destination; answers its number. */
static int64_t arrive(struct world *w)
{
    struct photo p = {.id = ++w->photos, .received = w->clock.wall};
    char bytes[64];
    int len = snprintf(bytes, sizeof bytes, "\xff\xd8 photo %lld \xff\xd9", (long long)p.id);
    (void)snprintf(p.name, sizeof p.name, "p%06lld_20260114_081502.jpg", (long long)p.id);
    p.size_bytes = (uint64_t)len;
    struct hash_stream *s;
    assert_int_equal(w->hash->begin(w->hash->ctx, &s), ERR_OK);
    w->hash->update(w->hash->ctx, s, bytes, (size_t)len);
    w->hash->finish(w->hash->ctx, s, p.sha256);
    fake_fs_put(&w->disk, p.name, bytes, (size_t)len);
    for (size_t to = 0; to < w->destinations; to++)
        fake_outbox_add(&w->outbox, &p, (unsigned)to);
    dispatch_seen(&w->dispatch, p.id);
    return p.id;
}

static void write_due_results(struct world *w)
{
    while (w->queue_head < w->queue_tail &&
           w->queued_at[w->queue_head % QUEUE_MAX] + w->writer_lag_ms <= w->clock.mono.ms) {
        struct delivery_result *r = &w->queue[w->queue_head++ % QUEUE_MAX];
        fake_outbox_record(&w->outbox, r, 1);
        dispatch_written(&w->dispatch, r, 1);
    }
}

static uint32_t until_next_write(const struct world *w, uint64_t most)
{
    if (w->queue_head == w->queue_tail)
        return (uint32_t)most;
    uint64_t at = w->queued_at[w->queue_head % QUEUE_MAX] + w->writer_lag_ms;
    uint64_t wait = at > w->clock.mono.ms ? at - w->clock.mono.ms : 0;
    return (uint32_t)(wait < most ? wait : most);
}

/* Lets `ms` pass. A dispatch that spins without time passing is caught. */
static void run(struct world *w, uint64_t ms)
{
    uint64_t until = w->clock.mono.ms + ms, last = w->clock.mono.ms;
    unsigned idle = 0;
    while (w->clock.mono.ms < until) {
        write_due_results(w);
        enum err e = dispatch_step(&w->dispatch, until_next_write(w, until - w->clock.mono.ms));
        assert_int_equal(e, ERR_OK);
        idle = w->clock.mono.ms == last ? idle + 1 : 0;
        last = w->clock.mono.ms;
        assert_true(idle < 5000);
    }
    write_due_results(w);
}

static enum destination_state state_of(const struct world *w, unsigned to)
{
    return dispatch_status(&w->dispatch, to).state;
}

static struct outbox_row *row_of(struct world *w, int64_t photo)
{
    return &fake_outbox_find(&w->outbox, photo, 0)->row;
}

static enum fake_outbox_place place_of(struct world *w, int64_t photo)
{
    return fake_outbox_find(&w->outbox, photo, 0)->place;
}

/* ---- tests ---- */

static void a_photo_is_sent_once_and_proven(void **state)
{
    (void)state;
    struct world *w = make(1);
    int64_t id = arrive(w);
    begin(w, false);
    run(w, 1000);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
    assert_int_equal(far_side_copies(&w->far[0], id), 1);
    assert_int_equal(w->far[0].uploads, 1);
    assert_true(dispatch_status(&w->dispatch, 0).knows_keys);
    assert_int_equal(dispatch_status(&w->dispatch, 0).attempts[VERDICT_REASON_SENT], 1);
    end(w);
}

static void between_passes_photos_wait_unless_immediate(void **state)
{
    (void)state;
    for (int immediate = 0; immediate < 2; immediate++) {
        struct world *w = make(1);
        begin(w, immediate);
        run(w, 10 * 1000);
        int64_t id = arrive(w);
        run(w, 1000);
        assert_int_equal(place_of(w, id), immediate ? FAKE_OUTBOX_SENT : FAKE_OUTBOX_PENDING);
        run(w, DISPATCH_INTERVAL_MS);
        assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
        end(w);
    }
}

static void what_is_not_durable_yet_is_not_sent(void **state)
{
    (void)state;
    struct world *w = make(1);
    arrive(w);
    arrive(w);
    begin(w, true);
    w->dispatch.seen = 1; /* the flush of the second has not returned */
    run(w, 2 * DISPATCH_INTERVAL_MS);
    assert_int_equal(far_side_copies(&w->far[0], 1), 1);
    assert_int_equal(far_side_copies(&w->far[0], 2), 0);
    end(w);
}

static void live_photos_pass_a_backlog_that_still_drains_from_its_old_end(void **state)
{
    (void)state;
    struct world *w = make(1);
    for (int i = 0; i < 400; i++)
        arrive(w);
    w->far[0].delay_ms = 2000;
    begin(w, true);
    for (int i = 0; i < 10; i++) {
        run(w, 5000);
        int64_t live = arrive(w);
        run(w, 5000); /* at most one upload ahead of it in its slot, and its own */
        assert_int_equal(place_of(w, live), FAKE_OUTBOX_SENT);
    }
    assert_true(fake_outbox_count(&w->outbox, FAKE_OUTBOX_PENDING) > 100);
    for (int64_t id = 1; id <= 40; id++)
        assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
    assert_int_equal(w->net.in_flight_max, DESTINATION_PARALLEL);
    end(w);
}

static void a_slow_writer_doubles_nothing_and_stalls_nothing(void **state)
{
    (void)state;
    struct world *w = make(1);
    for (int i = 0; i < 600; i++)
        arrive(w);
    w->writer_lag_ms = 700;
    w->far[0].delay_ms = 1;
    begin(w, true);
    run(w, 30 * 1000);
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 600);
    assert_int_equal(w->far[0].uploads, 600);
    end(w);
}

static void a_missing_or_changed_file_is_a_dead_letter_with_its_reason(void **state)
{
    (void)state;
    struct world *w = make(1);
    int64_t gone = arrive(w), changed = arrive(w), good = arrive(w);
    assert_int_equal(w->disk.fs.remove(w->disk.fs.ctx, row_of(w, gone)->photo.name), ERR_OK);
    fake_fs_put(&w->disk, row_of(w, changed)->photo.name, "short", 5);
    begin(w, false);
    run(w, 1000);
    assert_int_equal(place_of(w, gone), FAKE_OUTBOX_DEAD);
    assert_non_null(strstr(row_of(w, gone)->error, "gone"));
    assert_int_equal(place_of(w, changed), FAKE_OUTBOX_DEAD);
    assert_non_null(strstr(row_of(w, changed)->error, "size"));
    assert_int_equal(place_of(w, good), FAKE_OUTBOX_SENT);
    assert_int_equal(w->far[0].uploads, 1);
    assert_int_equal(state_of(w, 0), DESTINATION_UP);
    end(w);
}

static void our_own_disk_failing_is_no_reason_to_give_up(void **state)
{
    (void)state;
    static const enum fake_fs_call CALLS[] = {FAKE_FS_STAT, FAKE_FS_OPEN, FAKE_FS_READ};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = make(1);
        int64_t id = arrive(w);
        begin(w, false);
        fake_fs_fail(&w->disk, CALLS[i], 1, ERR_IO, true);
        run(w, HOUR);
        assert_int_equal(place_of(w, id), FAKE_OUTBOX_PENDING);
        assert_int_equal(w->far[0].uploads, 0);
        assert_int_equal(state_of(w, 0), DESTINATION_UP);
        fake_fs_fail(&w->disk, CALLS[i], 0, ERR_OK, false);
        run(w, HOUR);
        assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
        end(w);
    }
}

static void a_photo_refused_three_times_is_put_aside_and_harms_no_other(void **state)
{
    (void)state;
    static const unsigned STATUSES[] = {400, 413, 415, 422};
    for (size_t i = 0; i < 4; i++) {
        struct world *w = make(1);
        int64_t bad = arrive(w);
        w->far[0].hated = bad;
        w->far[0].hated_status = STATUSES[i];
        begin(w, true);
        for (int n = 0; n < 60; n++) {
            arrive(w);
            run(w, MINUTE);
        }
        assert_int_equal(place_of(w, bad), FAKE_OUTBOX_DEAD);
        assert_int_equal(w->far[0].hated_uploads, VERDICT_PHOTO_TRIES_MAX);
        assert_int_equal(row_of(w, bad)->tries, VERDICT_PHOTO_TRIES_MAX);
        assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 60);
        end(w);
    }
}

static void failures_of_the_receiver_are_not_counted_as_refusals(void **state)
{
    (void)state;
    struct world *w = make(1);
    int64_t id = arrive(w);
    begin(w, false);
    w->far[0].status = 500;
    run(w, HOUR);
    assert_true(row_of(w, id)->tries > VERDICT_PHOTO_TRIES_MAX);
    w->far[0].status = 400;
    unsigned before = w->far[0].uploads;
    while (w->far[0].uploads == before)
        run(w, 1000);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_PENDING);
    assert_int_equal(row_of(w, id)->tries, 1);
    w->far[0].status = 0;
    run(w, HOUR);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
    end(w);
}

static void a_receiver_that_refuses_everything_does_not_empty_the_outbox(void **state)
{
    (void)state;
    struct world *w = make(1);
    for (int i = 0; i < 100; i++)
        arrive(w);
    w->far[0].status = 415;
    begin(w, false);
    run(w, 24 * HOUR);
    assert_int_equal(state_of(w, 0), DESTINATION_HELD);
    assert_true(fake_outbox_count(&w->outbox, FAKE_OUTBOX_DEAD) <= 2);
    w->far[0].status = 0;
    run(w, HOUR);
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_PENDING), 0);
    end(w);
}

static void a_wrong_token_holds_everything_and_is_probed_slowly(void **state)
{
    (void)state;
    static const unsigned STATUSES[] = {401, 403, 404, 405, 407, 411, 301, 302, 308};
    for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++) {
        struct world *w = make(1);
        for (int n = 0; n < 50; n++)
            arrive(w);
        w->far[0].status = STATUSES[i];
        begin(w, true);
        run(w, HOUR);
        assert_int_equal(state_of(w, 0), DESTINATION_HELD);
        assert_in_range(w->far[0].uploads, 12, DESTINATION_PARALLEL + 12);
        assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_DEAD), 0);
        w->far[0].status = 0;
        run(w, DESTINATION_HELD_PROBE_MS + MINUTE);
        assert_int_equal(state_of(w, 0), DESTINATION_UP);
        assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 50);
        end(w);
    }
}

static void one_that_is_down_is_left_alone_and_found_again(void **state)
{
    (void)state;
    struct world *w = make(1);
    for (int i = 0; i < 50; i++)
        arrive(w);
    w->far[0].gone = true;
    begin(w, true);
    run(w, 24 * HOUR);
    assert_int_equal(state_of(w, 0), DESTINATION_DOWN);
    assert_in_range(w->net.starts, 24 * 4, 24 * 12); /* every 5 s to 15 min, no oftener */
    w->far[0].gone = false;
    run(w, DESTINATION_BACKOFF_CAP_MS + MINUTE);
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 50);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(w->outbox.rows[i].row.tries, 0); /* none of it was the photos' fault */
    end(w);
}

static void retry_after_is_obeyed(void **state)
{
    (void)state;
    struct world *w = make(1);
    arrive(w);
    w->far[0].status = 429;
    w->far[0].retry_after_s = 3000;
    begin(w, true);
    run(w, 2999 * 1000);
    assert_int_equal(w->far[0].uploads, 1);
    w->far[0].status = 0;
    run(w, 2000);
    assert_int_equal(w->far[0].uploads, 2);
    assert_int_equal(place_of(w, 1), FAKE_OUTBOX_SENT);
    end(w);
}

static void one_poisonous_photo_does_not_hold_up_the_others(void **state)
{
    (void)state;
    for (int64_t poison = 1; poison <= 3; poison++) {
        struct world *w = make(1);
        for (int i = 0; i < 3; i++)
            arrive(w);
        w->far[0].hated = poison;
        w->far[0].hated_status = 500;
        w->far[0].gone = true;
        begin(w, true);
        run(w, HOUR); /* down, so that photos are tried one at a time when it comes back */
        w->far[0].gone = false;
        run(w, HOUR);
        assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 2);
        assert_int_equal(place_of(w, poison), FAKE_OUTBOX_PENDING);
        end(w);
    }
}

static void a_lying_receipt_is_not_believed(void **state)
{
    (void)state;
    static const enum far_side_lie LIES[] = {FAR_SIDE_LIES_SIZE, FAR_SIDE_LIES_HASH,
                                             FAR_SIDE_LIES_SUCCESS};
    for (size_t i = 0; i < 3; i++) {
        struct world *w = make(1);
        int64_t id = arrive(w);
        w->far[0].lie = LIES[i];
        begin(w, false);
        run(w, HOUR);
        assert_int_equal(place_of(w, id), FAKE_OUTBOX_PENDING);
        assert_true(dispatch_status(&w->dispatch, 0).attempts[VERDICT_REASON_UNPROVEN] > 1);
        w->far[0].lie = FAR_SIDE_HONEST;
        run(w, HOUR);
        assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
        end(w);
    }
}

static void an_answer_that_got_lost_doubles_nothing(void **state)
{
    (void)state;
    for (int script = 0; script < 2; script++) {
        struct world *w = make(1);
        int64_t id = arrive(w);
        w->far[0].is_script = script;
        w->far[0].lose_answers = 1;
        begin(w, false);
        run(w, HOUR);
        assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
        assert_int_equal(far_side_copies(&w->far[0], id), 1);
        /* Both were asked first: neither had shown yet that it knows keys. */
        assert_int_equal(w->far[0].questions, 1);
        assert_int_equal(w->far[0].uploads, 1);
        end(w);
    }
}

static void a_receiver_that_knows_keys_is_not_asked(void **state)
{
    (void)state;
    struct world *w = make(1);
    arrive(w);
    begin(w, true);
    run(w, 1000);
    w->far[0].lose_answers = 1;
    int64_t id = arrive(w);
    run(w, HOUR);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
    assert_int_equal(w->far[0].questions, 0);
    assert_int_equal(far_side_copies(&w->far[0], id), 1);
    assert_int_equal(w->far[0].uploads, 3); /* the last was folded under its key */
    end(w);
}

static void what_the_list_does_not_show_is_sent_again(void **state)
{
    (void)state;
    for (int listless = 0; listless < 2; listless++) {
        struct world *w = make(1);
        int64_t id = arrive(w);
        w->far[0].is_script = true;
        w->far[0].listless = listless;
        w->far[0].swallow = 1; /* taken, not stored, not answered */
        begin(w, false);
        run(w, HOUR);
        assert_int_equal(w->far[0].questions, 1);
        assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
        assert_int_equal(far_side_copies(&w->far[0], id), 1);
        end(w);
    }
}

static void bytes_damaged_on_the_way_are_sent_until_they_arrive(void **state)
{
    (void)state;
    struct world *w = make(1);
    int64_t id = arrive(w);
    w->far[0].digest_wrong = 10;
    begin(w, false);
    run(w, 12 * HOUR);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
    assert_int_equal(w->far[0].uploads, 11);
    end(w);
}

static void bytes_damaged_on_our_disk_are_told_apart(void **state)
{
    (void)state;
    struct world *w = make(1);
    int64_t id = arrive(w);
    fake_fs_damage(&w->disk, row_of(w, id)->photo.name, 5);
    w->far[0].digest_wrong = UINT32_MAX;
    begin(w, false);
    run(w, 12 * HOUR);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_DEAD);
    assert_non_null(strstr(row_of(w, id)->error, "our own disk"));
    assert_int_equal(w->far[0].uploads, VERDICT_PHOTO_TRIES_MAX);
    end(w);
}

static void every_port_may_fail_for_a_while(void **state)
{
    (void)state;
    struct world *w = make(1);
    for (int i = 0; i < 20; i++)
        arrive(w);
    begin(w, false);
    w->outbox.fail_reads = 5;
    run(w, 20 * 1000);
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 20);
    for (int i = 0; i < 20; i++)
        arrive(w);
    w->net.fail_starts = 5;
    run(w, HOUR);
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 40);
    w->net.fail_waits = 1;
    assert_int_equal(dispatch_step(&w->dispatch, 10), ERR_IO);
    arrive(w);
    run(w, HOUR);
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 41);
    end(w);
}

static void a_url_nobody_can_speak_holds_the_destination(void **state)
{
    (void)state;
    struct world *w = make(1);
    int64_t id = arrive(w);
    begin(w, false);
    w->dispatch.routes[0].target.url = "gopher://far0/upload";
    run(w, HOUR);
    assert_int_equal(state_of(w, 0), DESTINATION_HELD);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_PENDING);
    end(w);
}

static void a_clock_set_back_a_year_delays_nothing_for_long(void **state)
{
    (void)state;
    struct world *w = make(1);
    int64_t id = arrive(w);
    begin(w, false);
    w->far[0].status = 500;
    run(w, 10 * MINUTE);
    fake_clock_jump(&w->clock, -365LL * 24 * HOUR);
    w->far[0].status = 0;
    run(w, 20 * MINUTE);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
    end(w);
}

static void one_that_hangs_does_not_slow_another(void **state)
{
    (void)state;
    struct world *w = make(2);
    w->far[0].delay_ms = 24 * HOUR;
    for (int i = 0; i < 200; i++)
        arrive(w);
    begin(w, true);
    run(w, 1000);
    assert_int_equal(w->far[1].stored, 200);
    end(w);
}

static void a_paused_one_gets_nothing_and_owes_nothing(void **state)
{
    (void)state;
    struct world *w = make(1);
    int64_t id = arrive(w);
    begin(w, true);
    struct dispatch_target t = w->dispatch.routes[0].target;
    t.paused = true;
    dispatch_set_targets(&w->dispatch, &t);
    run(w, HOUR);
    assert_int_equal(w->far[0].uploads, 0);
    t.paused = false;
    dispatch_set_targets(&w->dispatch, &t);
    run(w, 1000);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
    end(w);
}

static void a_person_who_says_now_is_obeyed(void **state)
{
    (void)state;
    struct world *w = make(1);
    int64_t id = arrive(w);
    w->far[0].status = 401;
    begin(w, false);
    run(w, 10 * 1000);
    w->far[0].status = 0;
    run(w, 10 * 1000);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_PENDING);
    dispatch_retry(&w->dispatch);
    run(w, 1000);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
    end(w);
}

static void what_is_cut_off_at_the_end_is_doubtful_and_due(void **state)
{
    (void)state;
    struct world *w = make(1);
    int64_t id = arrive(w);
    w->far[0].delay_ms = HOUR / 12;
    w->far[0].is_script = true;
    begin(w, false);
    run(w, 1000);
    dispatch_cancel(&w->dispatch);
    write_due_results(w);
    assert_int_equal(w->net.in_flight, 0);
    assert_true(row_of(w, id)->ambiguous);
    assert_int_equal(row_of(w, id)->due.ms, 0);
    assert_int_equal(dispatch_status(&w->dispatch, 0).in_flight, 0);

    far_side_cut_off(&w->far[0], w->clock.mono.ms);
    w->far[0].delay_ms = 0; /* the next run: it was stored, and the list shows it */
    begin(w, false);
    run(w, 1000);
    assert_int_equal(place_of(w, id), FAKE_OUTBOX_SENT);
    assert_int_equal(far_side_copies(&w->far[0], id), 1);
    end(w);
}

/* A week in which everything goes wrong at random: a relay-like and a script-like receiver, photos
 * every half hour, restarts, clock jumps. */
static void live_a_week(uint32_t seed)
{
    struct world *w = make(2);
    w->seed = seed;
    w->far[1].is_script = true;
    begin(w, true);
    for (int i = 0; i < 7 * 24 * 2; i++) {
        for (int k = 0; k < 2; k++)
            far_side_shuffle(&w->far[k], &w->seed);
        w->writer_lag_ms = far_side_dice(&w->seed) % 3 == 0 ? 900 : 0;
        arrive(w);
        run(w, 30 * MINUTE);
        if (far_side_dice(&w->seed) % 20 == 0)
            fake_clock_jump(&w->clock, (int64_t)(far_side_dice(&w->seed) % (2 * HOUR)) - HOUR);
        if (far_side_dice(&w->seed) % 40 == 0) {
            w->writer_lag_ms = 0;
            dispatch_cancel(&w->dispatch);
            write_due_results(w);
            for (int k = 0; k < 2; k++)
                far_side_cut_off(&w->far[k], w->clock.mono.ms);
            begin(w, true);
        }
    }
    for (int k = 0; k < 2; k++)
        far_side_behave(&w->far[k]);
    w->writer_lag_ms = 0;
    run(w, 2 * HOUR);
    assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 2 * (size_t)w->photos);
    for (int64_t id = 1; id <= w->photos; id++) {
        assert_int_equal(far_side_copies(&w->far[0], id), 1); /* folded by its key */
        assert_in_range(far_side_copies(&w->far[1], id), 1,
                        1 + far_side_doubts(&w->far[1], id)); /* only what was in doubt */
    }
    assert_int_equal(w->far[0].foreign_keys + w->far[1].foreign_keys, 0);
    end(w);
}

static void a_week_of_failures_loses_nothing_and_doubles_only_what_was_in_doubt(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 6; seed++)
        live_a_week(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_photo_is_sent_once_and_proven),
        cmocka_unit_test(between_passes_photos_wait_unless_immediate),
        cmocka_unit_test(what_is_not_durable_yet_is_not_sent),
        cmocka_unit_test(live_photos_pass_a_backlog_that_still_drains_from_its_old_end),
        cmocka_unit_test(a_slow_writer_doubles_nothing_and_stalls_nothing),
        cmocka_unit_test(a_missing_or_changed_file_is_a_dead_letter_with_its_reason),
        cmocka_unit_test(our_own_disk_failing_is_no_reason_to_give_up),
        cmocka_unit_test(a_photo_refused_three_times_is_put_aside_and_harms_no_other),
        cmocka_unit_test(failures_of_the_receiver_are_not_counted_as_refusals),
        cmocka_unit_test(a_receiver_that_refuses_everything_does_not_empty_the_outbox),
        cmocka_unit_test(a_wrong_token_holds_everything_and_is_probed_slowly),
        cmocka_unit_test(one_that_is_down_is_left_alone_and_found_again),
        cmocka_unit_test(retry_after_is_obeyed),
        cmocka_unit_test(one_poisonous_photo_does_not_hold_up_the_others),
        cmocka_unit_test(a_lying_receipt_is_not_believed),
        cmocka_unit_test(an_answer_that_got_lost_doubles_nothing),
        cmocka_unit_test(a_receiver_that_knows_keys_is_not_asked),
        cmocka_unit_test(what_the_list_does_not_show_is_sent_again),
        cmocka_unit_test(bytes_damaged_on_the_way_are_sent_until_they_arrive),
        cmocka_unit_test(bytes_damaged_on_our_disk_are_told_apart),
        cmocka_unit_test(every_port_may_fail_for_a_while),
        cmocka_unit_test(a_url_nobody_can_speak_holds_the_destination),
        cmocka_unit_test(a_clock_set_back_a_year_delays_nothing_for_long),
        cmocka_unit_test(one_that_hangs_does_not_slow_another),
        cmocka_unit_test(a_paused_one_gets_nothing_and_owes_nothing),
        cmocka_unit_test(a_person_who_says_now_is_obeyed),
        cmocka_unit_test(what_is_cut_off_at_the_end_is_doubtful_and_due),
        cmocka_unit_test(a_week_of_failures_loses_nothing_and_doubles_only_what_was_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
