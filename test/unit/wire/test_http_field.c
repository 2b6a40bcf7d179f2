/* Goal: values of HTTP fields are taken when they are right and refused when they are not, never
 * guessed. Method: tables; each value also cut short at every place, from exact heap copies. */
#include "lib/wire/http_field.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

static void a_token_is_one_word(void **state)
{
    (void)state;
    assert_true(http_field_is_token(SLICE("X-Camera-Id")));
    assert_true(http_field_is_token(SLICE("!#$%&'*+-.^_`|~09azAZ")));
    static const struct slice rows[] = {SLICE_INIT(""),    SLICE_INIT("a b"), SLICE_INIT("a "),
                                        SLICE_INIT(" a"),  SLICE_INIT("a:"),  SLICE_INIT("a\t"),
                                        SLICE_INIT("a\0"), SLICE_INIT("a\r"), SLICE_INIT("a\x80"),
                                        SLICE_INIT("(a)"), SLICE_INIT("a/b"), SLICE_INIT("\"a\"")};
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_false(http_field_is_token(rows[i]));
}

static void a_length_is_digits_and_one_value(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_true(http_field_length(SLICE(" 10\t"), &n));
    assert_int_equal(n, 10);
    assert_true(http_field_length(SLICE("18446744073709551615"), &n));
    assert_true(n == UINT64_MAX);
    static const char *const rows[] = {"",
                                       "+5",
                                       "-5",
                                       "0x5",
                                       "5,5",
                                       "5, 5",
                                       "5 5",
                                       "1_0",
                                       "5.0",
                                       "1e3",
                                       "18446744073709551616",
                                       "\v5",
                                       "5\n",
                                       "\xEF\xBC\x95"};
    for (size_t i = 0; i < ROWS(rows); i++) {
        n = 7;
        assert_false(http_field_length(slice_of(rows[i]), &n));
        assert_int_equal(n, 7);
    }
}

static void only_chunked_is_chunked(void **state)
{
    (void)state;
    assert_true(http_field_is_chunked(SLICE("chunked")));
    assert_true(http_field_is_chunked(SLICE(" Chunked ")));
    static const char *const rows[] = {
        "",          "identity",         "gzip, chunked", "chunked, chunked",
        "xchunked",  "chunked;q=1",      "\"chunked\"",   "chunke",
        "chunked\v", "chunked,identity", ",chunked"};
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_false(http_field_is_chunked(slice_of(rows[i])));
}

static void a_media_type_has_two_words_and_parameters(void **state)
{
    (void)state;
    struct http_field_media m;
    struct http_field_param p;
    assert_int_equal(http_field_media(SLICE(" Image/JPEG ; a=b;c = \"d;\\\"e\" ;; f"), &m), ERR_OK);
    assert_true(http_field_media_is(&m, "image/jpeg"));
    assert_false(http_field_media_is(&m, "image/jpg"));
    assert_int_equal(http_field_param_next(&m.params, &p), HTTP_FIELD_PARAM);
    assert_true(slice_eq(p.name, SLICE("a")) && slice_eq(p.value, SLICE("b")) && !p.quoted);
    assert_int_equal(http_field_param_next(&m.params, &p), HTTP_FIELD_PARAM);
    assert_true(slice_eq(p.name, SLICE("c")) && slice_eq(p.value, SLICE("d;\\\"e")) && p.quoted);
    assert_int_equal(http_field_param_next(&m.params, &p), HTTP_FIELD_PARAM);
    assert_true(slice_eq(p.name, SLICE("f")) && !p.has_value && p.value.len == 0);
    assert_int_equal(http_field_param_next(&m.params, &p), HTTP_FIELD_DONE);
    static const char *const rows[] = {
        "",      "image", "image/", "/jpeg", "image /jpeg", "image/jpeg x", "image/jpeg, text/html",
        "a/b/c", ";a=b",  "*"};
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(http_field_media(slice_of(rows[i]), &m), ERR_INPUT);
}

static void broken_parameters_are_bad(void **state)
{
    (void)state;
    static const char *const rows[] = {";a=\"b", ";a=\"b\\\"", ";a=\"b\"c",
                                       ";=b",    ";a b=c",     "; \"a\"=b"};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct slice rest = slice_of(rows[i]);
        struct http_field_param p = {.name = SLICE("untouched")};
        assert_int_equal(http_field_param_next(&rest, &p), HTTP_FIELD_BAD);
        assert_true(slice_eq(p.name, SLICE("untouched")));
    }
}

/* SHA-256 of nothing, and of "abc" */
#define NOTHING "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define ABC "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="

