/* Goal: a path means what its percent-encoding says, whatever form the target has, and nothing is
 * read or written past its end. Method: tables, from heap copies of exactly the right size. */
#include "test/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/target.h"

static enum err decode(const char *text, size_t len, char **memory, struct target *t)
{
    char *copy = malloc(len);
    *memory = malloc(len);
    assert_true(copy != NULL && *memory != NULL);
    memcpy(copy, text, len);
    enum err e = target_decode((struct slice){copy, len}, *memory, t);
    free(copy);
    return e;
}

static const struct {
    const char *target;
    const char *path;
    const char *x; /* the argument; NULL: none */
} s_decoded[] = {
    {"/", "/", NULL},
    {"/a%20b", "/a b", NULL},
    {"/a+b", "/a+b", NULL},
    {"/%ec%82%AC", "/\xec\x82\xac", NULL},
    {"/%2e%2e%2f", "/../", NULL},
    {"/?x=1", "/", "1"},
    {"/?x", "/", ""},
    {"/?x=", "/", ""},
    {"/?y=2&x=a+b%2b&x=3", "/", "a b+"},
    {"/?&&x=1&&", "/", "1"},
    {"/?=1&x=2", "/", "2"},
    {"/a?b?x=1", "/a", NULL},
    {"/?%78=1", "/", "1"},
    {"/?x=a=b", "/", "a=b"},
    {"http://relay/p?x=4", "/p", "4"},
    {"HTTPS://relay:1/p", "/p", NULL},
    {"http://relay", "/", NULL},
    {"http://relay?x=5", "/", "5"},
    {"http://relay?x=/", "/", "/"},
    {"*", "/", NULL},
};

static void targets_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_decoded / sizeof s_decoded[0]; i++) {
        struct target t;
        char *memory;
        const char *text = s_decoded[i].target;
        assert_true(target_is_sound(slice_of(text), true));
        assert_int_equal(decode(text, strlen(text), &memory, &t), ERR_OK);
        struct slice x = target_argument(&t, SLICE("x"));
        bool argument_fits = s_decoded[i].x == NULL
                                 ? x.ptr == NULL
                                 : x.ptr != NULL && slice_eq(x, slice_of(s_decoded[i].x));
        if (!slice_eq(t.path, slice_of(s_decoded[i].path)) || !argument_fits)
            fail_msg("%s: path %.*s", text, (int)t.path.len, t.path.ptr);
        free(memory);
    }
}

static void bad_escapes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"/%",    "/%4",    "/%zz",    "/%4g", "/%00",
                                      "/?x=%", "/?%0=1", "/?x=%00", "/%-1", "/% 1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct target t;
        char *memory;
        if (decode(bad[i], strlen(bad[i]), &memory, &t) != ERR_INPUT)
            fail_msg("%s", bad[i]);
        free(memory);
    }
}

static void sixteen_arguments_are_taken_and_seventeen_are_not(void **state)
{
    (void)state;
    char text[TARGET_ARGUMENTS_MAX * 8 + 16] = "/?";
    struct target t;
    char *memory;
    for (int i = 0; i < TARGET_ARGUMENTS_MAX; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "a%d=b&", i);
    assert_int_equal(decode(text, strlen(text), &memory, &t), ERR_OK);
    assert_int_equal(t.argument_count, TARGET_ARGUMENTS_MAX);
    assert_true(slice_eq(target_argument(&t, SLICE("a15")), SLICE("b")));
    free(memory);
    strcat(text, "x=1");
    assert_int_equal(decode(text, strlen(text), &memory, &t), ERR_LIMIT);
    free(memory);
}

static void every_truncation_is_read_within_its_bounds(void **state)
{
    (void)state;
    static const char whole[] = "http://relay/a%20b%2f?x=%41+b&y=%42&&z";
    for (size_t len = 1; len < sizeof whole; len++) {
        struct target t;
        char *memory;
        enum err e = decode(whole, len, &memory, &t);
        size_t from = len > 2 ? len - 2 : 0;
        bool cut_escape = memchr(whole + from, '%', len - from) != NULL;
        assert_int_equal(e, cut_escape ? ERR_INPUT : ERR_OK);
        free(memory);
    }
}

static void plain_and_sound_are_told_apart(void **state)
{
    (void)state;
    assert_true(target_is_plain(SLICE("/upload")));
    assert_false(target_is_plain(SLICE("/upload?")));
    assert_false(target_is_plain(SLICE("/%41")));
    assert_false(target_is_plain(SLICE("*")));
    assert_false(target_is_plain(SLICE("")));
    assert_true(target_is_sound(SLICE("/\xec\x82\xac"), false));
    assert_false(target_is_sound(SLICE("*"), false));
    assert_false(target_is_sound(SLICE("/a#b"), false));
    assert_false(target_is_sound(SLICE("/a b"), false));
    assert_false(target_is_sound(SLICE("/a\x7f"), false));
    assert_false(target_is_sound(SLICE("http://"), false));
    assert_false(target_is_sound(SLICE("http:///a"), false));
    assert_false(target_is_sound(SLICE("ftp://a/"), false));
    assert_false(target_is_sound(SLICE("upload"), false));
    assert_false(target_is_sound(SLICE(""), false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_taken_apart),
        cmocka_unit_test(bad_escapes_are_refused),
        cmocka_unit_test(sixteen_arguments_are_taken_and_seventeen_are_not),
        cmocka_unit_test(every_truncation_is_read_within_its_bounds),
        cmocka_unit_test(plain_and_sound_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
