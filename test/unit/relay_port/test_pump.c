/* Goal: a consumer that never waits gets every byte of a source, in order, and a source is closed
 * exactly once whatever happens. Method: sources whose reads the test lets go one by one. */
#include "test/unit/unit.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "relay/port/pump.h"

/* Gives `size` bytes that count up, `step` per read at most. */
struct stage {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t at, size, step;
    enum err fails; /* given at `fails_at` */
    size_t fails_at;
    bool held;      /* reads wait */
    unsigned reads; /* begun */
    unsigned closed;
    unsigned woken;
};

static enum err stage_read(void *ctx, void *out, size_t cap, size_t *out_len)
{
    struct stage *s = ctx;
    enum err e = ERR_OK;
    (void)pthread_mutex_lock(&s->lock);
    s->reads++;
    (void)pthread_cond_broadcast(&s->changed);
    while (s->held)
        (void)pthread_cond_wait(&s->changed, &s->lock);
    size_t n = s->size - s->at;
    n = n < cap ? n : cap;
    n = n < s->step ? n : s->step;
    if (s->fails != ERR_OK && s->at >= s->fails_at)
        e = s->fails;
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        ((unsigned char *)out)[i] = (unsigned char)(s->at + i);
    if (e == ERR_OK) {
        s->at += n;
        *out_len = n;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return e;
}

static void count(struct stage *s, unsigned *what)
{
    (void)pthread_mutex_lock(&s->lock);
    ++*what;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
}

static void stage_close(void *ctx)
{
    struct stage *s = ctx;
    count(s, &s->closed);
}

static void stage_wake(void *arg)
{
    struct stage *s = arg;
    count(s, &s->woken);
}

static void wait_for(struct stage *s, const unsigned *what, unsigned at_least)
{
    (void)pthread_mutex_lock(&s->lock);
    while (*what < at_least)
        (void)pthread_cond_wait(&s->changed, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
}

static void set_held(struct stage *s, bool held)
{
    (void)pthread_mutex_lock(&s->lock);
    s->held = held;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
}

static struct pump_flow *open_flow(struct pump *p, struct stage *s)
{
    const struct front_source source = {s, stage_read, stage_close};
    struct pump_flow *f = NULL;
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->changed, NULL);
    if (s->step == 0)
        s->step = SIZE_MAX;
    assert_int_equal(pump_flow_open(p, &source, stage_wake, s, &f), ERR_OK);
    return f;
}

/* Takes until the end, sleeping only where a wake-up was promised. */
static enum pump_got drain(struct pump_flow *f, struct stage *s, size_t cap, size_t *out_total)
{
    unsigned char piece[1000];
    unsigned seen = 0;
    assert_true(cap <= sizeof piece);
    *out_total = 0;
    for (;;) {
        size_t len = 0;
        enum pump_got got = pump_flow_take(f, piece, cap, &len);
        if (got == PUMP_END || got == PUMP_FAILED)
            return got;
        if (got == PUMP_LATER)
            wait_for(s, &s->woken, ++seen);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(piece[i], (unsigned char)(*out_total + i));
        *out_total += len;
    }
}

static void every_byte_comes_in_order(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        0, 1, PUMP_SMALL_BYTES, PUMP_BUFFER_BYTES, PUMP_BUFFER_BYTES + 1, 300000};
    for (unsigned buffers = 0; buffers < 2; buffers++) {
        struct pump *p = NULL;
        assert_int_equal(pump_open(2, buffers, &p), ERR_OK);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct stage s = {.size = sizes[i], .step = 7777};
            struct pump_flow *f = open_flow(p, &s);
            size_t total = 0;
            assert_int_equal(drain(f, &s, 999, &total), PUMP_END);
            assert_int_equal(total, sizes[i]);
            pump_flow_close(f);
            wait_for(&s, &s.closed, 1);
        }
        pump_close(p);
    }
}