static void a_digest_is_found_or_absent_or_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum err e;
        int first; /* byte of the digest; -1: not found */
    } rows[] = {
        {"sha-256=:" NOTHING ":", ERR_OK, 0xe3},
        {"  sha-256=:" NOTHING ":  ", ERR_OK, 0xe3},
        {"sha-512=:AAAA:, sha-256=:" ABC ":", ERR_OK, 0xba},
        {"sha-256=:" NOTHING ":\t,sha-256=:" ABC ":", ERR_OK, 0xba},
        {"sha-256=:" NOTHING ":;a=1;b;c=\"x,y\", md5=:AA==:", ERR_OK, 0xe3},
        {"a=?1, b=12.5, c=\"q\\\"\", d=tok/en:x, e", ERR_OK, -1},
        {"unixsum=30637", ERR_OK, -1},
        {"", ERR_OK, -1},
        {"sha-256=" NOTHING, ERR_INPUT, -1},
        {"sha-256", ERR_INPUT, -1},
        {"sha-256=:", ERR_INPUT, -1},
        {"sha-256=::", ERR_INPUT, -1},
        {"sha-256=:AAAA:", ERR_INPUT, -1},
        {"sha-256=:" NOTHING, ERR_INPUT, -1},
        {"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU:", ERR_INPUT, -1},
        {"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=:", ERR_INPUT, -1},
        {"sha-256=:" NOTHING "AAAA:", ERR_INPUT, -1},
        {"sha-256=:" NOTHING ":,", ERR_INPUT, -1},
        {"sha-256=:" NOTHING ":x", ERR_INPUT, -1},
        {"sha-256=:" NOTHING ": sha-512=:AA==:", ERR_INPUT, -1},
        {",sha-256=:" NOTHING ":", ERR_INPUT, -1},
        {"SHA-256=:" NOTHING ":", ERR_INPUT, -1},
        {"sha-256=\"" NOTHING "\"", ERR_INPUT, -1},
        {"sha-256=(:" NOTHING ":)", ERR_INPUT, -1},
        {"sha-256 =:" NOTHING ":", ERR_INPUT, -1},
        {"a=\"x", ERR_INPUT, -1},
        {"a=", ERR_INPUT, -1},
        {"a;=1", ERR_INPUT, -1},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        bool found = true;
        uint8_t digest[32] = {0x77};
        enum err e = http_field_sha256(slice_of(rows[i].value), &found, digest);
        bool right = e == rows[i].e && (e != ERR_OK || found == (rows[i].first >= 0)) &&
                     digest[0] == (rows[i].first >= 0 ? rows[i].first : 0x77);
        if (!right)
            fail_msg("%s: %d", rows[i].value, (int)e);
    }
}

static void a_bearer_token_is_taken(void **state)
{
    (void)state;
    struct slice token = {0};
    assert_true(http_field_bearer(SLICE("Bearer abc.DEF-_~+/09=="), &token));
    assert_true(slice_eq(token, SLICE("abc.DEF-_~+/09==")));
    assert_true(http_field_bearer(SLICE(" bearer   x "), &token));
    assert_true(slice_eq(token, SLICE("x")));
    static const struct slice rows[] = {
        SLICE_INIT(""),           SLICE_INIT("Bearer"),      SLICE_INIT("Bearer "),
        SLICE_INIT("Bearer a b"), SLICE_INIT("Basic abc"),   SLICE_INIT("Bearerabc"),
        SLICE_INIT("Bearer ="),   SLICE_INIT("Bearer a=b"),  SLICE_INIT("Bearer a\0"),
        SLICE_INIT("Bearer a,b"), SLICE_INIT("Bearer \"a\"")};
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_false(http_field_bearer(rows[i], &token));
}

static void basic_credentials_are_decoded(void **state)
{
    (void)state;
    char memory[15];
    struct slice user;
    struct slice password;
    assert_int_equal(
        http_field_basic(SLICE("Basic dXNlcjpwYTpzcw=="), memory, sizeof memory, &user, &password),
        ERR_OK);
    assert_true(slice_eq(user, SLICE("user")));
    assert_true(slice_eq(password, SLICE("pa:ss")));
    assert_int_equal(http_field_basic(SLICE("basic Og=="), memory, 1, &user, &password), ERR_OK);
    assert_int_equal(user.len + password.len, 0);
    assert_int_equal(
        http_field_basic(SLICE("Basic dXNlcjpwYTpzcw=="), memory, 10, &user, &password), ERR_OK);
    assert_int_equal(http_field_basic(SLICE("Basic dXNlcjpwYTpzcw=="), memory, 9, &user, &password),
                     ERR_LIMIT);
    static const char *const rows[] = {"Basic",
                                       "Basic !!!!",
                                       "Basic dXNlcg==" /* no colon */,
                                       "Bearer dXNlcjpwYQ==",
                                       "Basic dXNlcjpwYQ",
                                       "Basic AHA6cA==" /* NUL */};
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(
            http_field_basic(slice_of(rows[i]), memory, sizeof memory, &user, &password),
            ERR_INPUT);
}

