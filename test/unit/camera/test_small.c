/* Goal: the small deciders (verdict, answer, reply, timekeep, ident, relayfind, ladder) decide as
 * their headers say, fed whole, in pieces and with rubbish. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "camera/logic/answer.h"
#include "camera/logic/ident.h"
#include "camera/logic/ladder.h"
#include "camera/logic/relayfind.h"
#include "camera/logic/reply.h"
#include "camera/logic/timekeep.h"
#include "camera/logic/verdict.h"
#include "test/fakes/camera/fake_random.h"
#include "test/fakes/camera/fake_vault.h"
#include "test/unit/unit.h"

/* ---- verdict ---- */

static void every_status_has_its_verdict(void **state)
{
    (void)state;
    for (unsigned s = 100; s <= 999; s++) {
        enum verdict want = VERDICT_HOLD;
        if (s >= 200 && s <= 299)
            want = VERDICT_SENT;
        else if (s < 200 || s == 408 || s == 425 || s == 429 || s >= 500)
            want = VERDICT_RETRY;
        else if (s == 400 || s == 413 || s == 415 || s == 422)
            want = VERDICT_PHOTO;
        assert_int_equal(verdict_of_status(s), want);
    }
    static const unsigned holds[] = {301, 302, 307, 308, 401, 403, 404, 405, 407, 411};
    for (unsigned i = 0; i < sizeof holds / sizeof holds[0]; i++)
        assert_int_equal(verdict_of_status(holds[i]), VERDICT_HOLD);
}

/* ---- answer ---- */

static void a_relays_answer_is_read(void **state)
{
    (void)state;
    struct answer a;
    struct slice text = SLICE("{\"success\": true, \"filename\": \"a\\\"}.jpg\", \"size\": 123456, "
                              "\"nested\": {\"size\": 1, \"x\": [1, \"]\"]}, \"sha256\": \"ab\", "
                              "\"duplicate\": true, \"code\": \"busy\", \"none\": null}\n");
    assert_true(answer_read(text, &a));
    assert_true(a.has_success && a.success && a.duplicate);
    assert_true(a.has_size && a.size_bytes == 123456);
    assert_true(slice_eq(a.sha256, SLICE("ab")) && slice_eq(a.code, SLICE("busy")));
    for (size_t cut = 0; cut + 1 < text.len; cut++) {
        char *copy = malloc(cut + 1);
        memcpy(copy, text.ptr, cut);
        assert_false(answer_read((struct slice){copy, cut}, &a));
        assert_false(a.has_success || a.has_size);
        free(copy);
    }
}

static void what_is_no_object_says_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      "OK",         "[]",         "{\"a\" 1}", "{\"a\":}",
                                      "{a:1}", "{\"a\":1,}", "{\"a\":1}x", "{\"\n\":1}"};
    struct answer a;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(answer_read(slice_of(bad[i]), &a));
    char deep[100] = "{\"a\":";
    memset(deep + 5, '[', 40);
    memset(deep + 45, ']', 40);
    strcpy(deep + 85, "}");
    assert_false(answer_read(slice_of(deep), &a));
    assert_true(answer_read(SLICE("{}"), &a));
}

/* ---- reply ---- */

struct reply_row {
    const char *text;
    enum reply_state state; /* after it all and the end of the connection */
    unsigned status;
    bool keep_alive;
    const char *body;
};

static const struct reply_row REPLIES[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", REPLY_DONE, 200, true, "abc"},
    {"HTTP/1.0 200 OK\nContent-Length: 3\n\nabc", REPLY_DONE, 200, false, "abc"},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\ncontent-length:1\r\n\r\nx", REPLY_DONE, 200,
     true, "x"},
    {"HTTP/1.1 200 OK\r\nConnection: Foo , close\r\nContent-Length: 0\r\n\r\n", REPLY_DONE, 200,
     false, ""},
    {"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
     REPLY_DONE, 204, true, ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n002\r\nde\r\n0\r\nT: "
     "u\r\n\r\n",
     REPLY_DONE, 200, true, "abcde"},
    {"HTTP/1.1 503 No\r\n\r\nuntil the end", REPLY_DONE, 503, false, "until the end"},
    {"\r\nHTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", REPLY_DONE, 200, true, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", REPLY_BAD, 0, false, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", REPLY_BAD, 0, false,
     ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabcd", REPLY_BAD, 0, false, ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabcd", REPLY_BAD, 0, false, ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX", REPLY_BAD, 0, false, ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFF\r\nabc", REPLY_BAD, 0, false,
     ""},
    {"HTTP/1.1 101 Switch\r\n\r\n", REPLY_BAD, 0, false, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3", REPLY_BAD, 0, false, ""},
    {"HTTP/2 200\r\n\r\n", REPLY_BAD, 0, false, ""},
    {"HTTP/1.1 2x0 OK\r\n\r\n", REPLY_BAD, 0, false, ""},
    {"SSH-2.0-OpenSSH\r\n", REPLY_BAD, 0, false, ""},
    {"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", REPLY_BAD, 0, false, ""},
    {"", REPLY_BAD, 0, false, ""},
};

