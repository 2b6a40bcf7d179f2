#include "test/contract/camera/courier_contract.h"

#include <dirent.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/sha256.h"
#include "test/unit/unit.h"

bool courier_contract_on_socket;

static void fill(uint8_t *out, uint32_t seq, uint32_t len)
{
    uint32_t x = seq * 2654435761U + 1;
    for (uint32_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        out[i] = (uint8_t)(x >> 24);
    }
}

static void note_stored(void *ctx, const uint8_t *request, uint32_t len)
{
    struct courier_rig *r = ctx;
    char text[96];
    uint32_t file_len = 0;
    const uint8_t *file = fake_relay_file(request, len, &file_len);
    assert_true(fake_relay_field(request, len, "X-Camera-Seq", text, sizeof text));
    uint32_t seq = (uint32_t)strtoul(text, NULL, 10);
    fill(r->jpeg, seq, file_len);
    assert_memory_equal(file, r->jpeg, file_len);
    assert_true(r->stored_count < COURIER_RIG_STORED);
    r->stored_seq[r->stored_count] = seq;
    assert_true(
        fake_relay_field(request, len, "Idempotency-Key", r->stored_key[r->stored_count], 96));
    r->stored_count++;
}

static const struct courier_config CONFIG = {
    .device = "door1",
    .path = "/upload",
    .token = "secret",
    .ca_pem = "",
    .connect_ms = 10000,
    .stall_ms = 20000,
    .reply_ms = 30000,
    .least_bytes_per_s = 2000,
    .retry_base_ms = 2000,
    .retry_cap_ms = 60000,
    .hold_base_ms = 30000,
    .hold_cap_ms = 600000,
};

static void start_courier(struct courier_rig *r)
{
    const struct stream *s = r->on_socket ? &r->socket.stream : fake_relay_stream(&r->relay);
    courier_init(&r->courier, &CONFIG, &r->backlog, s, &r->random.random);
    courier_lend_piece(&r->courier, r->piece, r->piece_bytes);
    courier_set_relay(&r->courier, "127.0.0.1", r->on_socket ? r->relay.port : 5000);
    courier_set_online(&r->courier, true);
}

int courier_contract_setup(void **state)
{
    struct courier_rig *r = calloc(1, sizeof *r);
    r->on_socket = courier_contract_on_socket;
    fake_relay_init(&r->relay);
    r->relay.stored = note_stored;
    r->relay.stored_ctx = r;
    host_stream_init(&r->socket);
    if (r->on_socket)
        fake_relay_listen(&r->relay);
    fake_random_init(&r->random, 7);
    assert_int_equal(tally_mount(&r->tally, NULL), ERR_OK);
    r->arena = malloc(COURIER_RIG_ARENA);
    r->jpeg = malloc(COURIER_RIG_ARENA);
    struct backlog_config b = {.arena = r->arena,
                               .arena_bytes = COURIER_RIG_ARENA,
                               .slots = r->slots,
                               .slots_max = COURIER_RIG_SLOTS,
                               .tally = &r->tally,
                               .boot = 3,
                               .order = BACKLOG_IN_ORDER};
    backlog_start(&r->backlog, &b);
    r->piece_bytes = 4096;
    r->piece = malloc(r->piece_bytes);
    r->now.ms = 1000;
    start_courier(r);
    *state = r;
    return 0;
}

int courier_contract_teardown(void **state)
{
    struct courier_rig *r = *state;
    courier_set_online(&r->courier, false);
    fake_relay_free(&r->relay);
    free(r->arena);
    free(r->jpeg);
    free(r->piece);
    free(r);
    return 0;
}

void courier_rig_photo(struct courier_rig *r, uint32_t len)
{
    struct shot s = {.epoch = 0xABCDEF, .boot = 3, .seq = ++r->seq, .length_bytes = len};
    fill(r->jpeg, s.seq, len);
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, r->jpeg, len);
    sha256_finish(&h, s.digest);
    assert_int_equal(backlog_add(&r->backlog, &s, r->jpeg), ERR_OK);
}

