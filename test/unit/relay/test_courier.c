/* Goal: nothing starves, nothing is picked twice, and clocks that jump strand no photo. Method: an
 * outbox in memory; picks are counted and ordered. */
#include "test/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "relay/logic/courier.h"
#include "test/fakes/relay/fake_outbox.h"

static const struct wall NOW = {1768378502000};

struct world {
    struct fake_outbox outbox;
    struct courier courier;
    struct courier_ask ask;
};

static struct world *make(int64_t photos)
{
    static struct world w;
    fake_outbox_init(&w.outbox);
    for (int64_t id = 1; id <= photos; id++) {
        struct photo p = {.id = id};
        (void)snprintf(p.name, sizeof p.name, "p%lld.jpg", (long long)id);
        fake_outbox_add(&w.outbox, &p, 0);
    }
    courier_init(&w.courier, &w.outbox.view);
    w.ask = (struct courier_ask){.now = NOW, .parallel = 4};
    return &w;
}

static void end(struct world *w)
{
    fake_outbox_deinit(&w->outbox);
}

/* 0 = nothing found. */
static int64_t pick(struct world *w)
{
    bool found;
    struct outbox_row row;
    assert_int_equal(courier_pick(&w->courier, &w->ask, &found, &row), ERR_OK);
    return found ? row.photo.id : 0;
}

static void settle(struct world *w, int64_t id, enum delivery_outcome outcome, int64_t due_ms)
{
    struct delivery_result r = {.photo = id, .outcome = outcome, .due = {due_ms}};
    courier_landed(&w->courier, 0, id);
    fake_outbox_record(&w->outbox, &r, 1);
    courier_release(&w->courier, 0, id);
}

static void nothing_goes_before_the_first_tick(void **state)
{
    (void)state;
    struct world *w = make(3);
    assert_int_equal(pick(w), 0);
    assert_false(courier_going(&w->courier, 0));
    assert_int_equal(w->outbox.reads, 0);
    end(w);
}

static void of_four_three_are_new_and_one_is_old(void **state)
{
    (void)state;
    struct world *w = make(1000);
    courier_tick(&w->courier, 0, 1000);
    assert_int_equal(pick(w), 1000);
    assert_int_equal(pick(w), 1);
    assert_int_equal(pick(w), 999);
    assert_int_equal(pick(w), 998);
    settle(w, 1, DELIVERY_SENT, 0);
    assert_int_equal(pick(w), 2); /* the slot of the oldest stays the oldest's */
    settle(w, 999, DELIVERY_SENT, 0);
    assert_int_equal(pick(w), 997);
    end(w);
}

static void a_lone_slot_is_shared_by_turns(void **state)
{
    (void)state;
    struct world *w = make(100);
    w->ask.parallel = 1;
    courier_tick(&w->courier, 0, 100);
    static const int64_t ORDER[] = {100, 99, 98, 1, 97, 96, 95, 2};
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pick(w), ORDER[i]);
        settle(w, ORDER[i], DELIVERY_SENT, 0);
    }
    end(w);
}

static void a_pass_takes_everything_once_and_ends(void **state)
{
    (void)state;
    static const int64_t COUNTS[] = {1, 2, 31, 32, 33, 63, 64, 65, 200, 1000};
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        struct world *w = make(COUNTS[i]);
        courier_tick(&w->courier, 0, COUNTS[i]);
        int64_t taken = 0;
        for (int64_t id = pick(w); id != 0; id = pick(w)) {
            taken++;
            settle(w, id, DELIVERY_SENT, 0);
        }
        assert_int_equal(taken, COUNTS[i]);
        assert_false(courier_going(&w->courier, 0));
        assert_int_equal(w->outbox.strange_results, 0);
        end(w);
    }
}

static void results_written_late_double_nothing(void **state)
{
    (void)state;
    /* What was picked is written only long after, when the lanes have read far ahead of it. */
    for (size_t lag = 1; lag <= 200; lag += 13) {
        struct world *w = make(300);
        int64_t waiting[300];
        size_t head = 0, tail = 0;
        courier_tick(&w->courier, 0, 300);
        for (int round = 0; round < 2000; round++) {
            int64_t id = tail - head < lag ? pick(w) : 0;
            if (id != 0) {
                waiting[tail++] = id;
                courier_landed(&w->courier, 0, id);
            } else if (head < tail) {
                settle(w, waiting[head++], DELIVERY_SENT, 0);
            }
            if (round % 7 == 0) /* new photos keep sending the upper lane back to the top */
                courier_tick(&w->courier, 0, 300);
        }
        assert_int_equal(fake_outbox_count(&w->outbox, FAKE_OUTBOX_SENT), 300);
        assert_int_equal(tail, 300);
        assert_int_equal(w->outbox.strange_results, 0);
        end(w);
    }
}

