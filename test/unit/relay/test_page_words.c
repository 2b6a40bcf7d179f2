/* Goal: numbers, sizes and ages read well in both languages; templates cannot smuggle HTML. */

#include "relay/logic/negotiate.h"
#include "relay/logic/page.h"
#include "relay/logic/routes.h"
#include "relay/logic/template.h"
#include "relay/logic/thumb.h"
#include "test/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static char s_text[4096];

static struct buf fresh(void)
{
    struct buf out;
    buf_init(&out, s_text, sizeof s_text);
    return out;
}

static void counts_are_grouped_by_thousands(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        const char *text;
    } rows[] = {{0, "0"},
                {999, "999"},
                {1000, "1,000"},
                {1234567, "1,234,567"},
                {UINT64_MAX, "18,446,744,073,709,551,615"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out = fresh();
        page_write_count(rows[i].n, &out);
        assert_string_equal(buf_text(&out), rows[i].text);
    }
}

static void sizes_have_at_most_three_digits(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        const char *text;
    } rows[] = {
        {0, "0 B"},         {999, "999 B"},     {1000, "1.0 kB"},         {1550, "1.5 kB"},
        {99999, "99.9 kB"}, {100000, "100 kB"}, {34000000000, "34.0 GB"}, {UINT64_MAX, "18.4 EB"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out = fresh();
        page_write_bytes(rows[i].n, &out);
        assert_string_equal(buf_text(&out), rows[i].text);
    }
}