/* On a socket bytes may need a moment of real time, in which the courier's clock stands still. */
static bool socket_stirs(struct courier_rig *r)
{
    if (!r->on_socket)
        return false;
    struct pollfd p[3] = {
        {.fd = r->courier.wants_stream ? r->socket.fd : -1,
         .events = (short)(POLLIN | (r->courier.wants_write ? POLLOUT : 0))},
        {.fd = r->relay.socket,
         .events = (short)((r->relay.deaf ? 0 : POLLIN) |
                           (r->relay.out_at < r->relay.out_len ? POLLOUT : 0))},
        {.fd = r->relay.socket < 0 || r->relay.deaf ? r->relay.listener : -1, .events = POLLIN},
    };
    if (r->relay.deaf)
        p[1].fd = -1;
    return poll(p, 3, 1) > 0;
}

void courier_rig_run(struct courier_rig *r, uint64_t ms)
{
    struct mono end = {r->now.ms + ms};
    for (;;) {
        courier_step(&r->courier, r->now, (struct wall){1800000000000}, true);
        bool relay_did = r->on_socket && fake_relay_step(&r->relay);
        if (relay_did || socket_stirs(r))
            continue;
        uint32_t left = deadline_left_ms(r->courier.wake, r->now);
        bool more = r->courier.mood == COURIER_SENDING && !r->on_socket && r->courier.wants_write &&
                    !r->relay.deaf;
        if (more)
            continue; /* memory takes bytes at once */
        if (left >= end.ms - r->now.ms)
            break;
        r->now.ms += left == 0 ? 1 : left;
    }
    r->now = end;
}

static void expect_all_sent(const struct courier_rig *r)
{
    assert_int_equal(backlog_waiting(&r->backlog), 0);
    assert_int_equal(r->tally.now.sent, r->tally.now.captured);
    assert_int_equal(r->tally.now.dropped, 0);
}

static void send_lengths(struct courier_rig *r, const uint32_t *lengths, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        courier_rig_photo(r, lengths[i]);
        uint32_t before = r->stored_count;
        courier_rig_run(r, 10);
        assert_int_equal(r->stored_count, before + 1);
        assert_int_equal(r->stored_seq[before], r->seq);
        r->stored_count = 0; /* room for the next ones */
    }
    expect_all_sent(r);
}

void w1_w3_every_length_arrives_to_the_byte(void **state)
{
    struct courier_rig *r = *state;
    static const uint32_t pieces[] = {256, 1024, 2048, 4096};
    for (unsigned i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        uint32_t n = pieces[i];
        r->courier.call.piece_cap = n;
        const uint32_t lengths[] = {1,     n - 1,     n,          n + 1,  3 * n - 1,
                                    3 * n, 3 * n + 1, 17 * n - 1, 17 * n, 17 * n + 1};
        send_lengths(r, lengths, sizeof lengths / sizeof lengths[0]);
    }
    static const uint32_t edges[] = {65535, 65536, 65537, 384000};
    send_lengths(r, edges, sizeof edges / sizeof edges[0]);
}

void w2_the_length_is_announced_exactly(void **state)
{
    struct courier_rig *r = *state;
    r->relay.write_max =
        7; /* in memory: small bites; the relay fails the test on a byte too much */
    courier_rig_photo(r, 5000);
    courier_rig_run(r, 10);
    char text[200];
    assert_int_equal(r->stored_count, 1);
    uint32_t len = r->relay.request_len;
    assert_true(fake_relay_field(r->relay.request, len, "Idempotency-Key", text, sizeof text));
    assert_string_equal(text, "door1-0000000000abcdef-3-1");
    assert_true(fake_relay_field(r->relay.request, len, "Authorization", text, sizeof text));
    assert_string_equal(text, "Bearer secret");
    assert_true(fake_relay_field(r->relay.request, len, "Repr-Digest", text, sizeof text));
    assert_int_equal(strlen(text), strlen("sha-256=::") + 44);
    assert_true(fake_relay_field(r->relay.request, len, "X-Captured-At", text, sizeof text));
    assert_string_equal(text, "2027-01-15T07:59:59.000Z"); /* taken a second ago, no clock then */
    assert_true(fake_relay_field(r->relay.request, len, "X-Camera-Clock", text, sizeof text));
    assert_string_equal(text, "sure");
    assert_false(fake_relay_field(r->relay.request, len, "Transfer-Encoding", text, sizeof text));
}

