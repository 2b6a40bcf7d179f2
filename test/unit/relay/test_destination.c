/* Goal: a destination that works gets all it can take, one that does not is left alone, and finds
 * its way back. Method: attempts with verdicts at chosen times; dice chosen too. */
#include "test/unit/unit.h"

#include <string.h>

#include "relay/logic/destination.h"

enum { DICE_LOW = 0 };

static struct destination make(void)
{
    struct destination d;
    struct destination_limits limits = destination_limits_usual();
    destination_init(&d, &limits);
    return d;
}

static struct destination_moment at(uint64_t ms)
{
    return (struct destination_moment){{ms}, {(int64_t)ms + 1000000}, DICE_LOW};
}

static struct mono ms(uint64_t n)
{
    return (struct mono){n};
}

static struct verdict verdict(enum verdict_kind kind)
{
    return (struct verdict){.kind = kind, .reason = VERDICT_REASON_FAILED, .error = "why"};
}

static void attempt(struct destination *d, enum verdict_kind kind, uint64_t now)
{
    struct verdict v = verdict(kind);
    uint32_t begun = destination_begin(d);
    destination_judge(d, begun, &v, at(now));
}

static void it_takes_as_many_at_once_as_allowed_and_not_one_more(void **state)
{
    (void)state;
    struct destination d = make();
    for (int i = 0; i < DESTINATION_PARALLEL; i++) {
        assert_true(destination_ready(&d, ms(0)));
        (void)destination_begin(&d);
    }
    assert_false(destination_ready(&d, ms(0)));
    destination_drop(&d);
    assert_true(destination_ready(&d, ms(0)));
}

static void one_unreachable_opens_the_breaker_and_one_success_closes_it(void **state)
{
    (void)state;
    struct destination d = make();
    attempt(&d, VERDICT_LATER, 1000);
    assert_int_equal(d.status.state, DESTINATION_DOWN);
    assert_string_equal(d.status.last_error, "why");
    assert_int_equal(d.status.since.ms, 1001000);
    assert_int_equal(d.status.next_try.ms, 1001000 + DESTINATION_BACKOFF_BASE_MS);
    assert_false(destination_ready(&d, ms(1000 + DESTINATION_BACKOFF_BASE_MS - 1)));
    assert_true(destination_ready(&d, ms(1000 + DESTINATION_BACKOFF_BASE_MS)));
    assert_int_equal(destination_next(&d, ms(1000)).ms, 1000 + DESTINATION_BACKOFF_BASE_MS);

    attempt(&d, VERDICT_SENT, 9000);
    assert_int_equal(d.status.state, DESTINATION_UP);
    assert_string_equal(d.status.last_error, "");
    assert_int_equal(d.status.failures, 0);
    assert_int_equal(d.status.next_try.ms, 0);
    assert_int_equal(d.status.last_sent.ms, 1009000);
    assert_int_equal(destination_next(&d, ms(9000)).ms, 9000);
}

static void while_it_is_tried_out_only_one_goes_at_a_time(void **state)
{
    (void)state;
    struct destination d = make();
    attempt(&d, VERDICT_LATER, 0);
    assert_true(destination_on_trial(&d));
    (void)destination_begin(&d);
    assert_false(destination_ready(&d, ms(3600000)));
}

static void waits_grow_to_the_cap_and_never_end(void **state)
{
    (void)state;
    struct destination d = make();
    uint64_t now = 0, longest = 0, last = 0;
    for (int i = 0; i < 200; i++) {
        struct verdict v = verdict(VERDICT_LATER);
        struct destination_moment m = at(now);
        m.dice = UINT32_MAX;
        destination_judge(&d, destination_begin(&d), &v, m);
        uint64_t wait = d.not_before.ms - now;
        assert_true(wait >= last);
        last = wait;
        longest = wait > longest ? wait : longest;
        now = d.not_before.ms;
        assert_true(destination_ready(&d, ms(now)));
    }
    assert_int_equal(longest, DESTINATION_BACKOFF_CAP_MS);
    attempt(&d, VERDICT_SENT, now);
    attempt(&d, VERDICT_LATER, now); /* after a success it begins small again */
    assert_int_equal(d.not_before.ms - now, DESTINATION_BACKOFF_BASE_MS);
}

static void failures_that_may_be_the_photos_open_it_only_in_a_row(void **state)
{
    (void)state;
    struct destination d = make();
    for (int i = 0; i < 50; i++) {
        for (int n = 1; n < DESTINATION_FAILURES_MAX; n++)
            attempt(&d, VERDICT_AGAIN, 0);
        assert_int_equal(d.status.state, DESTINATION_UP);
        attempt(&d, VERDICT_SENT, 0);
    }
    for (int n = 0; n < DESTINATION_FAILURES_MAX; n++)
        attempt(&d, VERDICT_AGAIN, 0);
    assert_int_equal(d.status.state, DESTINATION_DOWN);
}

static void parallel_failures_count_as_one(void **state)
{
    (void)state;
    struct destination d = make();
    uint32_t begun[DESTINATION_PARALLEL];
    struct verdict v = verdict(VERDICT_LATER);
    for (int i = 0; i < DESTINATION_PARALLEL; i++)
        begun[i] = destination_begin(&d);
    for (int i = 0; i < DESTINATION_PARALLEL; i++)
        destination_judge(&d, begun[i], &v, at((uint64_t)i));
    assert_int_equal(d.openings, 1);
    assert_int_equal(d.not_before.ms, DESTINATION_BACKOFF_BASE_MS);
    assert_int_equal(d.status.in_flight, 0);
}