static void retry_after_is_seconds_or_a_date(void **state)
{
    (void)state;
    struct wall now = {INT64_C(1768378502500)}; /* 2026-01-14T08:15:02.5Z */
    static const struct {
        const char *value;
        uint32_t seconds;
    } rows[] = {
        {"120", 120},
        {" 0 ", 0},
        {"4294967295", UINT32_MAX},
        {"4294967296", UINT32_MAX},
        {"99999999999999999999999", UINT32_MAX},
        {"Wed, 14 Jan 2026 08:16:02 GMT", 60},
        {"Wed, 14 Jan 2026 08:15:03 GMT", 1},
        {"Wed, 14 Jan 2026 08:15:02 GMT", 0},
        {"Wed, 14 Jan 2015 08:15:02 GMT", 0},
        {"Fri, 31 Dec 9999 23:59:59 GMT", UINT32_MAX},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint32_t seconds = 77;
        assert_int_equal(http_field_retry_after(slice_of(rows[i].value), now, &seconds), ERR_OK);
        assert_int_equal(seconds, rows[i].seconds);
    }
    static const char *const bad[] = {"", "-1", "1.5", "1s", "soon", "+1", "2026-01-14T08:15:02Z"};
    for (size_t i = 0; i < ROWS(bad); i++) {
        uint32_t seconds = 77;
        assert_int_equal(http_field_retry_after(slice_of(bad[i]), now, &seconds), ERR_INPUT);
        assert_int_equal(seconds, 77);
    }
}