static void a_new_photo_passes_the_backlog(void **state)
{
    (void)state;
    struct world *w = make(500);
    courier_tick(&w->courier, 0, 500);
    for (int i = 0; i < 20; i++)
        settle(w, pick(w), DELIVERY_SENT, 0);
    struct photo p = {.id = 501, .name = "new.jpg"};
    fake_outbox_add(&w->outbox, &p, 0);
    assert_int_not_equal(pick(w), 501); /* above what was seen at the tick */
    courier_tick(&w->courier, 0, 501);
    int64_t first = pick(w), second = pick(w);
    assert_true(first == 501 || second == 501);
    end(w);
}

static void the_oldest_gets_through_while_new_ones_keep_coming(void **state)
{
    (void)state;
    struct world *w = make(100);
    int64_t newest = 100;
    bool oldest_gone = false;
    for (int i = 0; i < 40 && !oldest_gone; i++) {
        struct photo p = {.id = ++newest};
        fake_outbox_add(&w->outbox, &p, 0);
        courier_tick(&w->courier, 0, newest);
        int64_t a = pick(w), b = pick(w);
        oldest_gone = a == 1 || b == 1;
        settle(w, a, DELIVERY_SENT, 0);
        settle(w, b, DELIVERY_SENT, 0);
    }
    assert_true(oldest_gone);
    end(w);
}

static void what_waits_is_left_until_it_is_due(void **state)
{
    (void)state;
    struct world *w = make(1);
    courier_tick(&w->courier, 0, 1);
    assert_int_equal(pick(w), 1);
    settle(w, 1, DELIVERY_WAITING, NOW.ms + 5000);
    courier_tick(&w->courier, 0, 1);
    assert_int_equal(pick(w), 0);
    w->ask.now.ms += 4999;
    courier_tick(&w->courier, 0, 1);
    assert_int_equal(pick(w), 0);
    w->ask.now.ms += 1;
    courier_tick(&w->courier, 0, 1);
    assert_int_equal(pick(w), 1);
    end(w);
}

static void a_clock_set_back_strands_nothing(void **state)
{
    (void)state;
    struct world *w = make(3);
    /* Made to wait while the clock stood a year ahead, and, rightly, for ten minutes. */
    w->outbox.rows[0].row.due.ms = NOW.ms + 365LL * 86400000;
    w->outbox.rows[1].row.due.ms = NOW.ms + 600000;
    w->outbox.rows[2].row.due.ms = NOW.ms + COURIER_WAIT_MAX_MS + 1;

    courier_tick(&w->courier, 0, 3); /* the first pass after a start forgives */
    int64_t a = pick(w), b = pick(w);
    assert_int_equal(a + b, 1 + 3);
    assert_int_equal(pick(w), 0);
    courier_release(&w->courier, 0, 1); /* nothing became of them */
    courier_release(&w->courier, 0, 3);

    courier_tick(&w->courier, 0, 3); /* an ordinary pass does not */
    assert_int_equal(pick(w), 0);
    courier_clock_went_back(&w->courier);
    courier_tick(&w->courier, 0, 3);
    assert_int_not_equal(pick(w), 0);
    assert_int_not_equal(pick(w), 0);
    assert_int_equal(pick(w), 0);
    end(w);
}

static void who_hurries_waits_for_nothing_but_once(void **state)
{
    (void)state;
    struct world *w = make(3);
    for (size_t i = 0; i < 3; i++)
        w->outbox.rows[i].row.due.ms = NOW.ms + 60000;
    courier_tick(&w->courier, 0, 3);
    assert_int_equal(pick(w), 0);
    courier_hurry(&w->courier);
    courier_tick(&w->courier, 0, 3);
    for (int64_t id = 1; id <= 3; id++) {
        assert_int_equal(pick(w), id);
        settle(w, id, DELIVERY_WAITING, NOW.ms + 90000);
        courier_tick(&w->courier, 0, 3); /* passes begin meanwhile */
    }
    assert_int_equal(pick(w), 0); /* they failed again, and wait again */
    courier_tick(&w->courier, 0, 3);
    assert_int_equal(pick(w), 0);
    end(w);
}