void w4_a_reset_half_way_is_no_success(void **state)
{
    struct courier_rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_RESET_HALFWAY, 20000, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_CLOSE_HALFWAY, 20000, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 100000);
    courier_rig_run(r, 1000);
    assert_int_equal(r->tally.now.sent, 0);
    assert_int_equal(r->courier.mood, COURIER_RESTING);
    courier_rig_run(r, 60000);
    expect_all_sent(r);
    assert_int_equal(r->courier.tries, 3);
    assert_int_equal(r->stored_count, 1);
}

void w5_only_a_2xx_is_a_success(void **state)
{
    struct courier_rig *r = *state;
    static const char *const bad[] = {
        "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 404 No\r\n\r\n",
        "200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "\r\n",
        "",
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER_CLOSE, 0, bad[i]);
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, "HTTP/1.1 204 Fine\r\n\r\n");
    courier_rig_photo(r, 3000);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        courier_rig_run(r, 1);
        assert_int_equal(r->tally.now.sent, 0);
        assert_int_equal(r->courier.tries, i + 1);
        courier_hurry(&r->courier);
    }
    courier_rig_run(r, 1);
    expect_all_sent(r);
}

void w6_twenty_failed_connects_then_a_good_shot(void **state)
{
    struct courier_rig *r = *state;
    for (int i = 0; i < 20; i++)
        fake_relay_plan(&r->relay, FAKE_RELAY_REFUSE, 0, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 3000);
    for (int i = 0; i < 10; i++)
        courier_rig_photo(r, 3000);
    courier_rig_run(r, 30 * 60 * 1000);
    expect_all_sent(r);
    assert_true(r->courier.retries >= 20);
    for (uint32_t i = 0; i < r->stored_count; i++)
        assert_int_equal(r->stored_seq[i], i + 1);
}

static unsigned open_descriptors(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

void w7_nothing_leaks_in_a_thousand_failures(void **state)
{
    struct courier_rig *r = *state;
    static const enum fake_relay_deed deeds[] = {FAKE_RELAY_REFUSE, FAKE_RELAY_RESET_HALFWAY,
                                                 FAKE_RELAY_CLOSE_HALFWAY, FAKE_RELAY_ANSWER_EARLY,
                                                 FAKE_RELAY_CUT_ANSWER};
    for (unsigned i = 0; i < 1000; i++)
        fake_relay_plan(&r->relay, deeds[i % 5], 100,
                        i % 5 == 3 ? "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" : NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 9000);
    courier_rig_run(r, 1000);
    unsigned descriptors = open_descriptors();
    for (int i = 0; i < 2000 && r->tally.now.sent == 0; i++) {
        r->stored_count = 0;
        courier_hurry(&r->courier);
        courier_rig_run(r, 1);
        if (r->courier.mood != COURIER_SENDING)
            assert_true(open_descriptors() <= descriptors + 2);
    }
    expect_all_sent(r);
    assert_true(r->courier.tries >= 1000);
    assert_true(r->relay.open_now <= 1);
}

void w8_a_relay_that_stalls_does_not_stop_us(void **state)
{
    struct courier_rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_STALL_ANSWER, 0, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_STALL_READING, 3000, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_DEAF, 0, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    uint32_t len = r->on_socket ? 1500000 : 50000; /* more than the socket's buffers */
    courier_rig_photo(r, len);
    uint64_t begun = r->now.ms;
    courier_rig_run(r, CONFIG.reply_ms - 1000);
    assert_int_equal(r->courier.mood, COURIER_SENDING);
    assert_int_equal(r->tally.now.sent, 0);
    courier_rig_run(r, 4 * 60 * 1000);
    expect_all_sent(r);
    assert_int_equal(r->courier.tries, 4);
    assert_true(r->now.ms - begun < 6 * 60 * 1000);
}

void w8_an_answer_before_the_close_is_heard(void **state)
{
    struct courier_rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER_CLOSE, 0, NULL);
    for (int i = 0; i < 5; i++)
        courier_rig_photo(r, 4096);
    courier_rig_run(r, 10);
    expect_all_sent(r);
    assert_int_equal(r->courier.tries, 5);
    assert_int_equal(r->relay.connections, 5);
}