static void an_error_comes_after_the_bytes_before_it(void **state)
{
    (void)state;
    struct pump *p = NULL;
    struct stage s = {.size = 100, .step = 10, .fails = ERR_IO, .fails_at = 50};
    size_t total = 0;
    assert_int_equal(pump_open(1, 1, &p), ERR_OK);
    struct pump_flow *f = open_flow(p, &s);
    assert_int_equal(drain(f, &s, 7, &total), PUMP_FAILED);
    assert_int_equal(total, 50);
    pump_flow_close(f);
    pump_close(p);
    assert_int_equal(s.closed, 1);
}

static void a_source_without_anything_is_asked_again_when_told(void **state)
{
    (void)state;
    struct pump *p = NULL;
    struct stage s = {.size = 5, .fails = ERR_FULL};
    char piece[10];
    size_t len = 0;
    assert_int_equal(pump_open(1, 1, &p), ERR_OK);
    struct pump_flow *f = open_flow(p, &s);
    assert_int_equal(pump_flow_take(f, piece, sizeof piece, &len), PUMP_LATER);
    wait_for(&s, &s.reads, 1);
    (void)pthread_mutex_lock(&s.lock);
    s.fails = ERR_OK; /* news came */
    (void)pthread_mutex_unlock(&s.lock);
    assert_int_equal(pump_flow_take(f, piece, sizeof piece, &len), PUMP_LATER);
    pump_flow_again(f);
    wait_for(&s, &s.woken, 1);
    assert_int_equal(pump_flow_take(f, piece, sizeof piece, &len), PUMP_BYTES);
    assert_int_equal(len, 5);
    pump_flow_close(f);
    pump_close(p);
}

static void news_during_a_read_that_finds_nothing_are_not_lost(void **state)
{
    (void)state;
    struct pump *p = NULL;
    struct stage s = {.size = 5, .fails = ERR_FULL, .held = true};
    char piece[10];
    size_t len = 0;
    assert_int_equal(pump_open(1, 1, &p), ERR_OK);
    struct pump_flow *f = open_flow(p, &s);
    assert_int_equal(pump_flow_take(f, piece, sizeof piece, &len), PUMP_LATER);
    wait_for(&s, &s.reads, 1); /* the worker is in the read */
    pump_flow_again(f);
    set_held(&s, false);
    wait_for(&s, &s.reads, 2); /* asked again although nobody told again */
    pump_flow_close(f);
    pump_close(p);
    assert_int_equal(s.closed, 1);
}

static void a_stalled_source_holds_neither_its_consumer_nor_the_others(void **state)
{
    (void)state;
    struct pump *p = NULL;
    struct stage stalled = {.size = 100, .held = true};
    struct stage quick = {.size = 100000};
    char piece[10];
    size_t len = 0, total = 0;
    assert_int_equal(pump_open(2, 1, &p), ERR_OK);
    struct pump_flow *a = open_flow(p, &stalled);
    assert_int_equal(pump_flow_take(a, piece, sizeof piece, &len), PUMP_LATER);
    wait_for(&stalled, &stalled.reads, 1);
    struct pump_flow *b = open_flow(p, &quick);
    assert_int_equal(drain(b, &quick, 1000, &total), PUMP_END);
    assert_int_equal(total, 100000);
    pump_flow_close(a); /* while its read is under way */
    pump_flow_close(b);
    set_held(&stalled, false);
    pump_close(p);
    assert_int_equal(stalled.closed, 1);
    assert_int_equal(stalled.woken, 0); /* never after pump_flow_close() */
    assert_int_equal(quick.closed, 1);
}

static void a_flow_that_was_never_read_is_closed(void **state)
{
    (void)state;
    struct pump *p = NULL;
    struct stage s = {.size = 5};
    assert_int_equal(pump_open(1, 1, &p), ERR_OK);
    pump_flow_close(open_flow(p, &s));
    pump_close(p);
    assert_int_equal(s.closed, 1);
    assert_int_equal(s.reads, 0);
    pump_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_comes_in_order),
        cmocka_unit_test(an_error_comes_after_the_bytes_before_it),
        cmocka_unit_test(a_source_without_anything_is_asked_again_when_told),
        cmocka_unit_test(news_during_a_read_that_finds_nothing_are_not_lost),
        cmocka_unit_test(a_stalled_source_holds_neither_its_consumer_nor_the_others),
        cmocka_unit_test(a_flow_that_was_never_read_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
