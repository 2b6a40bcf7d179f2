/* Goal: a destination is understood exactly or refused, and its secrets are never shown. */
#include "lib/wire/url.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

static const struct {
    const char *text;
    const char *shown;
    const char *host;
    const char *path;
    uint16_t port;
} good[] = {
    {"http://118.42.62.78:6000/upload", "http://118.42.62.78:6000/upload", "118.42.62.78",
     "/upload", 6000},
    {"http://a", "http://a", "a", "", 80},
    {"HTTPS://Example.org/", "https://Example.org/", "Example.org", "/", 443},
    {"http://a:80/", "http://a/", "a", "/", 80},
    {"https://a:80/", "https://a:80/", "a", "/", 80},
    {"http://a:/x", "http://a/x", "a", "/x", 80},
    {"http://a:65535", "http://a:65535", "a", "", 65535},
    {"http://[::1]:5000/upload", "http://[::1]:5000/upload", "::1", "/upload", 5000},
    {"http://[fe80::1]", "http://[fe80::1]", "fe80::1", "", 80},
    {"http://user:pa:ss%40word@a/x", "http://a/x", "a", "/x", 80},
    {"http://token@a/x", "http://a/x", "a", "/x", 80},
    {"http://@a/x", "http://a/x", "a", "/x", 80},
    {"http://a/x?token=secret", "http://a/x?...", "a", "/x", 80},
    {"http://a?b", "http://a?...", "a", "", 80},
    {"http://a/x?", "http://a/x?...", "a", "/x", 80},
    {"http://a/b@c:d/%ec%82%ac;v=1,(2)?e=/?", "http://a/b@c:d/%ec%82%ac;v=1,(2)?...", "a",
     "/b@c:d/%ec%82%ac;v=1,(2)", 80},
    {"http://my_host.local/", "http://my_host.local/", "my_host.local", "/", 80},
};

static void urls_are_split_and_shown_without_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(good); i++) {
        char memory[128];
        struct buf out;
        struct url u;
        buf_init(&out, memory, sizeof memory);
        if (url_split(slice_of(good[i].text), &u) != ERR_OK)
            fail_msg("%s", good[i].text);
        url_show(&u, &out);
        assert_string_equal(buf_text(&out), good[i].shown);
        assert_true(slice_eq(u.host, slice_of(good[i].host)));
        assert_true(slice_eq(u.path, slice_of(good[i].path)));
        assert_int_equal(u.port, good[i].port);
        assert_int_equal(u.tls, good[i].shown[4] == 's');
    }
}

static void user_password_and_query_are_kept_apart(void **state)
{
    (void)state;
    struct url u;
    assert_int_equal(url_split(SLICE("https://us%20er:pa:ss@h/p?q=1"), &u), ERR_OK);
    assert_true(u.has_user && u.has_query && !u.host_is_ipv6);
    assert_true(slice_eq(u.user, SLICE("us%20er")));
    assert_true(slice_eq(u.password, SLICE("pa:ss")));
    assert_true(slice_eq(u.query, SLICE("q=1")));
    assert_int_equal(url_split(SLICE("http://h"), &u), ERR_OK);
    assert_true(!u.has_user && !u.has_query && u.user.len == 0);
}

