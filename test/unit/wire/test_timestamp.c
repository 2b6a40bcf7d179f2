/* Goal: times and texts turn into each other exactly, and nonsense is refused. */
#include "lib/wire/timestamp.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

static const struct wall photo_time = {INT64_C(1768378502000)}; /* 2026-01-14T08:15:02Z */

static void rfc_3339_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"2026-01-14T08:15:02Z", INT64_C(1768378502000)},
        {"2026-01-14t08:15:02z", INT64_C(1768378502000)},
        {"2026-01-14 17:15:02+09:00", INT64_C(1768378502000)},
        {"2026-01-13T22:45:02-09:30", INT64_C(1768378502000)},
        {"2026-01-14T08:15:02-00:00", INT64_C(1768378502000)},
        {"2026-01-14T08:15:02.5Z", INT64_C(1768378502500)},
        {"2026-01-14T08:15:02.123999999999999999999Z", INT64_C(1768378502123)},
        {"2026-01-14T08:15:02.001+00:00", INT64_C(1768378502001)},
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
        {"2024-02-29T23:59:60Z", INT64_C(1709251200000)},
        {"0000-01-01T00:00:00Z", INT64_C(-62167219200000)},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct wall w = {77};
        if (timestamp_parse(slice_of(rows[i].text), &w) != ERR_OK || w.ms != rows[i].ms)
            fail_msg("%s", rows[i].text);
    }
}

static void what_is_not_rfc_3339_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2026-01-14",
        "2026-01-14T08:15Z",
        "2026-01-14T08:15:02",
        "2026-01-14T08:15:02.Z",
        "2026-01-14T08:15:02,5Z",
        "2026-01-14T08:15:02Zx",
        "2026-01-14T08:15:02 Z",
        " 2026-01-14T08:15:02Z",
        "2026-1-14T08:15:02Z",
        "2026-13-14T08:15:02Z",
        "2026-00-14T08:15:02Z",
        "2026-01-00T08:15:02Z",
        "2026-01-32T08:15:02Z",
        "2026-04-31T08:15:02Z",
        "2026-02-29T08:15:02Z",
        "1900-02-29T08:15:02Z",
        "2026-01-14T24:00:00Z",
        "2026-01-14T08:60:02Z",
        "2026-01-14T08:15:61Z",
        "2026-01-14T08:15:02+0900",
        "2026-01-14T08:15:02+24:00",
        "2026-01-14T08:15:02+09:60",
        "+026-01-14T08:15:02Z",
        "2026-01-14T-8:15:02Z",
        "20260114T081502Z",
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct wall w = {77};
        if (timestamp_parse(slice_of(rows[i]), &w) != ERR_INPUT || w.ms != 77)
            fail_msg("%s", rows[i]);
    }
}

static void times_are_written(void **state)
{
    (void)state;
    char text[TIMESTAMP_TEXT_MAX];
    char http[TIMESTAMP_HTTP_TEXT_MAX];
    timestamp_format(photo_time, false, text);
    assert_string_equal(text, "2026-01-14T08:15:02Z");
    timestamp_format((struct wall){photo_time.ms + 7}, true, text);
    assert_string_equal(text, "2026-01-14T08:15:02.007Z");
    timestamp_format((struct wall){-1}, true, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    timestamp_format((struct wall){INT64_MAX}, true, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    timestamp_format((struct wall){INT64_MIN}, true, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
    timestamp_format_http(photo_time, http);
    assert_string_equal(http, "Wed, 14 Jan 2026 08:15:02 GMT");
    timestamp_format_http((struct wall){INT64_C(784111777000)}, http);
    assert_string_equal(http, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void all_three_http_dates_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000)},
        {"Sunday, 06-Nov-94 08:49:37 GMT", INT64_C(784111777000)},
        {"Sun Nov  6 08:49:37 1994", INT64_C(784111777000)},
        {"Wed Jan 14 08:15:02 2026", INT64_C(1768378502000)},
        {"Wednesday, 14-Jan-26 08:15:02 GMT", INT64_C(1768378502000)},
        {"Tuesday, 14-Jan-76 08:15:02 GMT", INT64_C(3346215302000)}, /* 2076: 50 years ahead */
        {"Friday, 14-Jan-77 08:15:02 GMT", INT64_C(222077702000)},   /* 1977, not 2077 */
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct wall w = {77};
        if (timestamp_parse_http(slice_of(rows[i].text), photo_time, &w) != ERR_OK ||
            w.ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].text, (long long)w.ms);
    }
    struct wall w;
    struct wall in_1999 = {INT64_C(930000000000)};
    assert_int_equal(timestamp_parse_http(SLICE("Sunday, 06-Nov-04 08:49:37 GMT"), in_1999, &w),
                     ERR_OK);
    assert_int_equal(timestamp_to_civil(w, 0).year, 2004);
}

static void what_is_not_an_http_date_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "Sun",
        "Sun,",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct wall w = {77};
        if (timestamp_parse_http(slice_of(rows[i]), photo_time, &w) != ERR_INPUT || w.ms != 77)
            fail_msg("%s", rows[i]);
    }
}

static void the_calendar_goes_both_ways_on_every_day(void **state)
{
    (void)state;
    int weekday = 4; /* 1970-01-01 was a Thursday */
    int year = 1970;
    for (int64_t day = 0; day < 200 * 366; day++, weekday = (weekday + 1) % 7) {
        struct wall w = {day * 86400000 + 86399999};
        struct wall back;
        struct timestamp_civil c = timestamp_to_civil(w, 0);
        assert_int_equal(c.weekday, weekday);
        assert_true(c.year == year || (c.year == year + 1 && c.month == 1 && c.day == 1));
        year = c.year;
        assert_int_equal(timestamp_from_civil(&c, 0, &back), ERR_OK);
        assert_true(back.ms == w.ms);
    }
}

static void an_offset_moves_the_calendar(void **state)
{
    (void)state;
    struct timestamp_civil c = timestamp_to_civil(photo_time, 9 * 3600);
    struct wall back;
    assert_int_equal(c.hour, 17);
    assert_int_equal(timestamp_from_civil(&c, 9 * 3600, &back), ERR_OK);
    assert_true(back.ms == photo_time.ms);
    c = timestamp_to_civil(photo_time, -9 * 3600);
    assert_int_equal(c.day, 13);
    assert_int_equal(c.hour, 23);
    assert_int_equal(timestamp_to_civil((struct wall){INT64_MIN}, -3600).year, 0);
    assert_int_equal(timestamp_to_civil((struct wall){INT64_MAX}, 3600).year, 9999);
}

static void cut_short_nothing_is_a_time(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "2026-01-14T08:15:02.123+09:00",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t cut = 0; cut < strlen(rows[i]); cut++) {
            char *copy = malloc(cut == 0 ? 1 : cut);
            struct wall w;
            assert_non_null(copy);
            memcpy(copy, rows[i], cut);
            assert_int_equal(timestamp_parse((struct slice){copy, cut}, &w), ERR_INPUT);
            assert_int_equal(timestamp_parse_http((struct slice){copy, cut}, photo_time, &w),
                             ERR_INPUT);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_3339_is_read),
        cmocka_unit_test(what_is_not_rfc_3339_is_refused),
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(all_three_http_dates_are_read),
        cmocka_unit_test(what_is_not_an_http_date_is_refused),
        cmocka_unit_test(the_calendar_goes_both_ways_on_every_day),
        cmocka_unit_test(an_offset_moves_the_calendar),
        cmocka_unit_test(cut_short_nothing_is_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