static void ages_show_the_two_largest_units(void **state)
{
    (void)state;
    static const struct {
        uint64_t s;
        const char *english, *korean;
    } rows[] = {
        {0, "0 s", "0초"},
        {59, "59 s", "59초"},
        {60, "1 min", "1분"},
        {61, "1 min 1 s", "1분 1초"},
        {3600, "1 h", "1시간"},
        {3661, "1 h 1 min", "1시간 1분"},
        {90000, "1 d 1 h", "1일 1시간"},
        {86459, "1 d", "1일"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out = fresh();
        page_write_age(rows[i].s, false, &out);
        assert_string_equal(buf_text(&out), rows[i].english);
        out = fresh();
        page_write_age(rows[i].s, true, &out);
        assert_string_equal(buf_text(&out), rows[i].korean);
    }
}

static bool value_of(void *arg, struct slice key, struct buf *out)
{
    if (slice_eq(key, SLICE("name")))
        buf_add_text(out, arg);
    return slice_eq(key, SLICE("name"));
}

static bool two_items(void *arg, struct slice section, size_t index)
{
    (void)arg;
    return slice_eq(section, SLICE("two")) ? index < 2 : slice_eq(section, SLICE("one")) && !index;
}

static const char *rendered(const char *text, const char *name)
{
    struct buf out = fresh();
    char copy[300];
    strcpy(copy, name);
    struct template_source source = {copy, value_of, two_items};
    char *exact = malloc(strlen(text) + 1);
    memcpy(exact, text, strlen(text));
    bool good = template_render((struct slice){exact, strlen(text)}, &source, &out);
    free(exact);
    return good ? buf_text(&out) : NULL;
}

static void templates_fill_repeat_and_nest(void **state)
{
    (void)state;
    assert_string_equal(rendered("a{{name}}b", "x"), "axb");
    assert_string_equal(rendered("{{#two}}<{{name}}>{{/two}}", "x"), "<x><x>");
    assert_string_equal(rendered("{{#none}}{{name}}{{/none}}.", "x"), ".");
    assert_string_equal(rendered("{{#two}}{{#two}}{{name}}{{/two}},{{/two}}", "x"), "xx,xx,");
    assert_string_equal(rendered("{{#two}}{{#one}}{{name}}{{/one}},{{/two}}", "x"), "x,x,");
    assert_string_equal(rendered("a } { }} b", "x"), "a } { }} b");
    assert_string_equal(rendered("", "x"), "");
}

static void broken_templates_are_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{{name", "{{}}", "{{other}}", "{{#two}}x", "x{{/two}}y", "{{#two}}{{/one}}", "a{{"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(rendered(bad[i], "x"));
    assert_null(rendered("{{#one}}{{#two}}{{#one}}{{#two}}{{#one}}x"
                         "{{/one}}{{/two}}{{/one}}{{/two}}{{/one}}",
                         "x")); /* too deep */
}

static void values_are_text_and_never_markup(void **state)
{
    (void)state;
    assert_string_equal(rendered("{{name}}", "<a href=\"x\">&'"),
                        "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    assert_string_equal(rendered("{{name}}", "{{name}}"), "{{name}}"); /* not read again */
    assert_string_equal(rendered("{{name}}", "현관"), "현관");
    assert_string_equal(rendered("{{name}}", "a\xff\x01z"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
}

static void addresses_are_found_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum route route;
        const char *rest;
    } rows[] = {
        {"/", ROUTE_HOME, ""},
        {"/list", ROUTE_LIST, ""},
        {"/list/", ROUTE_NONE, ""},
        {"/lis", ROUTE_NONE, ""},
        {"/photos/a.jpg", ROUTE_PHOTO, "a.jpg"},
        {"/photos/", ROUTE_NONE, ""},
        {"/photos", ROUTE_NONE, ""},
        {"/photos/a/b", ROUTE_PHOTO, "a/b"},
        {"", ROUTE_NONE, ""},
        {"//", ROUTE_NONE, ""},
        {"/c/snapshot", ROUTE_SNAPSHOT, ""},
        {"/health2", ROUTE_NONE, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice rest;
        char *exact = malloc(strlen(rows[i].path) + 1);
        memcpy(exact, rows[i].path, strlen(rows[i].path));
        struct slice path = {exact, strlen(rows[i].path)};
        if (routes_find(path, &rest) != rows[i].route || !slice_eq(rest, slice_of(rows[i].rest)))
            fail_msg("%s", rows[i].path);
        free(exact);
    }
    assert_true(routes_allows(ROUTE_UPLOAD, SLICE("POST")));
    assert_false(routes_allows(ROUTE_UPLOAD, SLICE("POS")));
    assert_false(routes_allows(ROUTE_UPLOAD, SLICE("GET")));
    assert_true(routes_allows(ROUTE_LIST, SLICE("OPTIONS")));
}

static size_t frame(uint8_t marker, unsigned width, unsigned height, uint8_t out[32])
{
    const uint8_t bytes[] = {0xFF,
                             0xD8,
                             0xFF,
                             0xE0,
                             0,
                             4,
                             1,
                             2,
                             0xFF,
                             0xFF,
                             marker,
                             0,
                             11,
                             8,
                             (uint8_t)(height >> 8),
                             (uint8_t)height,
                             (uint8_t)(width >> 8),
                             (uint8_t)width};
    memcpy(out, bytes, sizeof bytes);
    return sizeof bytes;
}

static void thumbnails_are_planned_by_the_frame_header(void **state)
{
    (void)state;
    static const struct {
        uint8_t marker;
        unsigned width, height;
        enum err e;
        unsigned eighths;
    } rows[] = {
        {0xC0, 1600, 1200, ERR_OK, 2},    {0xC0, 320, 240, ERR_OK, 8},
        {0xC0, 100, 100, ERR_OK, 8},      {0xC0, 640, 480, ERR_OK, 4},
        {0xC1, 480, 640, ERR_OK, 4},      {0xC0, 8000, 8000, ERR_OK, 1},
        {0xC0, 8000, 8001, ERR_LIMIT, 0}, {0xC2, 2000, 2000, ERR_OK, 2},
        {0xC2, 2000, 2001, ERR_LIMIT, 0}, {0xC0, 0, 10, ERR_INPUT, 0},
        {0xC0, 10, 0, ERR_INPUT, 0},      {0xDA, 10, 10, ERR_INPUT, 0},
        {0x01, 10, 10, ERR_INPUT, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[32];
        size_t len = frame(rows[i].marker, rows[i].width, rows[i].height, bytes);
        struct thumb_plan plan = {0};
        if (thumb_plan(bytes, len, &plan) != rows[i].e || plan.eighths != rows[i].eighths)
            fail_msg("row %zu", i);
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *exact = malloc(cut + 1);
            memcpy(exact, bytes, cut);
            assert_int_equal(thumb_plan(exact, cut, &plan), ERR_INPUT);
            free(exact);
        }
    }
}

static void gzip_is_taken_only_from_who_offers(void **state)
{
    (void)state;
    assert_true(negotiate_gzip(SLICE("gzip")));
    assert_true(negotiate_gzip(SLICE(" br , gzip ;q=0.1")));
    assert_false(negotiate_gzip(SLICE("gzip; q=0")));
    assert_false(negotiate_gzip(SLICE("*;q=0")));
    assert_false(negotiate_gzip(SLICE("gzipped")));
    assert_false(negotiate_gzip((struct slice){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_grouped_by_thousands),
        cmocka_unit_test(sizes_have_at_most_three_digits),
        cmocka_unit_test(ages_show_the_two_largest_units),
        cmocka_unit_test(templates_fill_repeat_and_nest),
        cmocka_unit_test(broken_templates_are_told),
        cmocka_unit_test(values_are_text_and_never_markup),
        cmocka_unit_test(addresses_are_found_exactly),
        cmocka_unit_test(thumbnails_are_planned_by_the_frame_header),
        cmocka_unit_test(gzip_is_taken_only_from_who_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
