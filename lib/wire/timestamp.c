#include "lib/wire/timestamp.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, ERA_DAYS = 146097 /* 400 years */ };

static const int64_t first_ms = INT64_C(-62167219200000); /* 0000-01-01T00:00:00.000Z */
static const int64_t last_ms = INT64_C(253402300799999);  /* 9999-12-31T23:59:59.999Z */
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "SunMonTueWedThuFriSat";

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01. Years are counted from March, so that the leap day is the last one. */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - 719468; /* 0000-03-01 lies that far before 1970 */
}

static void date_from_days(int64_t days, struct timestamp_civil *c)
{
    days += 719468;
    int64_t era = floor_div(days, ERA_DAYS);
    int64_t day_of_era = days - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    c->day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    c->month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    c->year = (int)(year_of_era + era * 400 + (c->month <= 2));
}

static int64_t clamp(int64_t ms)
{
    if (ms < first_ms)
        return first_ms;
    return ms > last_ms ? last_ms : ms;
}

struct timestamp_civil timestamp_to_civil(struct wall w, int32_t offset_s)
{
    int64_t ms = clamp(clamp(w.ms) + (int64_t)offset_s * 1000);
    int64_t seconds = floor_div(ms, 1000);
    int64_t days = floor_div(seconds, DAY_S);
    int of_day = (int)(seconds - days * DAY_S);
    struct timestamp_civil c = {.hour = of_day / 3600,
                                .minute = of_day / 60 % 60,
                                .second = of_day % 60,
                                .ms = (int)(ms - seconds * 1000),
                                .weekday = (int)((days % 7 + 11) % 7)}; /* day 0 was a Thursday */
    date_from_days(days, &c);
    return c;
}

static bool in_range(int value, int low, int high)
{
    return value >= low && value <= high;
}

enum err timestamp_from_civil(const struct timestamp_civil *c, int32_t offset_s, struct wall *out)
{
    if (!in_range(c->year, 0, 9999) || !in_range(c->month, 1, 12) ||
        !in_range(c->day, 1, days_in_month(c->year, c->month)) || !in_range(c->hour, 0, 23) ||
        !in_range(c->minute, 0, 59) || !in_range(c->second, 0, 60) || !in_range(c->ms, 0, 999))
        return ERR_INPUT;
    int of_day = c->hour * 3600 + c->minute * 60 + c->second;
    int64_t seconds = days_from_date(c->year, c->month, c->day) * DAY_S + of_day - offset_s;
    out->ms = seconds * 1000 + c->ms;
    return ERR_OK;
}

