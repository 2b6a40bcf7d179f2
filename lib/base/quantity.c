#include "lib/base/quantity.h"

#include <inttypes.h>
#include <stddef.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit SIZES[] = {
    {"", 1},
    {"k", 1ull << 10},
    {"kb", 1ull << 10},
    {"kib", 1ull << 10},
    {"m", 1ull << 20},
    {"mb", 1ull << 20},
    {"mib", 1ull << 20},
    {"g", 1ull << 30},
    {"gb", 1ull << 30},
    {"gib", 1ull << 30},
    {"t", 1ull << 40},
    {"tb", 1ull << 40},
    {"tib", 1ull << 40},
    {"b", 1},
};
static const struct unit TIMES[] = {
    {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
};

enum { FRACTION_DIGITS_MAX = 9 };

static uint64_t times(uint64_t a, uint64_t b)
{
    return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(struct slice s)
{
    size_t n = 0;
    while (n < s.len && is_digit(s.ptr[n]))
        n++;
    return n;
}

/* Takes the digits at the front of `s`; saturates. */
static bool take_number(struct slice *s, uint64_t *out)
{
    size_t n = count_digits(*s);
    if (n == 0)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t digit = (uint64_t)(s->ptr[i] - '0');
        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    *s = (struct slice){s->ptr + n, s->len - n};
    *out = value;
    return true;
}

static bool find_unit(const struct unit *units, size_t count, struct slice name, uint64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq_nocase(slice_of(units[i].name), name)) {
            *out = units[i].factor;
            return true;
        }
    }
    return false;
}

bool quantity_read_size(struct slice s, uint64_t *out_bytes)
{
    uint64_t number, factor;
    if (!take_number(&s, &number) || !find_unit(SIZES, sizeof SIZES / sizeof SIZES[0], s, &factor))
        return false;
    *out_bytes = times(number, factor);
    return true;
}

bool quantity_read_duration(struct slice s, uint64_t *out_ms)
{
    uint64_t whole, part = 0, scale = 1, factor;
    if (!take_number(&s, &whole))
        return false;
    if (s.len > 0 && s.ptr[0] == '.') {
        s = (struct slice){s.ptr + 1, s.len - 1};
        size_t digits = count_digits(s);
        if (digits > FRACTION_DIGITS_MAX || !take_number(&s, &part))
            return false;
        for (size_t i = 0; i < digits; i++)
            scale *= 10;
    }
    if (!find_unit(TIMES, sizeof TIMES / sizeof TIMES[0], s, &factor))
        return false;
    uint64_t ms = times(whole, factor);
    uint64_t rest = part * factor / scale; /* below 10^9 * 86,400,000: fits */
    *out_ms = ms > UINT64_MAX - rest ? UINT64_MAX : ms + rest;
    return true;
}

void quantity_print_size(struct buf *out, uint64_t bytes)
{
    static const char LETTERS[] = "KMGT";
    size_t letter = 0;
    while (letter < 4 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        letter++;
    }
    buf_add_format(out, "%" PRIu64, bytes);
    if (letter > 0)
        buf_add_char(out, LETTERS[letter - 1]);
}

void quantity_print_duration(struct buf *out, uint64_t ms)
{
    if (ms != 0 && ms % 86400000 == 0) {
        buf_add_format(out, "%" PRIu64 "d", ms / 86400000);
        return;
    }
    buf_add_format(out, "%" PRIu64, ms / 1000);
    unsigned rest = (unsigned)(ms % 1000), digits = 3;
    while (rest != 0 && rest % 10 == 0) {
        rest /= 10;
        digits--;
    }
    if (rest != 0)
        buf_add_format(out, ".%0*u", (int)digits, rest);
}
