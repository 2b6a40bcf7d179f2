/* Goal: what the writer puts in comes out in that order, once, whole, also while both work. */
#include "lib/base/ring.h"

#include <pthread.h>
#include <string.h>

#include "test/unit/unit.h"

static void all_of_the_memory_can_be_filled(void **state)
{
    (void)state;
    uint8_t memory[8];
    struct ring r;
    char out[9];
    ring_init(&r, memory, sizeof memory);
    assert_int_equal(ring_read(&r, out, sizeof out), 0);
    assert_int_equal(ring_peek(&r).len, 0);
    assert_int_equal(ring_write(&r, "0123456789", 10), 8);
    assert_int_equal(ring_room(&r), 0);
    assert_int_equal(ring_used(&r), 8);
    assert_int_equal(ring_write(&r, "x", 1), 0);
    assert_int_equal(ring_read(&r, out, 3), 3);
    assert_memory_equal(out, "012", 3);
    assert_int_equal(ring_write(&r, "abcd", 4), 3);
    assert_int_equal(ring_read(&r, out, sizeof out), 8);
    assert_memory_equal(out, "34567abc", 8);
    assert_int_equal(ring_used(&r), 0);
}

static void a_piece_in_one_go_ends_at_the_edge(void **state)
{
    (void)state;
    uint8_t memory[4];
    struct ring r;
    ring_init(&r, memory, sizeof memory);
    assert_int_equal(ring_write(&r, "abc", 3), 3);
    ring_skip(&r, 2);
    assert_int_equal(ring_write(&r, "def", 3), 3);
    assert_true(slice_eq(ring_peek(&r), SLICE("cd")));
    ring_skip(&r, 2);
    assert_true(slice_eq(ring_peek(&r), SLICE("ef")));
    ring_skip(&r, 2);
    assert_int_equal(ring_peek(&r).len, 0);
}

static void the_counters_may_wrap_around(void **state)
{
    (void)state;
    uint8_t memory[4];
    struct ring r;
    char out[4];
    ring_init(&r, memory, sizeof memory);
    atomic_store(&r.written, SIZE_MAX - 1);
    atomic_store(&r.read, SIZE_MAX - 1);
    assert_int_equal(ring_write(&r, "abcd", 4), 4);
    assert_int_equal(ring_used(&r), 4);
    assert_int_equal(ring_room(&r), 0);
    assert_int_equal(ring_read(&r, out, 4), 4);
    assert_memory_equal(out, "abcd", 4);
}

enum { THREAD_BYTES = 300000 };

static void *write_counting(void *arg)
{
    struct ring *r = arg;
    uint8_t piece[37];
    for (size_t sent = 0; sent < THREAD_BYTES;) {
        size_t n = sizeof piece < THREAD_BYTES - sent ? sizeof piece : THREAD_BYTES - sent;
        for (size_t i = 0; i < n; i++)
            piece[i] = (uint8_t)((sent + i) * 31 >> 3);
        sent += ring_write(r, piece, n);
    }
    return NULL;
}

static void two_threads_lose_and_double_nothing(void **state)
{
    (void)state;
    uint8_t memory[64];
    struct ring r;
    pthread_t writer;
    ring_init(&r, memory, sizeof memory);
    assert_int_equal(pthread_create(&writer, NULL, write_counting, &r), 0);
    size_t wrong = 0;
    for (size_t got = 0; got < THREAD_BYTES;) {
        uint8_t piece[23];
        size_t n = ring_read(&r, piece, sizeof piece);
        for (size_t i = 0; i < n; i++)
            wrong += piece[i] != (uint8_t)((got + i) * 31 >> 3);
        got += n;
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(wrong, 0);
    assert_int_equal(ring_used(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_the_memory_can_be_filled),
        cmocka_unit_test(a_piece_in_one_go_ends_at_the_edge),
        cmocka_unit_test(the_counters_may_wrap_around),
        cmocka_unit_test(two_threads_lose_and_double_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