static void check_reply(const struct reply_row *row, size_t cut)
{
    struct reply r;
    reply_init(&r);
    size_t len = strlen(row->text), used = 0, more = 0;
    char *first = malloc(cut + 1), *second = malloc(len - cut + 1);
    memcpy(first, row->text, cut);
    memcpy(second, row->text + cut, len - cut);
    if (reply_feed(&r, first, cut, &used) == REPLY_MORE)
        (void)reply_feed(&r, second, len - cut, &more);
    assert_int_equal(reply_end(&r), row->state);
    if (row->state == REPLY_DONE) {
        assert_int_equal(r.status, row->status);
        assert_int_equal(r.keep_alive, row->keep_alive);
        assert_int_equal(r.body_kept, strlen(row->body));
        assert_memory_equal(r.body, row->body, r.body_kept);
    }
    free(first);
    free(second);
}

static void every_reply_at_every_split(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof REPLIES / sizeof REPLIES[0]; i++) {
        for (size_t cut = 0; cut <= strlen(REPLIES[i].text); cut++)
            check_reply(&REPLIES[i], cut);
    }
}

static void a_long_head_ends_and_a_long_body_is_not_kept(void **state)
{
    (void)state;
    struct reply r;
    size_t used;
    reply_init(&r);
    const char *start = "HTTP/1.1 200 OK\r\n";
    (void)reply_feed(&r, start, strlen(start), &used);
    char line[101];
    memset(line, 'a', sizeof line);
    memcpy(line, "X: ", 3);
    memcpy(line + 99, "\r\n", 2);
    enum reply_state s = REPLY_MORE;
    for (int i = 0; i < 200 && s == REPLY_MORE; i++)
        s = reply_feed(&r, line, sizeof line, &used);
    assert_int_equal(s, REPLY_BAD);

    reply_init(&r);
    start = "HTTP/1.1 200 OK\r\nRetry-After: 7\r\nContent-Length: 5000\r\n\r\n";
    (void)reply_feed(&r, start, strlen(start), &used);
    for (int i = 0; i < 50; i++)
        s = reply_feed(&r, line, 100, &used);
    assert_int_equal(s, REPLY_DONE);
    assert_true(r.body_cut && r.body_kept == REPLY_BODY_KEEP_MAX && r.keep_alive);
    assert_string_equal(r.retry_after, "7");
}

/* ---- timekeep ---- */

static const int64_t T = 1800000000000;

static void better_clocks_win_and_old_ones_lose(void **state)
{
    (void)state;
    struct timekeep t = {0};
    assert_int_equal(timekeep_now(&t, (struct mono){5}).ms, 0);
    assert_false(timekeep_hear(&t, TIMEKEEP_SNTP, (struct wall){1000}, (struct mono){0}));
    assert_true(timekeep_hear(&t, TIMEKEEP_SAVED, (struct wall){T}, (struct mono){1000}));
    assert_false(timekeep_is_sure(&t));
    assert_int_equal(timekeep_now(&t, (struct mono){3500}).ms, T + 2500);
    assert_true(timekeep_hear(&t, TIMEKEEP_RELAY, (struct wall){T + 9000}, (struct mono){2000}));
    assert_true(timekeep_is_sure(&t));
    assert_false(timekeep_hear(&t, TIMEKEEP_BROWSER, (struct wall){T}, (struct mono){3000}));
    assert_true(timekeep_hear(&t, TIMEKEEP_SNTP, (struct wall){T}, (struct mono){4000}));
    assert_false(timekeep_hear(&t, TIMEKEEP_RELAY, (struct wall){T}, (struct mono){5000}));
    assert_true(timekeep_hear(&t, TIMEKEEP_RELAY, (struct wall){T + 7},
                              (struct mono){4000 + TIMEKEEP_TRUST_MS}));
}

/* ---- ident ---- */

static void no_key_comes_twice_whatever_the_vault_does(void **state)
{
    (void)state;
    static struct fake_vault v;
    struct fake_random dice;
    struct ident a, b, c, d;
    struct shot s = {0}, s2 = {0};
    fake_vault_init(&v);
    fake_random_init(&dice, 1);
    ident_start(&a, &v.vault, &dice.random);
    ident_give(&a, &s);
    ident_give(&a, &s2);
    assert_true(a.kept && s.boot == 1 && s.seq == 1 && s2.seq == 2);
    ident_start(&b, &v.vault, &dice.random);
    assert_true(b.epoch == a.epoch && b.boot == 2);
    v.vault.clear(&v); /* erased: the counter begins anew, and so does the epoch */
    ident_start(&c, &v.vault, &dice.random);
    assert_true(c.epoch != a.epoch && c.boot == 1);
    v.fail_put = true; /* cannot be kept: neither may be used again */
    ident_start(&d, &v.vault, &dice.random);
    assert_true(!d.kept && d.epoch != c.epoch);
    ident_start(&b, &v.vault, &dice.random);
    assert_true(b.epoch != d.epoch);
    v.fail_put = false;
    v.records[0].data[5] ^= 1; /* damaged */
    ident_start(&b, &v.vault, &dice.random);
    assert_true(b.epoch != c.epoch && b.boot == 1);
}

