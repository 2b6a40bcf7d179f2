/* A time that is read, written and read again stays the same; so does any number as a calendar
 * date.
 */
#include "lib/wire/timestamp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static bool in_years(struct wall w)
{
    return w.ms >= INT64_C(-62167219200000) && w.ms <= INT64_C(253402300799999);
}

static void check_round_trip(struct wall w)
{
    char text[TIMESTAMP_TEXT_MAX];
    char http[TIMESTAMP_HTTP_TEXT_MAX];
    struct wall again;
    timestamp_format(w, true, text);
    timestamp_format_http(w, http);
    check(timestamp_parse(slice_of(text), &again) == ERR_OK);
    check(!in_years(w) || again.ms == w.ms);
    w = again;
    check(timestamp_parse_http(slice_of(http), w, &again) == ERR_OK);
    check(again.ms <= w.ms && w.ms - again.ms < 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct wall w = {0};
    if (timestamp_parse(text, &w) == ERR_OK)
        check_round_trip(w);
    if (timestamp_parse_http(text, w, &w) == ERR_OK)
        check_round_trip(w);
    if (size >= sizeof w.ms) {
        memcpy(&w.ms, data, sizeof w.ms);
        check_round_trip(w);
    }
    return 0;
}