static void a_range_is_one_span_or_nothing(void **state)
{
    (void)state;
    enum {
        NONE = HTTP_FIELD_RANGE_NONE,
        ONE = HTTP_FIELD_RANGE_ONE,
        NOT = HTTP_FIELD_RANGE_UNSATISFIABLE
    };
    static const struct {
        const char *value;
        uint64_t size;
        int want;
        uint64_t first;
        uint64_t len;
    } rows[] = {
        {"bytes=0-0", 10, ONE, 0, 1},
        {"bytes=0-9", 10, ONE, 0, 10},
        {"bytes=9-9", 10, ONE, 9, 1},
        {"bytes=2-", 10, ONE, 2, 8},
        {"bytes=-3", 10, ONE, 7, 3},
        {"bytes=-99", 10, ONE, 0, 10},
        {"Bytes= 5-99 ", 10, ONE, 5, 5},
        {"bytes=5-18446744073709551615", 10, ONE, 5, 5},
        {"bytes=5-99999999999999999999999", 10, ONE, 5, 5},
        {"bytes=-99999999999999999999999", 10, ONE, 0, 10},
        {"bytes=10-", 10, NOT, 0, 0},
        {"bytes=10-20", 10, NOT, 0, 0},
        {"bytes=99999999999999999999999-", 10, NOT, 0, 0},
        {"bytes=-0", 10, NOT, 0, 0},
        {"bytes=0-", 0, NOT, 0, 0},
        {"bytes=-5", 0, NOT, 0, 0},
        {"bytes=5-4", 10, NONE, 0, 0},
        {"bytes=0-1,3-4", 10, NONE, 0, 0},
        {"bytes=-", 10, NONE, 0, 0},
        {"bytes=", 10, NONE, 0, 0},
        {"bytes", 10, NONE, 0, 0},
        {"bytes=5", 10, NONE, 0, 0},
        {"bytes=a-b", 10, NONE, 0, 0},
        {"bytes=1--2", 10, NONE, 0, 0},
        {"bytes=+1-2", 10, NONE, 0, 0},
        {"pages=0-1", 10, NONE, 0, 0},
        {"", 10, NONE, 0, 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct http_field_span span = {0};
        int got = (int)http_field_range(slice_of(rows[i].value), rows[i].size, &span);
        if (got != rows[i].want || span.first != rows[i].first || span.len != rows[i].len)
            fail_msg("%s of %d", rows[i].value, (int)rows[i].size);
    }
}

static void an_etag_is_found_in_a_list(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool found;
    } rows[] = {
        {"\"abc\"", true},
        {"W/\"abc\"", true},
        {"*", true},
        {" * ", true},
        {"\"x\", \"abc\"", true},
        {"\"x\" ,W/\"y\",,\"abc\" , ", true},
        {"\"a,b\", \"abc\"", true},
        {"\"ab\"", false},
        {"\"abcd\"", false},
        {"\"ABC\"", false},
        {"abc", false},
        {"\"abc", false},
        {"w/\"abc\"", false},
        {"\"abc\" \"x\"", false},
        {"\"abc\", x", false},
        {"\"*\"", false},
        {"", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (http_field_has_etag(slice_of(rows[i].value), SLICE("\"abc\"")) != rows[i].found)
            fail_msg("%s", rows[i].value);
    }
}

static void korean_is_preferred_only_when_it_ranks_first(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool korean;
    } rows[] = {
        {"ko", true},
        {"ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", true},
        {"KO-kr", true},
        {"en-US,en;q=0.9,ko;q=0.8", false},
        {"ko,en", true},
        {"en,ko", false},
        {"en;q=0.5, ko ; q=0.6", true},
        {"en;q=0.501,ko;q=0.5", false},
        {"fr, ko;q=0.5", true},
        {"ko;q=0.3, *;q=0.5", false},
        {"*, ko;q=0.5", false},
        {"*", false},
        {"ko;q=0", false},
        {"ko;q=0, en;q=0", false},
        {"ko;q=2", false},
        {"ko;q=1.001", false},
        {"ko;q=x, en;q=0.1", false},
        {"kok", false},
        {"korean", false},
        {"", false},
        {",,ko", true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (http_field_prefers_korean(slice_of(rows[i].value)) != rows[i].korean)
            fail_msg("%s", rows[i].value);
    }
}

/* Every reader over the same bytes, from memory that ends with them. */
static void read_all(struct slice value)
{
    char memory[64];
    uint8_t digest[32];
    uint64_t number;
    uint32_t seconds;
    bool found;
    struct slice a;
    struct slice b;
    struct http_field_media media;
    struct http_field_param param;
    struct http_field_span span;
    (void)http_field_is_token(value);
    (void)http_field_length(value, &number);
    (void)http_field_is_chunked(value);
    if (http_field_media(value, &media) == ERR_OK) {
        while (http_field_param_next(&media.params, &param) == HTTP_FIELD_PARAM)
            ;
    }
    if (http_field_sha256(value, &found, digest) != ERR_OK)
        found = false;
    (void)http_field_bearer(value, &a);
    if (http_field_basic(value, memory, sizeof memory, &a, &b) == ERR_OK)
        assert_true(a.len + b.len < sizeof memory);
    if (http_field_retry_after(value, (struct wall){0}, &seconds) != ERR_OK)
        seconds = 0;
    if (http_field_range(value, 10, &span) == HTTP_FIELD_RANGE_ONE)
        assert_true(span.len >= 1 && span.first < 10 && span.len <= 10 - span.first);
    (void)http_field_has_etag(value, SLICE("\"x\""));
    (void)http_field_prefers_korean(value);
}

static void cut_short_nothing_looks_past_the_end(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "image/jpeg; a=\"b\\\"c\"; d=e",
        "sha-256=:" NOTHING ":;a=1, b=\"x\"",
        "Basic dXNlcjpwYTpzcw==",
        "Bearer abc==",
        "Wednesday, 14-Jan-26 08:15:02 GMT",
        "Wed, 14 Jan 2026 08:15:02 GMT",
        "bytes=10-20",
        "W/\"abc\", \"x\"",
        "ko-KR;q=0.851,en;q=0.7",
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t cut = 0; cut <= strlen(rows[i]); cut++) {
            char *copy = malloc(cut == 0 ? 1 : cut);
            assert_non_null(copy);
            memcpy(copy, rows[i], cut);
            read_all((struct slice){copy, cut});
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_one_word),
        cmocka_unit_test(a_length_is_digits_and_one_value),
        cmocka_unit_test(only_chunked_is_chunked),
        cmocka_unit_test(a_media_type_has_two_words_and_parameters),
        cmocka_unit_test(broken_parameters_are_bad),
        cmocka_unit_test(a_digest_is_found_or_absent_or_malformed),
        cmocka_unit_test(a_bearer_token_is_taken),
        cmocka_unit_test(basic_credentials_are_decoded),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(a_range_is_one_span_or_nothing),
        cmocka_unit_test(an_etag_is_found_in_a_list),
        cmocka_unit_test(korean_is_preferred_only_when_it_ranks_first),
        cmocka_unit_test(cut_short_nothing_looks_past_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