static void what_is_not_a_plain_http_url_is_refused(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        SLICE_INIT(""),
        SLICE_INIT("http"),
        SLICE_INIT("http:"),
        SLICE_INIT("http:/a"),
        SLICE_INIT("http://"),
        SLICE_INIT("http:///x"),
        SLICE_INIT("http://:80/"),
        SLICE_INIT("http://?x"),
        SLICE_INIT("ftp://a/"),
        SLICE_INIT("file:///etc/passwd"),
        SLICE_INIT("//a/x"),
        SLICE_INIT("a.org/x"),
        SLICE_INIT(" http://a/"),
        SLICE_INIT("http://a/ "),
        SLICE_INIT("http://a b/"),
        SLICE_INIT("http://a/\r\nX: y"),
        SLICE_INIT("http://a/\0"),
        SLICE_INIT("http://a/x#frag"),
        SLICE_INIT("http://a:0/"),
        SLICE_INIT("http://a:65536/"),
        SLICE_INIT("http://a:+80/"),
        SLICE_INIT("http://a:80:80/"),
        SLICE_INIT("http://a:x/"),
        SLICE_INIT("http://a@b@c/"),
        SLICE_INIT("http://user@/"),
        SLICE_INIT("http://a\\@b/"),
        SLICE_INIT("http://a/\\x"),
        SLICE_INIT("http://a/%"),
        SLICE_INIT("http://a/%4"),
        SLICE_INIT("http://a/%zz"),
        SLICE_INIT("http://a/\"x\""),
        SLICE_INIT("http://a/<x>"),
        SLICE_INIT("http://a/\xEC\x82\xAC"),
        SLICE_INIT("http://[::1"),
        SLICE_INIT("http://[]/"),
        SLICE_INIT("http://[1]/"),
        SLICE_INIT("http://[::1]x/"),
        SLICE_INIT("http://[::g]/"),
        SLICE_INIT("http://::1/"),
        SLICE_INIT("http://u:p w@a/"),
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct url u = {.port = 7};
        if (url_split(rows[i], &u) != ERR_INPUT || u.port != 7)
            fail_msg("%s", rows[i].ptr);
    }
}

static void cut_short_it_never_looks_past_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(good); i++) {
        for (size_t cut = 0; cut <= strlen(good[i].text); cut++) {
            char *copy = malloc(cut == 0 ? 1 : cut);
            struct url u = {.host = SLICE("x")};
            assert_non_null(copy);
            memcpy(copy, good[i].text, cut);
            if (url_split((struct slice){copy, cut}, &u) == ERR_OK)
                assert_true(u.host.ptr >= copy && u.host.ptr + u.host.len <= copy + cut);
            free(copy);
        }
    }
}

static void any_segment_survives_the_round_trip(void **state)
{
    (void)state;
    char raw[255];
    char memory[3 * sizeof raw];
    char back[sizeof raw];
    size_t len;
    struct buf out;
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (char)(i + 1);
    buf_init(&out, memory, sizeof memory);
    url_encode_segment((struct slice){raw, sizeof raw}, &out);
    assert_false(out.overflowed);
    assert_int_equal(slice_find(buf_slice(&out), '/'), out.len);
    assert_int_equal(url_decode_segment(buf_slice(&out), back, sizeof back, &len), ERR_OK);
    assert_int_equal(len, sizeof raw);
    assert_memory_equal(back, raw, sizeof raw);
    assert_int_equal(url_decode_segment(buf_slice(&out), back, sizeof back - 1, &len), ERR_LIMIT);
}

static void a_segment_is_encoded_as_rfc_3986_says(void **state)
{
    (void)state;
    char memory[64];
    struct buf out;
    buf_init(&out, memory, sizeof memory);
    url_encode_segment(SLICE("a b/..+%\xEC~-_9Z"), &out);
    assert_string_equal(buf_text(&out), "a%20b%2F..%2B%25%EC~-_9Z");
}

static void broken_segments_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"%", "%4", "%zz", "a%", "%00", "%0"};
    char back[8];
    size_t len = 7;
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(url_decode_segment(slice_of(rows[i]), back, sizeof back, &len), ERR_INPUT);
    assert_int_equal(url_decode_segment(SLICE("a\0"), back, sizeof back, &len), ERR_INPUT);
    assert_int_equal(len, 7);
    char same[] = "%41+%42";
    assert_int_equal(url_decode_segment(slice_of(same), same, sizeof same, &len), ERR_OK);
    assert_memory_equal(same, "A+B", 3);
    assert_int_equal(len, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_split_and_shown_without_secrets),
        cmocka_unit_test(user_password_and_query_are_kept_apart),
        cmocka_unit_test(what_is_not_a_plain_http_url_is_refused),
        cmocka_unit_test(cut_short_it_never_looks_past_the_end),
        cmocka_unit_test(any_segment_survives_the_round_trip),
        cmocka_unit_test(a_segment_is_encoded_as_rfc_3986_says),
        cmocka_unit_test(broken_segments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