void w11_an_early_refusal_is_heard(void **state)
{
    struct courier_rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER_EARLY, 0,
                    "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno");
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER_EARLY_STAY, 0,
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n");
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 1500000);
    courier_rig_run(r, 10);
    assert_int_equal(r->courier.last_status, 401);
    assert_int_equal(r->courier.mood, COURIER_HOLDING);
    courier_hurry(&r->courier);
    courier_rig_run(r, 10);
    assert_int_equal(r->courier.last_status, 413);
    courier_rig_run(r, 60000);
    expect_all_sent(r);
    assert_int_equal(r->relay.connections, 3); /* neither was used again */
}

void w12_a_kept_connection_that_died_costs_nothing(void **state)
{
    struct courier_rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    for (int i = 0; i < 3; i++) {
        courier_rig_photo(r, 4096);
        courier_rig_run(r, 10);
    }
    assert_int_equal(r->relay.connections, 1); /* kept alive */
    courier_rig_run(r, COURIER_KEEP_MS + 10);
    assert_false(r->courier.call.connected); /* but not for ever */
    courier_rig_photo(r, 4096);
    courier_rig_run(r, 10);
    r->relay.calls[0].close_before_next = true;
    for (int i = 0; i < 3; i++) {
        courier_rig_photo(r, 4096);
        courier_rig_run(r, 1000);
    }
    expect_all_sent(r);
    assert_int_equal(r->courier.failures, 0);
    assert_int_equal(r->courier.retries, 0);
    assert_true(r->relay.connections >= 3);
}

void a_cut_answer_is_no_answer_and_the_key_stays(void **state)
{
    struct courier_rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_CUT_ANSWER, 12, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_CUT_ANSWER, 110, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 3000);
    courier_rig_run(r, 60000);
    expect_all_sent(r);
    assert_int_equal(r->stored_count, 3);
    assert_string_equal(r->stored_key[0], r->stored_key[1]);
    assert_string_equal(r->stored_key[0], r->stored_key[2]);
}

void retry_after_is_obeyed(void **state)
{
    struct courier_rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0,
                    "HTTP/1.1 429 Slow\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n");
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0,
                    "HTTP/1.1 503 Slow\r\nRetry-After: 99999999\r\nContent-Length: 0\r\n\r\n");
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 3000);
    courier_rig_run(r, 119000);
    assert_int_equal(r->courier.tries, 1);
    courier_rig_run(r, 2000);
    assert_int_equal(r->courier.tries, 2);
    courier_rig_run(r, (uint64_t)COURIER_RETRY_AFTER_MAX_S * 1000 + 1000);
    expect_all_sent(r);
}

