/* Goal: a batch waits exactly when that lets photos share its flush, and never longer than
 * promised. Method: a flush of 100 ms; the numbers at each bound and one past it. */
#include "test/unit/unit.h"

#include "relay/logic/gather.h"

enum { FLUSH = 100, FIFTH = 20, HALF = 50, PAUSE = 20 };

static struct mono at(uint64_t ms)
{
    return (struct mono){1000 + ms};
}

/* At 0 `answered` photos were answered while `waiting` were queued; a batch begins at `ms`. */
static struct gather begun(size_t answered, size_t waiting, size_t queued, uint64_t ms)
{
    struct gather g = {0};
    gather_answered(&g, answered, waiting, FLUSH);
    gather_ended(&g, at(0));
    gather_begin(&g, queued, at(ms), at(ms));
    return g;
}

static void the_first_batch_of_all_waits_for_nobody(void **state)
{
    (void)state;
    struct gather g = {0};
    gather_begin(&g, 1, at(0), at(0));
    assert_int_equal(gather_wait_ms(&g, 1, 0, at(0)), 0);
    assert_int_equal(gather_wait_ms(&g, 1, 5, at(0)), 0); /* no flush was timed yet */
}

static void a_lone_camera_never_waits(void **state)
{
    (void)state;
    for (uint64_t ms = 0; ms < 3 * FLUSH; ms++) {
        struct gather g = begun(1, 0, 1, ms);
        assert_int_equal(gather_wait_ms(&g, 1, 0, at(ms)), 0);
    }
}

static void uploads_on_their_way_get_a_fifth_of_a_flush(void **state)
{
    (void)state;
    struct gather g = begun(1, 0, 1, 500);
    assert_int_equal(gather_wait_ms(&g, 1, 1, at(500)), FIFTH);
    assert_int_equal(gather_wait_ms(&g, 1, 1, at(500 + FIFTH - 1)), 1);
    assert_int_equal(gather_wait_ms(&g, 1, 1, at(500 + FIFTH)), 0);
}

static void once_they_are_there_nobody_waits_on(void **state)
{
    (void)state;
    struct gather g = begun(1, 0, 1, 500);
    assert_int_equal(gather_wait_ms(&g, 1, 1, at(500)), FIFTH);
    assert_int_equal(gather_wait_ms(&g, 2, 0, at(503)), 0);
}

static void those_just_answered_are_waited_for_while_they_come(void **state)
{
    (void)state;
    struct gather g = begun(8, 4, 4, 0);
    uint64_t ms = 0;
    for (size_t queued = 4; queued < 12; queued++, ms += 3)
        assert_int_equal(gather_wait_ms(&g, queued, 0, at(ms)), PAUSE);
    assert_int_equal(gather_wait_ms(&g, 12, 0, at(ms)), 0); /* all are back */
}

static void a_pause_of_a_fifth_ends_the_wait(void **state)
{
    (void)state;
    struct gather g = begun(8, 4, 4, 0);
    assert_int_equal(gather_wait_ms(&g, 5, 0, at(3)), PAUSE);
    assert_int_equal(gather_wait_ms(&g, 5, 0, at(3 + PAUSE - 1)), 1);
    assert_int_equal(gather_wait_ms(&g, 5, 0, at(3 + PAUSE)), 0);
}

static void half_a_flush_is_the_most(void **state)
{
    (void)state;
    struct gather g = begun(100, 0, 1, 0);
    uint64_t ms = 0;
    size_t queued = 1;
    for (; ms < HALF - PAUSE; ms++)
        assert_int_equal(gather_wait_ms(&g, ++queued, 1, at(ms)), ms < FIFTH ? FIFTH - ms : PAUSE);
    for (; ms < HALF; ms++)
        assert_int_equal(gather_wait_ms(&g, ++queued, 1, at(ms)), HALF - ms);
    assert_int_equal(gather_wait_ms(&g, ++queued, 1, at(HALF)), 0);
}

static void who_stays_away_for_a_fifth_is_not_waited_for(void **state)
{
    (void)state;
    struct gather late = begun(8, 0, 1, FIFTH);
    assert_int_equal(gather_wait_ms(&late, 1, 0, at(FIFTH)), PAUSE);
    struct gather later = begun(8, 0, 1, FIFTH + 1);
    assert_int_equal(gather_wait_ms(&later, 1, 0, at(FIFTH + 1)), 0);
}

static void a_busy_committer_does_not_forget_who_came_back(void **state)
{
    (void)state;
    struct gather g = {0};
    gather_answered(&g, 8, 0, FLUSH);
    gather_ended(&g, at(0));
    gather_begin(&g, 5, at(3), at(FIFTH + 30)); /* it emptied its log meanwhile */
    assert_int_equal(gather_wait_ms(&g, 5, 0, at(FIFTH + 30)), PAUSE);
}

static void a_quick_disk_is_not_waited_with(void **state)
{
    (void)state;
    struct gather g = {0};
    gather_answered(&g, 16, 16, 1);
    gather_ended(&g, at(0));
    gather_begin(&g, 1, at(0), at(0));
    assert_int_equal(gather_wait_ms(&g, 1, 31, at(0)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_batch_of_all_waits_for_nobody),
        cmocka_unit_test(a_lone_camera_never_waits),
        cmocka_unit_test(uploads_on_their_way_get_a_fifth_of_a_flush),
        cmocka_unit_test(once_they_are_there_nobody_waits_on),
        cmocka_unit_test(those_just_answered_are_waited_for_while_they_come),
        cmocka_unit_test(a_pause_of_a_fifth_ends_the_wait),
        cmocka_unit_test(half_a_flush_is_the_most),
        cmocka_unit_test(who_stays_away_for_a_fifth_is_not_waited_for),
        cmocka_unit_test(a_busy_committer_does_not_forget_who_came_back),
        cmocka_unit_test(a_quick_disk_is_not_waited_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