static void on_trial_a_photo_that_never_failed_goes_first(void **state)
{
    (void)state;
    struct world *w = make(20);
    for (size_t i = 0; i < 20; i++)
        w->outbox.rows[i].row.tries = i == 7 || i == 12 ? 0 : 5;
    w->ask.on_trial = true;
    courier_tick(&w->courier, 0, 20);
    assert_int_equal(pick(w), 13);
    assert_int_equal(pick(w), 8);
    end(w);
}

static void on_trial_the_lanes_take_turns(void **state)
{
    (void)state;
    struct world *w = make(50);
    w->ask.on_trial = true;
    courier_tick(&w->courier, 0, 50);
    assert_int_equal(pick(w), 50);
    assert_int_equal(pick(w), 1);
    assert_int_equal(pick(w), 49);
    end(w);
}

static void a_full_table_stops_picking_and_room_starts_it_again(void **state)
{
    (void)state;
    struct world *w = make(COURIER_BUSY_MAX + 10);
    int64_t last = 0;
    courier_tick(&w->courier, 0, COURIER_BUSY_MAX + 10);
    for (int i = 0; i < COURIER_BUSY_MAX; i++) {
        last = pick(w);
        assert_int_not_equal(last, 0);
        courier_landed(&w->courier, 0, last);
    }
    assert_int_equal(pick(w), 0);
    assert_true(courier_going(&w->courier, 0));
    settle(w, last, DELIVERY_SENT, 0);
    assert_int_not_equal(pick(w), 0);
    assert_int_equal(pick(w), 0);
    end(w);
}

static void a_view_that_fails_loses_nothing(void **state)
{
    (void)state;
    for (unsigned bad = 1; bad <= 6; bad++) {
        struct world *w = make(100);
        size_t taken = 0;
        unsigned errors = 0, calls = 0;
        courier_tick(&w->courier, 0, 100);
        while (courier_going(&w->courier, 0)) {
            bool found;
            struct outbox_row row;
            if (++calls % 20 == 0)
                w->outbox.fail_reads = bad;
            enum err e = courier_pick(&w->courier, &w->ask, &found, &row);
            errors += e != ERR_OK;
            if (e == ERR_OK && found) {
                taken++;
                settle(w, row.photo.id, DELIVERY_SENT, 0);
            }
        }
        assert_int_equal(taken, 100);
        assert_true(errors > 0);
        end(w);
    }
}

static void destinations_do_not_know_of_each_other(void **state)
{
    (void)state;
    struct world *w = make(0);
    struct photo p = {.id = 1};
    for (unsigned to = 0; to < DESTINATIONS_MAX; to++)
        fake_outbox_add(&w->outbox, &p, to);
    for (unsigned to = 0; to < DESTINATIONS_MAX; to++) {
        w->ask.destination = to;
        assert_int_equal(pick(w), 0);
        courier_tick(&w->courier, to, 1);
        assert_int_equal(pick(w), 1);
        assert_int_equal(pick(w), 0);
    }
    end(w);
}

static void releasing_what_is_not_busy_is_harmless(void **state)
{
    (void)state;
    struct world *w = make(2);
    courier_release(&w->courier, 0, 1);
    courier_landed(&w->courier, 0, 1);
    courier_tick(&w->courier, 0, 2);
    int64_t id = pick(w);
    courier_landed(&w->courier, 0, id);
    courier_landed(&w->courier, 0, id);
    courier_release(&w->courier, 0, id);
    courier_release(&w->courier, 0, id);
    assert_int_equal(w->courier.routes[0].flying[COURIER_NEWEST], 0);
    assert_int_equal(w->courier.busy_count, 0);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_before_the_first_tick),
        cmocka_unit_test(of_four_three_are_new_and_one_is_old),
        cmocka_unit_test(a_lone_slot_is_shared_by_turns),
        cmocka_unit_test(a_pass_takes_everything_once_and_ends),
        cmocka_unit_test(results_written_late_double_nothing),
        cmocka_unit_test(a_new_photo_passes_the_backlog),
        cmocka_unit_test(the_oldest_gets_through_while_new_ones_keep_coming),
        cmocka_unit_test(what_waits_is_left_until_it_is_due),
        cmocka_unit_test(a_clock_set_back_strands_nothing),
        cmocka_unit_test(who_hurries_waits_for_nothing_but_once),
        cmocka_unit_test(on_trial_a_photo_that_never_failed_goes_first),
        cmocka_unit_test(on_trial_the_lanes_take_turns),
        cmocka_unit_test(a_full_table_stops_picking_and_room_starts_it_again),
        cmocka_unit_test(a_view_that_fails_loses_nothing),
        cmocka_unit_test(destinations_do_not_know_of_each_other),
        cmocka_unit_test(releasing_what_is_not_busy_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