void timestamp_format(struct wall w, bool with_ms, char out[TIMESTAMP_TEXT_MAX])
{
    struct timestamp_civil c = timestamp_to_civil(w, 0);
    /* the remainders change nothing; they tell the compiler how long the text can get */
    int n = snprintf(out, TIMESTAMP_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u",
                     (unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100,
                     (unsigned)c.hour % 100, (unsigned)c.minute % 100, (unsigned)c.second % 100);
    if (with_ms)
        n += snprintf(out + n, (size_t)(TIMESTAMP_TEXT_MAX - n), ".%03u", (unsigned)c.ms % 1000);
    memcpy(out + n, "Z", 2);
}

void timestamp_format_http(struct wall w, char out[TIMESTAMP_HTTP_TEXT_MAX])
{
    struct timestamp_civil c = timestamp_to_civil(w, 0);
    (void)snprintf(out, TIMESTAMP_HTTP_TEXT_MAX, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
                   day_names + (size_t)c.weekday * 3, (unsigned)c.day % 100,
                   month_names + (size_t)(c.month - 1) * 3, (unsigned)c.year % 10000,
                   (unsigned)c.hour % 100, (unsigned)c.minute % 100, (unsigned)c.second % 100);
}

static bool take_char(struct slice *rest, const char *any_of)
{
    if (rest->len == 0 || rest->ptr[0] == '\0' || strchr(any_of, rest->ptr[0]) == NULL)
        return false;
    *rest = (struct slice){rest->ptr + 1, rest->len - 1};
    return true;
}

static bool take_text(struct slice *rest, const char *text)
{
    size_t len = strlen(text);
    if (rest->len < len || memcmp(rest->ptr, text, len) != 0)
        return false;
    *rest = (struct slice){rest->ptr + len, rest->len - len};
    return true;
}

/* Exactly `count` digits. */
static bool take_number(struct slice *rest, size_t count, int *out)
{
    uint64_t value;
    if (rest->len < count || !slice_to_u64((struct slice){rest->ptr, count}, &value))
        return false;
    *out = (int)value;
    *rest = (struct slice){rest->ptr + count, rest->len - count};
    return true;
}

/* hh:mm:ss */
static bool take_clock(struct slice *rest, struct timestamp_civil *c)
{
    return take_number(rest, 2, &c->hour) && take_char(rest, ":") &&
           take_number(rest, 2, &c->minute) && take_char(rest, ":") &&
           take_number(rest, 2, &c->second);
}

/* ".123456": at least one digit, the first three count */
static bool take_fraction(struct slice *rest, int *out_ms)
{
    int unit = 100;
    if (!take_char(rest, "."))
        return true;
    int digit;
    if (!take_number(rest, 1, &digit))
        return false;
    do {
        *out_ms += digit * unit;
        unit /= 10;
    } while (take_number(rest, 1, &digit));
    return true;
}

static bool take_offset(struct slice *rest, int32_t *out_s)
{
    if (take_char(rest, "Zz"))
        return true;
    bool west = rest->len > 0 && rest->ptr[0] == '-';
    int hours;
    int minutes;
    if (!take_char(rest, "+-") || !take_number(rest, 2, &hours) || !take_char(rest, ":") ||
        !take_number(rest, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *out_s = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

enum err timestamp_parse(struct slice text, struct wall *out)
{
    struct timestamp_civil c = {0};
    int32_t offset_s = 0;
    if (!take_number(&text, 4, &c.year) || !take_char(&text, "-") ||
        !take_number(&text, 2, &c.month) || !take_char(&text, "-") ||
        !take_number(&text, 2, &c.day) || !take_char(&text, "Tt ") || !take_clock(&text, &c) ||
        !take_fraction(&text, &c.ms) || !take_offset(&text, &offset_s) || text.len > 0)
        return ERR_INPUT;
    return timestamp_from_civil(&c, offset_s, out);
}

/* Three letters out of a table, 1 for the first. */
static bool take_name(struct slice *rest, const char *names, int *out)
{
    for (size_t i = 0; names[i * 3] != '\0'; i++) {
        if (rest->len >= 3 && memcmp(rest->ptr, names + i * 3, 3) == 0) {
            *out = (int)i + 1;
            *rest = (struct slice){rest->ptr + 3, rest->len - 3};
            return true;
        }
    }
    return false;
}

/* "14 Jan 2026 08:15:02 GMT", behind "Wed, " */
static bool read_fixdate(struct slice rest, struct timestamp_civil *c)
{
    return take_number(&rest, 2, &c->day) && take_char(&rest, " ") &&
           take_name(&rest, month_names, &c->month) && take_char(&rest, " ") &&
           take_number(&rest, 4, &c->year) && take_char(&rest, " ") && take_clock(&rest, c) &&
           take_text(&rest, " GMT") && rest.len == 0;
}

/* "14-Jan-26 08:15:02 GMT", behind "Wednesday, " */
static bool read_rfc850(struct slice rest, struct wall now, struct timestamp_civil *c)
{
    int this_year = timestamp_to_civil(now, 0).year;
    if (!take_number(&rest, 2, &c->day) || !take_char(&rest, "-") ||
        !take_name(&rest, month_names, &c->month) || !take_char(&rest, "-") ||
        !take_number(&rest, 2, &c->year) || !take_char(&rest, " ") || !take_clock(&rest, c) ||
        !take_text(&rest, " GMT") || rest.len > 0)
        return false;
    c->year += this_year / 100 * 100;
    if (c->year > this_year + 50)
        c->year -= 100;
    else if (c->year <= this_year - 50)
        c->year += 100;
    return true;
}

/* "Jan 14 08:15:02 2026" or "Jan  4 ...", behind "Wed " */
static bool read_asctime(struct slice rest, struct timestamp_civil *c)
{
    if (!take_name(&rest, month_names, &c->month) || !take_char(&rest, " "))
        return false;
    size_t digits = take_char(&rest, " ") ? 1 : 2;
    return take_number(&rest, digits, &c->day) && take_char(&rest, " ") && take_clock(&rest, c) &&
           take_char(&rest, " ") && take_number(&rest, 4, &c->year) && rest.len == 0;
}

/* The rest of a long day name: "nesday" */
static void skip_letters(struct slice *rest)
{
    while (take_char(rest, "abcdefghijklmnopqrstuvwxyz"))
        ;
}

enum err timestamp_parse_http(struct slice text, struct wall now, struct wall *out)
{
    struct timestamp_civil c = {0};
    int weekday;
    bool good = false;
    if (!take_name(&text, day_names, &weekday))
        return ERR_INPUT;
    if (take_text(&text, ", ")) {
        good = read_fixdate(text, &c);
    } else if (take_char(&text, " ")) {
        good = read_asctime(text, &c);
    } else {
        skip_letters(&text);
        good = take_text(&text, ", ") && read_rfc850(text, now, &c);
    }
    return good ? timestamp_from_civil(&c, 0, out) : ERR_INPUT;
}