void an_answer_that_disagrees_is_no_success(void **state)
{
    struct courier_rig *r = *state;
    static const char *const lies[] = {
        "{\"success\": false}",
        "{\"success\": true, \"size\": 2999}",
        "{\"sha256\": \"0000000000000000000000000000000000000000000000000000000000000000\"}",
    };
    char text[3][256];
    for (int i = 0; i < 3; i++) {
        snprintf(text[i], sizeof text[i], "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(lies[i]), lies[i]);
        fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, text[i]);
    }
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 3000);
    for (int i = 0; i < 3; i++) {
        courier_rig_run(r, 1);
        assert_int_equal(r->tally.now.sent, 0);
        courier_hurry(&r->courier);
    }
    courier_rig_run(r, 1);
    expect_all_sent(r);
}

void three_refusals_set_the_photo_aside_and_free_the_way(void **state)
{
    struct courier_rig *r = *state;
    for (int i = 0; i < 3; i++)
        fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0,
                        "HTTP/1.1 415 No\r\nContent-Length: 0\r\n\r\n");
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 3000);
    courier_rig_photo(r, 3000);
    courier_rig_run(r, 60000);
    assert_int_equal(backlog_aside(&r->backlog), 1);
    assert_int_equal(r->tally.now.sent, 1);
    assert_int_equal(r->stored_seq[3], 2);
}

void a_hurt_body_is_retried_for_ever(void **state)
{
    struct courier_rig *r = *state;
    static const char text[] = "HTTP/1.1 422 No\r\nContent-Length: 36\r\n\r\n"
                               "{\"success\": false,\"code\": \"digest\"} ";
    for (int i = 0; i < 8; i++)
        fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, text);
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 3000);
    courier_rig_run(r, 20 * 60 * 1000);
    expect_all_sent(r);
    assert_int_equal(r->courier.tries, 9);
}

void a_wrong_token_holds_everything(void **state)
{
    struct courier_rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0,
                    "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    for (int i = 0; i < 5; i++)
        courier_rig_photo(r, 3000);
    courier_rig_run(r, 24 * 3600 * 1000);
    assert_int_equal(r->courier.mood, COURIER_HOLDING);
    assert_int_equal(backlog_waiting(&r->backlog), 5);
    assert_true(r->courier.tries > 100 && r->courier.tries < 500); /* slow, but never silent */
}

void going_offline_and_coming_back(void **state)
{
    struct courier_rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_STALL_READING, 2000, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 100000);
    courier_rig_run(r, 100);
    assert_int_equal(r->courier.mood, COURIER_SENDING);
    courier_set_online(&r->courier, false);
    courier_rig_run(r, 600000);
    assert_int_equal(r->courier.mood, COURIER_NO_RELAY);
    courier_set_online(&r->courier, true);
    courier_rig_run(r, 100);
    expect_all_sent(r);
}

void a_paused_courier_lends_its_stream(void **state)
{
    struct courier_rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_STALL_ANSWER, 0, NULL);
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    courier_rig_photo(r, 3000);
    courier_rig_run(r, 10);
    assert_true(r->courier.call.connected); /* kept for the next one */
    courier_rig_photo(r, 3000);
    courier_rig_run(r, 10);
    assert_int_equal(r->courier.mood, COURIER_SENDING);
    assert_false(courier_free_stream(&r->courier)); /* not in the middle of a photo */
    courier_pause(&r->courier, true);
    courier_rig_run(r, CONFIG.reply_ms + CONFIG.retry_cap_ms);
    assert_int_equal(r->courier.tries, 2); /* ended, and nothing begun since */
    assert_true(courier_free_stream(&r->courier));
    courier_pause(&r->courier, false);
    courier_rig_run(r, 10);
    assert_int_equal(r->tally.now.sent, 2);
    assert_true(r->courier.call.connected);
    assert_true(courier_free_stream(&r->courier)); /* an idle connection ends */
    assert_false(r->courier.call.connected);
    courier_rig_run(r, 10);
    assert_int_equal(r->relay.open_now, 0);
    courier_rig_photo(r, 3000);
    courier_rig_run(r, 10);
    expect_all_sent(r);
    assert_int_equal(r->courier.failures, 0);
}
