/* Goal: a reader gets what was written, in order, or is told; the writer never notices. */
#include "audio/logic/tape.h"

#include <pthread.h>
#include <string.h>

#include "test/unit/unit.h"

enum { CAP = 256 };

static _Atomic int16_t memory[CAP];
static struct tape t;

static void write_counting(uint32_t from, size_t count)
{
    int16_t x[CAP];
    for (size_t i = 0; i < count; i++)
        x[i] = (int16_t)(uint16_t)(from + i);
    tape_write(&t, x, count);
}

static void samples_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct tape_reader r;
    struct tape_marks m;
    int16_t out[50];
    tape_init(&t, memory, CAP);
    tape_open(&r, &t, 0);
    for (uint32_t at = 0; at < 10000; at += 50) {
        write_counting(at, 49);
        assert_false(tape_read(&r, &t, out, 50, &m));
        write_counting(at + 49, 1);
        assert_true(tape_read(&r, &t, out, 50, &m));
        assert_int_equal(m.index, at);
        assert_false(m.gap);
        for (unsigned i = 0; i < 50; i++)
            assert_int_equal((uint16_t)out[i], at + i);
    }
    assert_int_equal(r.lost, 0);
}

static void a_slow_reader_jumps_ahead_and_is_told(void **state)
{
    (void)state;
    struct tape_reader slow, quick;
    struct tape_marks m;
    int16_t out[CAP / 4];
    tape_init(&t, memory, CAP);
    tape_open(&slow, &t, 0);
    write_counting(0, CAP);
    assert_true(tape_read(&slow, &t, out, 64, &m)); /* exactly full is not too slow */
    assert_int_equal(m.index, 0);
    assert_false(m.gap);
    tape_open(&quick, &t, 0);
    write_counting(CAP, 65); /* one more than there is room for before `slow` */
    assert_true(tape_read(&slow, &t, out, 64, &m));
    assert_true(m.gap);
    assert_int_equal(m.index, CAP + 1);
    assert_int_equal((uint16_t)out[0], CAP + 1);
    assert_int_equal(slow.lost, CAP + 1 - 64);
    assert_true(tape_read(&quick, &t, out, 64, &m));
    assert_false(m.gap);
    assert_int_equal(m.index, CAP);
    write_counting(CAP + 65, 64);
    assert_true(tape_read(&slow, &t, out, 64, &m));
    assert_false(m.gap); /* told once */
}

static void a_gap_is_silent_counted_and_marked_once(void **state)
{
    (void)state;
    struct tape_reader r;
    struct tape_marks m;
    int16_t out[32];
    tape_init(&t, memory, CAP);
    tape_open(&r, &t, 0);
    write_counting(1, 32);
    tape_skip(&t, 16);
    write_counting(100, 48);
    static const bool marked[] = {false, true, false};
    for (unsigned i = 0; i < 3; i++) {
        assert_true(tape_read(&r, &t, out, 32, &m));
        assert_int_equal(m.gap, marked[i]);
    }
    tape_skip(&t, 100000); /* far more than the tape: time still goes on by all of it */
    assert_int_equal(tape_end(&t), 96 + 100000);
    assert_true(tape_read(&r, &t, out, 32, &m));
    assert_true(m.gap);
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(out[i], 0);
}

static void nobody_begins_before_the_last_gap(void **state)
{
    (void)state;
    struct tape_reader r;
    tape_init(&t, memory, CAP);
    tape_open(&r, &t, 100);
    assert_int_equal(r.at, 0);
    write_counting(0, 200);
    tape_open(&r, &t, 100);
    assert_int_equal(r.at, 100);
    tape_open(&r, &t, 1000);
    assert_int_equal(r.at, 200 - CAP / 2);
    tape_skip(&t, 0);
    write_counting(200, 10);
    tape_open(&r, &t, 100);
    assert_int_equal(r.at, 200);
}

static void places_wrap_around(void **state)
{
    (void)state;
    struct tape_reader r;
    struct tape_marks m;
    int16_t out[40];
    tape_init(&t, memory, CAP);
    for (unsigned i = 0; i < 4; i++)
        tape_skip(&t, UINT32_MAX / 4);
    tape_open(&r, &t, 0);
    for (uint32_t n = 0; n < 1000; n += 40) {
        write_counting(n, 40);
        assert_true(tape_read(&r, &t, out, 40, &m));
        assert_int_equal((uint16_t)out[0], n);
        assert_false(m.gap);
    }
    assert_true(r.at < 1000);
}

/* One writes as fast as it can, two read: what they get is right or told. TSan looks on. */
enum { TOTAL = 400000, BLOCK = 37 };
static _Atomic bool finished;

static void *write_all(void *ctx)
{
    (void)ctx;
    for (uint32_t at = 0; at < TOTAL; at += BLOCK)
        write_counting(at, BLOCK);
    atomic_store(&finished, true);
    return NULL;
}

static void *read_all(void *ctx)
{
    uint32_t *wrong = ctx;
    struct tape_reader r;
    struct tape_marks m;
    int16_t out[64];
    tape_open(&r, &t, 0);
    uint32_t expected = r.at;
    for (;;) {
        bool last = atomic_load(&finished);
        if (!tape_read(&r, &t, out, 64, &m)) {
            if (last)
                return NULL;
            continue;
        }
        *wrong += m.index != expected && !m.gap;
        for (unsigned i = 0; i < 64; i++)
            *wrong += (uint16_t)out[i] != (uint16_t)(m.index + i);
        expected = m.index + 64;
    }
}

static void threads_never_see_a_torn_block(void **state)
{
    (void)state;
    pthread_t threads[3];
    uint32_t wrong[2] = {0};
    tape_init(&t, memory, CAP);
    atomic_store(&finished, false);
    assert_int_equal(pthread_create(&threads[0], NULL, read_all, &wrong[0]), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, read_all, &wrong[1]), 0);
    assert_int_equal(pthread_create(&threads[2], NULL, write_all, NULL), 0);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wrong[0], 0);
    assert_int_equal(wrong[1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_come_out_as_they_went_in),
        cmocka_unit_test(a_slow_reader_jumps_ahead_and_is_told),
        cmocka_unit_test(a_gap_is_silent_counted_and_marked_once),
        cmocka_unit_test(nobody_begins_before_the_last_gap),
        cmocka_unit_test(places_wrap_around),
        cmocka_unit_test(threads_never_see_a_torn_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
