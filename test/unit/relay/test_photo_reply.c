/* Goal: of a stored photo exactly the asked part goes out, and nothing but photos has a name. */

#include "relay/logic/photo_reply.h"
#include "relay/logic/ports/photo.h"
#include "test/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define TAG "\"ab00000000000000000000000000000000000000000000000000000000000000\""

static struct photo_reply ask(const char *none_match, const char *if_range, const char *range,
                              uint64_t size)
{
    static const uint8_t sha256[32] = {0xab};
    struct photo_reply_ask a = {slice_of(none_match), slice_of(if_range), slice_of(range), false};
    struct photo_reply r;
    photo_reply_decide(&a, sha256, size, (struct wall){1768378502000}, &r);
    return r;
}

static void a_plain_request_gets_it_all_with_its_tag(void **state)
{
    (void)state;
    struct photo_reply r = ask(NULL, NULL, NULL, 1000);
    assert_int_equal(r.status, 200);
    assert_true(r.first == 0 && r.length == 1000);
    assert_string_equal(r.etag, TAG);
    assert_string_equal(r.content_range, "");
    assert_string_equal(r.last_modified, "Wed, 14 Jan 2026 08:15:02 GMT");
}

static void ranges_are_cut_as_the_rfc_says(void **state)
{
    (void)state;
    static const struct {
        const char *range;
        uint64_t size;
        unsigned status;
        uint64_t first, length;
        const char *content_range;
    } rows[] = {
        {"bytes=0-0", 1000, 206, 0, 1, "bytes 0-0/1000"},
        {"bytes=10-19", 1000, 206, 10, 10, "bytes 10-19/1000"},
        {"bytes=990-", 1000, 206, 990, 10, "bytes 990-999/1000"},
        {"bytes=-10", 1000, 206, 990, 10, "bytes 990-999/1000"},
        {"bytes=-2000", 1000, 206, 0, 1000, "bytes 0-999/1000"},
        {"bytes=999-99999", 1000, 206, 999, 1, "bytes 999-999/1000"},
        {"bytes=1000-", 1000, 416, 0, 0, "bytes */1000"},
        {"bytes=-0", 1000, 416, 0, 0, "bytes */1000"},
        {"bytes=0-", 0, 416, 0, 0, "bytes */0"},
        {"bytes=5-4", 1000, 200, 0, 1000, ""},                      /* malformed: ignored */
        {"bytes=0-1,5-6", 1000, 200, 0, 1000, ""},                  /* several: ignored */
        {"lines=0-1", 1000, 200, 0, 1000, ""},                      /* another unit: ignored */
        {"bytes=18446744073709551616-", 9, 416, 0, 0, "bytes */9"}, /* beyond any file */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct photo_reply r = ask(NULL, NULL, rows[i].range, rows[i].size);
        if (r.status != rows[i].status)
            fail_msg("%s: %u", rows[i].range, r.status);
        assert_true(r.first == rows[i].first && r.length == rows[i].length);
        assert_string_equal(r.content_range, rows[i].content_range);
    }
}

static void what_the_client_has_is_not_sent_again(void **state)
{
    (void)state;
    assert_int_equal(ask(TAG, NULL, NULL, 10).status, 304);
    assert_int_equal(ask("W/" TAG, NULL, NULL, 10).status, 304);
    assert_int_equal(ask("\"x\", " TAG, NULL, NULL, 10).status, 304);
    assert_int_equal(ask("*", NULL, NULL, 10).status, 304);
    assert_int_equal(ask("\"x\"", NULL, NULL, 10).status, 200);
    assert_int_equal(ask("", NULL, NULL, 10).status, 200);
    assert_int_equal(ask(TAG, NULL, "bytes=0-1", 10).status, 304); /* it goes before Range */
    assert_true(ask(TAG, NULL, NULL, 10).length == 0);
}

static void a_range_is_only_good_for_the_same_photo(void **state)
{
    (void)state;
    assert_int_equal(ask(NULL, TAG, "bytes=0-1", 10).status, 206);
    assert_int_equal(ask(NULL, "Wed, 14 Jan 2026 08:15:02 GMT", "bytes=0-1", 10).status, 206);
    assert_int_equal(ask(NULL, "W/" TAG, "bytes=0-1", 10).status, 200); /* weak: not the same */
    assert_int_equal(ask(NULL, "\"x\"", "bytes=0-1", 10).status, 200);
    struct photo_reply_ask head = {{0}, {0}, SLICE("bytes=0-1"), true};
    struct photo_reply r;
    photo_reply_decide(&head, (const uint8_t[32]){0}, 10, (struct wall){1}, &r);
    assert_int_equal(r.status, 200);
}

static void the_type_follows_the_extension(void **state)
{
    (void)state;
    assert_string_equal(photo_reply_type(SLICE("a.jpg")), "image/jpeg");
    assert_string_equal(photo_reply_type(SLICE("A.JPEG")), "image/jpeg");
    assert_string_equal(photo_reply_type(SLICE("a.png")), "image/png");
    assert_string_equal(photo_reply_type(SLICE("사진.JPG")), "image/jpeg");
    assert_string_equal(photo_reply_type(SLICE("a.html")), "application/octet-stream");
    assert_string_equal(photo_reply_type(SLICE("jpg")), "application/octet-stream");
    assert_string_equal(photo_reply_type((struct slice){0}), "application/octet-stream");
}

static void only_names_of_photos_are_names(void **state)
{
    (void)state;
    static const struct {
        struct slice name;
        bool ok;
    } rows[] = {
        {{"a", 1}, true},           {{"photo_1.jpg", 11}, true},
        {{"현관_1.jpg", 12}, true}, {{"a b\"<>.jpg", 9}, true},
        {{"", 0}, false},           {{".", 1}, false},
        {{"..", 2}, false},         {{".camrelay", 9}, false},
        {{"a/b", 3}, false},        {{"../a", 4}, false},
        {{"a\0b", 3}, false},       {{"a\nb", 3}, false},
        {{"a\x7f", 2}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (photo_reply_name_ok(rows[i].name) != rows[i].ok)
            fail_msg("row %zu", i);
    char *longest = malloc(PHOTO_NAME_MAX);
    memset(longest, 'a', PHOTO_NAME_MAX);
    assert_true(photo_reply_name_ok((struct slice){longest, PHOTO_NAME_MAX - 1}));
    assert_false(photo_reply_name_ok((struct slice){longest, PHOTO_NAME_MAX}));
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_request_gets_it_all_with_its_tag),
        cmocka_unit_test(ranges_are_cut_as_the_rfc_says),
        cmocka_unit_test(what_the_client_has_is_not_sent_again),
        cmocka_unit_test(a_range_is_only_good_for_the_same_photo),
        cmocka_unit_test(the_type_follows_the_extension),
        cmocka_unit_test(only_names_of_photos_are_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