/* ---- relayfind ---- */

static void a_found_relay_is_remembered_once_it_answered(void **state)
{
    (void)state;
    static struct fake_vault v;
    struct relayfind r;
    fake_vault_init(&v);
    relayfind_init(&r, "", 5000, &v.vault);
    assert_true(relayfind_wants_browse(&r, (struct mono){0}));
    relayfind_not_found(&r, (struct mono){0});
    assert_false(relayfind_wants_browse(&r, (struct mono){RELAYFIND_BROWSE_BASE_MS - 1}));
    assert_true(relayfind_wants_browse(&r, (struct mono){RELAYFIND_BROWSE_BASE_MS}));
    relayfind_found(&r, "192.168.1.7", 5001);
    assert_false(relayfind_wants_browse(&r, (struct mono){RELAYFIND_BROWSE_BASE_MS}));
    assert_int_equal(v.puts, 0);
    relayfind_answered(&r);
    relayfind_answered(&r);
    assert_int_equal(v.puts, 1);
    relayfind_init(&r, "", 5000, &v.vault); /* a reboot */
    assert_string_equal(r.host, "192.168.1.7");
    assert_int_equal(r.port, 5001);
    assert_false(relayfind_wants_browse(&r, (struct mono){0}));
    relayfind_unreachable(&r);
    assert_false(relayfind_wants_browse(&r, (struct mono){0}));
    relayfind_unreachable(&r);
    assert_true(relayfind_wants_browse(&r, (struct mono){0}));
}

static void a_configured_relay_is_never_browsed_for(void **state)
{
    (void)state;
    static struct fake_vault v;
    struct relayfind r;
    fake_vault_init(&v);
    relayfind_init(&r, "relay.example", 80, &v.vault);
    for (int i = 0; i < 10; i++)
        relayfind_unreachable(&r);
    assert_false(relayfind_wants_browse(&r, (struct mono){0}));
    relayfind_answered(&r);
    assert_int_equal(v.puts, 0);
}

/* ---- ladder ---- */

static void the_ladder_has_its_rungs_in_order(void **state)
{
    (void)state;
    static const enum ladder_action want[] = {
        LADDER_RETRY,       LADDER_RETRY,       LADDER_RESTART, LADDER_POWER_CYCLE,
        LADDER_POWER_CYCLE, LADDER_POWER_CYCLE, LADDER_MODEST,  LADDER_REST};
    struct ladder l = {0};
    for (unsigned i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_int_equal(ladder_failed(&l, (struct mono){1000}), want[i]);
    assert_true(l.degraded && l.modest);
    assert_false(ladder_may_try(&l, (struct mono){1000 + LADDER_REST_MIN_MS - 1}));
    assert_true(ladder_may_try(&l, (struct mono){1000 + LADDER_REST_MIN_MS}));
    ladder_worked(&l);
    assert_false(l.degraded);
    assert_true(l.modest && ladder_may_try(&l, (struct mono){0}));
}

static void reboots_are_rare_ever_rarer_and_end(void **state)
{
    (void)state;
    struct ladder l = {0};
    struct mono now = {0}, last = {0};
    uint64_t gap = 0;
    unsigned reboots = 0;
    for (unsigned i = 0; i < 30000; i++) {
        enum ladder_action a = ladder_failed(&l, now);
        if (l.rest_until.set && a == LADDER_REST)
            now = l.rest_until.at;
        if (a != LADDER_REBOOT)
            continue;
        assert_true(now.ms - last.ms > gap);
        gap = now.ms - last.ms;
        last = now;
        reboots++;
        uint32_t count = l.reboots; /* what the owner keeps over the reboot */
        l = (struct ladder){.reboots = count};
    }
    assert_int_equal(reboots, LADDER_REBOOTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_verdict),
        cmocka_unit_test(a_relays_answer_is_read),
        cmocka_unit_test(what_is_no_object_says_nothing),
        cmocka_unit_test(every_reply_at_every_split),
        cmocka_unit_test(a_long_head_ends_and_a_long_body_is_not_kept),
        cmocka_unit_test(better_clocks_win_and_old_ones_lose),
        cmocka_unit_test(no_key_comes_twice_whatever_the_vault_does),
        cmocka_unit_test(a_found_relay_is_remembered_once_it_answered),
        cmocka_unit_test(a_configured_relay_is_never_browsed_for),
        cmocka_unit_test(the_ladder_has_its_rungs_in_order),
        cmocka_unit_test(reboots_are_rare_ever_rarer_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
