/* Goal: photos are due by the clock, in their windows, by pin and by request, neither doubled nor
 * made up for. Time and the time of the week are arguments. */
#include <stdlib.h>
#include <string.h>

#include "camera/logic/trigger.h"
#include "test/unit/unit.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, SUN = 0, MON = 1, TUE = 2, FRI = 5, SAT = 6 };

static struct trigger_config config(uint32_t interval_ms, const char *windows)
{
    struct trigger_config c = {.interval_ms = interval_ms, .gpio_gap_ms = 2000};
    assert_int_equal(trigger_read_windows(slice_of(windows), &c), ERR_OK);
    return c;
}

static struct trigger started(uint32_t interval_ms, const char *windows)
{
    struct trigger t;
    struct trigger_config c = config(interval_ms, windows);
    trigger_init(&t, &c, (struct mono){0});
    return t;
}

static struct trigger_local at(unsigned day, unsigned hour, unsigned minute)
{
    return (struct trigger_local){true, (uint8_t)day, (uint16_t)(hour * 60 + minute)};
}

static bool due(struct trigger *t, uint64_t ms, struct trigger_local local)
{
    enum shot_trigger why;
    return trigger_due(t, (struct mono){ms}, local, &why);
}

static void the_interval_does_not_drift_and_skips_what_was_missed(void **state)
{
    (void)state;
    struct trigger t = started(1000, "");
    struct trigger_local none = {0};
    assert_true(due(&t, 0, none));
    assert_false(due(&t, 999, none));
    assert_true(due(&t, 1300, none)); /* late: the grid stays */
    assert_false(due(&t, 1999, none));
    assert_true(due(&t, 2000, none));
    assert_true(due(&t, 9500, none)); /* seven beats missed: one photo */
    assert_false(due(&t, 9999, none));
    assert_true(due(&t, 10000, none));
    assert_int_equal(deadline_left_ms(trigger_wake(&t, (struct mono){10000}), (struct mono){10000}),
                     1000);
    t = started(0, "");
    assert_false(due(&t, 1000000, none));
    assert_false(trigger_wake(&t, (struct mono){0}).set);
}

static void a_pin_counts_once_per_gap(void **state)
{
    (void)state;
    struct trigger t = started(0, "mon 08:00-09:00");
    enum shot_trigger why = SHOT_BY_INTERVAL;
    trigger_gpio(&t, (struct mono){100});
    trigger_gpio(&t, (struct mono){150});
    assert_true(trigger_is_due(&t, (struct mono){150}));
    assert_true(trigger_due(&t, (struct mono){150}, at(SUN, 3, 0), &why)); /* window or not */
    assert_int_equal(why, SHOT_BY_GPIO);
    trigger_gpio(&t, (struct mono){2099});
    assert_false(due(&t, 2099, at(SUN, 3, 0)));
    trigger_gpio(&t, (struct mono){2100});
    assert_true(due(&t, 2100, at(SUN, 3, 0)));
}

static void requests_are_counted_up_to_a_limit(void **state)
{
    (void)state;
    struct trigger t = started(0, "");
    for (int i = 0; i < TRIGGER_REQUESTS_MAX; i++)
        assert_true(trigger_request(&t));
    assert_false(trigger_request(&t));
    for (int i = 0; i < TRIGGER_REQUESTS_MAX; i++)
        assert_true(due(&t, 5, at(MON, 0, 0)));
    assert_false(due(&t, 5, at(MON, 0, 0)));
}