static void a_held_one_is_probed_slowly_and_comes_back(void **state)
{
    (void)state;
    struct destination d = make();
    uint64_t now = 0;
    for (int i = 0; i < 10; i++) {
        attempt(&d, VERDICT_HOLD, now);
        assert_int_equal(d.status.state, DESTINATION_HELD);
        assert_int_equal(d.not_before.ms - now, DESTINATION_HELD_PROBE_MS);
        assert_false(destination_ready(&d, ms(d.not_before.ms - 1)));
        now = d.not_before.ms;
    }
    assert_int_equal(d.status.since.ms, 1000000);
    attempt(&d, VERDICT_SENT, now);
    assert_int_equal(d.status.state, DESTINATION_UP);
}

static void a_success_that_began_before_it_was_held_counts(void **state)
{
    (void)state;
    struct destination d = make();
    uint32_t early = destination_begin(&d);
    attempt(&d, VERDICT_HOLD, 0);
    struct verdict v = verdict(VERDICT_SENT);
    destination_judge(&d, early, &v, at(5));
    assert_int_equal(d.status.state, DESTINATION_UP);
}

static void retry_after_is_obeyed_when_it_is_longer(void **state)
{
    (void)state;
    static const struct {
        enum verdict_kind kind;
        uint32_t after_s;
        uint64_t wait_ms;
    } ROWS[] = {
        {VERDICT_LATER, 120, 120000},
        {VERDICT_LATER, 1, DESTINATION_BACKOFF_BASE_MS},
        {VERDICT_LATER, 86400, 86400000},
        {VERDICT_AGAIN, 60, 60000}, /* one 500 that names a time is enough */
        {VERDICT_HOLD, 1, DESTINATION_HELD_PROBE_MS},
        {VERDICT_HOLD, 3600, 3600000},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct destination d = make();
        struct verdict v = verdict(ROWS[i].kind);
        v.has_retry_after = true;
        v.retry_after_s = ROWS[i].after_s;
        destination_judge(&d, destination_begin(&d), &v, at(500));
        assert_int_equal(d.not_before.ms, 500 + ROWS[i].wait_ms);
    }
}

static void a_refused_photo_says_that_the_receiver_works(void **state)
{
    (void)state;
    struct destination d = make();
    attempt(&d, VERDICT_LATER, 0);
    attempt(&d, VERDICT_REFUSED, 60000);
    assert_int_equal(d.status.state, DESTINATION_UP);
    assert_true(destination_blames_photo(&d));
}

static void one_that_refuses_everything_is_held_and_no_photo_is_blamed(void **state)
{
    (void)state;
    struct destination d = make();
    for (int i = 0; i < DESTINATION_REFUSALS_MAX; i++) {
        attempt(&d, VERDICT_REFUSED, 0);
        assert_true(destination_blames_photo(&d));
        assert_int_equal(d.status.state, DESTINATION_UP);
    }
    for (int i = 0; i < 5; i++) {
        attempt(&d, VERDICT_REFUSED, 0);
        assert_false(destination_blames_photo(&d));
        assert_int_equal(d.status.state, DESTINATION_HELD);
    }
    attempt(&d, VERDICT_SENT, 1);
    assert_int_equal(d.status.state, DESTINATION_UP);
    attempt(&d, VERDICT_REFUSED, 1);
    assert_true(destination_blames_photo(&d));
}

static void our_own_file_says_nothing_about_it(void **state)
{
    (void)state;
    struct destination d = make();
    for (int i = 0; i < 10; i++)
        attempt(&d, VERDICT_OUR_FILE, 0);
    assert_int_equal(d.status.state, DESTINATION_UP);
    assert_int_equal(d.status.failures, 0);
    assert_int_equal(d.status.attempts[VERDICT_REASON_FAILED], 10);
}

static void a_person_may_have_it_tried_at_once(void **state)
{
    (void)state;
    struct destination d = make();
    attempt(&d, VERDICT_HOLD, 0);
    destination_retry(&d);
    assert_true(destination_ready(&d, ms(1)));
    assert_int_equal(d.status.state, DESTINATION_HELD);
}

static void what_the_last_receipt_showed_is_remembered(void **state)
{
    (void)state;
    struct destination d = make();
    struct verdict v = {.kind = VERDICT_SENT, .knows_keys = true};
    destination_judge(&d, destination_begin(&d), &v, at(0));
    attempt(&d, VERDICT_LATER, 0);
    assert_true(d.status.knows_keys);
    attempt(&d, VERDICT_SENT, 60000); /* another program answers there now */
    assert_false(d.status.knows_keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_as_many_at_once_as_allowed_and_not_one_more),
        cmocka_unit_test(one_unreachable_opens_the_breaker_and_one_success_closes_it),
        cmocka_unit_test(while_it_is_tried_out_only_one_goes_at_a_time),
        cmocka_unit_test(waits_grow_to_the_cap_and_never_end),
        cmocka_unit_test(failures_that_may_be_the_photos_open_it_only_in_a_row),
        cmocka_unit_test(parallel_failures_count_as_one),
        cmocka_unit_test(a_held_one_is_probed_slowly_and_comes_back),
        cmocka_unit_test(a_success_that_began_before_it_was_held_counts),
        cmocka_unit_test(retry_after_is_obeyed_when_it_is_longer),
        cmocka_unit_test(a_refused_photo_says_that_the_receiver_works),
        cmocka_unit_test(one_that_refuses_everything_is_held_and_no_photo_is_blamed),
        cmocka_unit_test(our_own_file_says_nothing_about_it),
        cmocka_unit_test(a_person_may_have_it_tried_at_once),
        cmocka_unit_test(what_the_last_receipt_showed_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
