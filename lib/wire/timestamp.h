/* lib/wire/timestamp.h - times as text: RFC 3339 and HTTP dates; the calendar without time zones of
 * the system. Proleptic Gregorian calendar, years 0..9999. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/instant.h"
#include "lib/base/slice.h"

enum {
    TIMESTAMP_TEXT_MAX = 25,      /* "2026-01-14T08:15:02.123Z" with its NUL */
    TIMESTAMP_HTTP_TEXT_MAX = 30, /* "Wed, 14 Jan 2026 08:15:02 GMT" with its NUL */
};

struct timestamp_civil {
    int year;    /* 0..9999 */
    int month;   /* 1..12 */
    int day;     /* 1..31 */
    int hour;    /* 0..23 */
    int minute;  /* 0..59 */
    int second;  /* 0..60; 60 is taken as the second after 59 */
    int ms;      /* 0..999 */
    int weekday; /* 0 = Sunday; ignored by timestamp_from_civil */
};

/* The calendar `offset_s` seconds east of Greenwich. Times outside the years 0..9999 are taken as
 * the nearest end of them. */
struct timestamp_civil timestamp_to_civil(struct wall w, int32_t offset_s);

/* ERR_INPUT: a field out of range, or a day that month does not have. */
CHECKED enum err timestamp_from_civil(const struct timestamp_civil *c, int32_t offset_s,
                                      struct wall *out);

/* "2026-01-14T08:15:02Z", or with milliseconds "2026-01-14T08:15:02.123Z"; NUL-terminated. */
void timestamp_format(struct wall w, bool with_ms, char out[TIMESTAMP_TEXT_MAX]);

/* RFC 3339 date-time: any number of fraction digits (beyond three cut off), "Z" or an offset, "T"
 * or a blank between, either case. Note that 1970-01-01T00:00:00Z is a wall time of 0. */
CHECKED enum err timestamp_parse(struct slice text, struct wall *out);

/* IMF-fixdate (RFC 9110 5.6.7); NUL-terminated. */
void timestamp_format_http(struct wall w, char out[TIMESTAMP_HTTP_TEXT_MAX]);

/* All three forms of RFC 9110 5.6.7. `now` settles the century of the two-digit one: at most 50
 * years ahead. The name of the day is not checked against the date. */
CHECKED enum err timestamp_parse_http(struct slice text, struct wall now, struct wall *out);
