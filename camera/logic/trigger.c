#include "camera/logic/trigger.h"

void trigger_init(struct trigger *t, const struct trigger_config *config, struct mono now)
{
    *t = (struct trigger){.config = *config};
    if (config->interval_ms > 0)
        t->next = deadline_in(now, 0);
}

void trigger_gpio(struct trigger *t, struct mono now)
{
    if (t->gpio_again.set && !deadline_passed(t->gpio_again, now))
        return;
    t->gpio = true;
    t->gpio_again = deadline_in(now, t->config.gpio_gap_ms);
}

bool trigger_request(struct trigger *t)
{
    if (t->requests == TRIGGER_REQUESTS_MAX)
        return false;
    t->requests++;
    return true;
}

static bool covers(const struct trigger_window *w, unsigned day, unsigned minute)
{
    if ((w->days >> day & 1) == 0)
        return false;
    return w->to > w->from ? minute >= w->from && minute < w->to : minute >= w->from;
}

static bool covers_from_yesterday(const struct trigger_window *w, unsigned day, unsigned minute)
{
    return w->to <= w->from && (w->days >> (day + 6) % 7 & 1) != 0 && minute < w->to;
}

bool trigger_in_window(const struct trigger_config *c, struct trigger_local local)
{
    if (c->windows_count == 0 || !local.known)
        return true;
    for (unsigned i = 0; i < c->windows_count; i++) {
        if (covers(&c->windows[i], local.weekday, local.minute) ||
            covers_from_yesterday(&c->windows[i], local.weekday, local.minute))
            return true;
    }
    return false;
}

/* The next beat after `now`, on the same grid. */
static void advance(struct trigger *t, struct mono now)
{
    uint64_t missed = (now.ms - t->next.at.ms) / t->config.interval_ms + 1;
    t->next.at.ms += missed * t->config.interval_ms;
}

bool trigger_is_due(const struct trigger *t, struct mono now)
{
    return t->requests > 0 || t->gpio || deadline_passed(t->next, now);
}

bool trigger_due(struct trigger *t, struct mono now, struct trigger_local local,
                 enum shot_trigger *out_why)
{
    if (t->requests > 0) {
        t->requests--;
        *out_why = SHOT_BY_REQUEST;
        return true;
    }
    if (t->gpio) {
        t->gpio = false;
        *out_why = SHOT_BY_GPIO;
        return true;
    }
    if (!trigger_is_due(t, now))
        return false;
    advance(t, now);
    *out_why = SHOT_BY_INTERVAL;
    return trigger_in_window(&t->config, local);
}

struct deadline trigger_wake(const struct trigger *t, struct mono now)
{
    if (t->requests > 0 || t->gpio)
        return deadline_in(now, 0);
    return t->next;
}

/* The time of the week so many minutes later. */
static struct trigger_local later(struct trigger_local local, uint32_t minutes)
{
    uint32_t minute = local.minute + minutes;
    local.weekday = (uint8_t)((local.weekday + minute / TRIGGER_DAY_MINUTES) % 7);
    local.minute = (uint16_t)(minute % TRIGGER_DAY_MINUTES);
    return local;
}

uint32_t trigger_photo_in_ms(const struct trigger *t, struct mono now, struct trigger_local local)
{
    enum { MINUTE_MS = 60 * 1000, WEEK_MINUTES = 7 * TRIGGER_DAY_MINUTES };
    uint32_t first = deadline_left_ms(t->next, now);
    if (first == UINT32_MAX || t->config.windows_count == 0 || !local.known)
        return first;
    for (uint32_t m = first / MINUTE_MS; m <= WEEK_MINUTES; m++) {
        if (!trigger_in_window(&t->config, later(local, m)))
            continue;
        uint64_t beats = 0, at = (uint64_t)m * MINUTE_MS;
        if (at > first) /* the first beat at or after the window opens */
            beats = (at - first + t->config.interval_ms - 1) / t->config.interval_ms;
        at = first + beats * t->config.interval_ms;
        uint32_t minute = (uint32_t)(at / MINUTE_MS);
        if (minute == m || trigger_in_window(&t->config, later(local, minute)))
            return at < UINT32_MAX ? (uint32_t)at : UINT32_MAX;
        m = minute; /* that beat falls behind the window */
    }
    return UINT32_MAX;
}

/* ---- text ---- */

static bool read_day(struct slice word, unsigned *out_day)
{
    static const char names[7][4] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    for (unsigned i = 0; i < 7; i++) {
        if (slice_eq_nocase(word, (struct slice){names[i], 3})) {
            *out_day = i;
            return true;
        }
    }
    return false;
}

static bool read_days(struct slice text, uint8_t *out_days)
{
    uint8_t days = 0;
    while (text.len > 0) {
        struct slice last, one = slice_trim(slice_cut(text, ',', &text));
        struct slice first = slice_trim(slice_cut(one, '-', &last));
        unsigned a, b;
        if (!read_day(first, &a))
            return false;
        b = a;
        if (first.len != one.len && !read_day(slice_trim(last), &b))
            return false;
        for (unsigned d = a;; d = (d + 1) % 7) {
            days = (uint8_t)(days | 1U << d);
            if (d == b)
                break;
        }
    }
    *out_days = days;
    return days != 0;
}

static bool read_minute(struct slice text, uint16_t *out)
{
    struct slice minute_text;
    struct slice hour_text = slice_cut(text, ':', &minute_text);
    uint64_t hour, minute;
    if (hour_text.len == 0 || hour_text.len > 2 || minute_text.len != 2 ||
        !slice_to_u64(hour_text, &hour) || !slice_to_u64(minute_text, &minute))
        return false;
    if (minute > 59 || hour * 60 + minute > TRIGGER_DAY_MINUTES)
        return false;
    *out = (uint16_t)(hour * 60 + minute);
    return true;
}

static bool read_window(struct slice text, struct trigger_window *out)
{
    struct slice times;
    struct slice days = slice_cut(text, ' ', &times);
    if (days.len == text.len) { /* no days: every day */
        times = text;
        days = SLICE("sun-sat");
    }
    struct slice to;
    struct slice from = slice_trim(slice_cut(slice_trim(times), '-', &to));
    return read_days(days, &out->days) && read_minute(from, &out->from) &&
           read_minute(slice_trim(to), &out->to) && out->from < TRIGGER_DAY_MINUTES;
}

enum err trigger_read_windows(struct slice text, struct trigger_config *c)
{
    struct trigger_window windows[TRIGGER_WINDOWS_MAX];
    unsigned count = 0;
    while (text.len > 0) {
        struct slice one = slice_trim(slice_cut(text, ';', &text));
        if (one.len == 0)
            continue;
        if (count == TRIGGER_WINDOWS_MAX)
            return ERR_LIMIT;
        if (!read_window(one, &windows[count]))
            return ERR_INPUT;
        count++;
    }
    for (unsigned i = 0; i < count; i++)
        c->windows[i] = windows[i];
    c->windows_count = (uint8_t)count;
    return ERR_OK;
}