static void windows_hold_the_interval_and_nothing_else(void **state)
{
    (void)state;
    struct trigger t = started(1000, "mon-fri 07:30-18:00; sat,sun 10:00-16:00");
    static const struct {
        unsigned day, hour, minute;
        bool want;
    } rows[] = {{MON, 7, 29, false}, {MON, 7, 30, true}, {FRI, 17, 59, true}, {FRI, 18, 0, false},
                {SAT, 7, 30, false}, {SAT, 10, 0, true}, {SUN, 15, 59, true}, {SUN, 16, 0, false}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(due(&t, i * 1000, at(rows[i].day, rows[i].hour, rows[i].minute)),
                         rows[i].want);
    assert_true(due(&t, 100000, (struct trigger_local){0})); /* time not known: better too many */
    assert_true(trigger_request(&t));
    assert_true(due(&t, 100001, at(SUN, 3, 0)));
}

static void a_window_past_midnight_belongs_to_the_day_it_began(void **state)
{
    (void)state;
    struct trigger_config c = config(1000, "fri 22:00-06:00; sat 23:00-24:00");
    assert_false(trigger_in_window(&c, at(FRI, 5, 0)));
    assert_true(trigger_in_window(&c, at(FRI, 22, 0)));
    assert_true(trigger_in_window(&c, at(SAT, 5, 59)));
    assert_false(trigger_in_window(&c, at(SAT, 6, 0)));
    assert_true(trigger_in_window(&c, at(SAT, 23, 59)));
    assert_false(trigger_in_window(&c, at(SUN, 0, 0)));
    c = config(1000, "sat 20:00-02:00"); /* over the end of the week */
    assert_true(trigger_in_window(&c, at(SUN, 1, 59)));
    assert_false(trigger_in_window(&c, at(SUN, 2, 0)));
}

static void the_next_photo_lies_in_a_window(void **state)
{
    (void)state;
    struct trigger t = started(10 * MINUTE, "mon-fri 07:30-18:00");
    struct mono now = {0};
    assert_true(due(&t, 0, at(FRI, 17, 55)));
    assert_int_equal(trigger_photo_in_ms(&t, now, at(FRI, 17, 45)), 10 * MINUTE);
    /* Friday 17:55 to Monday 07:30: 61 h 35 min, and then the next beat of ten minutes */
    assert_int_equal(trigger_photo_in_ms(&t, now, at(FRI, 17, 55)), (61 * 60 + 40) * MINUTE);
    assert_int_equal(trigger_photo_in_ms(&t, now, (struct trigger_local){0}), 10 * MINUTE);
    t = started(0, "mon 07:30-18:00");
    assert_true(trigger_photo_in_ms(&t, now, at(MON, 8, 0)) == UINT32_MAX);
    t = started(24 * HOUR, "tue 07:30-08:00"); /* beats at 12:00 never meet it */
    assert_true(due(&t, 0, at(TUE, 7, 40)));
    assert_true(trigger_photo_in_ms(&t, now, at(MON, 12, 0)) == UINT32_MAX);
}

static void good_windows_are_read(void **state)
{
    (void)state;
    struct trigger_config c = config(1, " mon 0:00-24:00 ;; 08:15-9:00 ; fri-mon 22:00-06:00 ");
    assert_int_equal(c.windows_count, 3);
    assert_int_equal(c.windows[0].days, 1 << MON);
    assert_int_equal(c.windows[0].to, TRIGGER_DAY_MINUTES);
    assert_int_equal(c.windows[1].days, 0x7F);
    assert_int_equal(c.windows[1].from, 8 * 60 + 15);
    assert_int_equal(c.windows[2].days, 1 << FRI | 1 << SAT | 1 << SUN | 1 << MON);
}

static void bad_windows_change_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"mon",
                                      "mon 07:00",
                                      "xyz 07:00-08:00",
                                      "mon 7-8",
                                      "mon 07:60-08:00",
                                      "24:00-24:00",
                                      "mon 24:01-08:00",
                                      "mon- 07:00-08:00",
                                      "mon,,tue 1:00-2:00",
                                      "1:00-2:00 mon",
                                      "mon 07:00-25:00",
                                      "-",
                                      "mon -",
                                      "007:00-08:00"};
    struct trigger_config c = config(1, "mon 08:00-09:00"), before = c;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(trigger_read_windows(slice_of(bad[i]), &c), ERR_INPUT);
        assert_memory_equal(&c, &before, sizeof c);
    }
    const char *most = "1:00-2:00;1:00-2:00;1:00-2:00;1:00-2:00;1:00-2:00;1:00-2:00";
    assert_int_equal(trigger_read_windows(slice_of(most), &c), ERR_OK);
    assert_int_equal(c.windows_count, TRIGGER_WINDOWS_MAX);
    char many[160] = "3:00-4:00;";
    strcat(many, most);
    before = c;
    assert_int_equal(trigger_read_windows(slice_of(many), &c), ERR_LIMIT);
    assert_memory_equal(&c, &before, sizeof c);
}

static void every_truncation_is_read_within_its_bytes(void **state)
{
    (void)state;
    static const char text[] = "mon-fri 07:30-18:00; sat,sun 10:00-16:00";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        char *copy = malloc(cut + 1);
        memcpy(copy, text, cut);
        struct trigger_config c = {0};
        enum err e = trigger_read_windows((struct slice){copy, cut}, &c);
        assert_true(e == ERR_OK || (e == ERR_INPUT && c.windows_count == 0));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_interval_does_not_drift_and_skips_what_was_missed),
        cmocka_unit_test(a_pin_counts_once_per_gap),
        cmocka_unit_test(requests_are_counted_up_to_a_limit),
        cmocka_unit_test(windows_hold_the_interval_and_nothing_else),
        cmocka_unit_test(a_window_past_midnight_belongs_to_the_day_it_began),
        cmocka_unit_test(the_next_photo_lies_in_a_window),
        cmocka_unit_test(good_windows_are_read),
        cmocka_unit_test(bad_windows_change_nothing),
        cmocka_unit_test(every_truncation_is_read_within_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
