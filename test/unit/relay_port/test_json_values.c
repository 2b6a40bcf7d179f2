/* Goal: every value of an answer comes with its path, in order, and what is no JSON gives nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/port/json_jansson.h"
#include "test/unit/unit.h"

static char s_seen[4096];
static const char *s_stop_at;

static bool note(void *arg, const char *path, const char *value)
{
    (void)arg;
    char text[600];
    (void)snprintf(text, sizeof text, "%s=%s ", path, value == NULL ? "null" : value);
    strncat(s_seen, text, sizeof s_seen - strlen(s_seen) - 1);
    return s_stop_at == NULL || strcmp(path, s_stop_at) != 0;
}

static enum err read_bytes(const char *text, size_t len)
{
    struct json json = json_jansson();
    char *exact = malloc(len + (len == 0));
    assert_non_null(exact);
    memcpy(exact, text, len);
    s_seen[0] = '\0';
    enum err e = json.values(json.ctx, exact, len, note, NULL);
    free(exact);
    return e;
}

static enum err read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void values_come_with_their_paths_in_order(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("{\"b\":1,\"a\":[{\"x\":\"y\",\"n\":null},true,[],{},-2.5],\"z\":false}"),
        ERR_OK);
    assert_string_equal(s_seen, "b=1 a.0.x=y a.0.n=null a.1=true a.4=-2.5 z=false ");
    assert_int_equal(read_text("7"), ERR_OK);
    assert_string_equal(s_seen, "=7 ");
}

static void the_reader_may_stop(void **state)
{
    (void)state;
    s_stop_at = "a.1";
    enum err e = read_text("{\"a\":[1,2,3],\"b\":4}");
    s_stop_at = NULL;
    assert_int_equal(e, ERR_OK);
    assert_string_equal(s_seen, "a.0=1 a.1=2 ");
}

static void a_path_is_told_at_its_longest_and_passed_over_one_past_it(void **state)
{
    (void)state;
    char text[JSON_PATH_MAX + 40], key[JSON_PATH_MAX + 1];
    memset(key, 'k', sizeof key);
    key[JSON_PATH_MAX - 1] = '\0';
    (void)snprintf(text, sizeof text, "{\"%s\":1,\"b\":2}", key);
    assert_int_equal(read_text(text), ERR_OK);
    assert_int_equal(strlen(s_seen), JSON_PATH_MAX - 1 + strlen("=1 b=2 "));
    key[JSON_PATH_MAX - 1] = 'k';
    key[JSON_PATH_MAX] = '\0';
    (void)snprintf(text, sizeof text, "{\"%s\":{\"c\":1},\"b\":2}", key);
    assert_int_equal(read_text(text), ERR_OK);
    assert_string_equal(s_seen, "b=2 ");
}

static void no_beginning_of_a_text_is_taken_for_the_whole(void **state)
{
    (void)state;
    static const char WHOLE[] = "{\"a\":[1,{\"b\":\"c\"}]}";
    for (size_t len = 0; len < sizeof WHOLE - 1; len++) {
        assert_int_equal(read_bytes(WHOLE, len), ERR_INPUT);
        assert_string_equal(s_seen, "");
    }
    assert_int_equal(read_text("{\"a\":1} x"), ERR_INPUT);
    assert_int_equal(read_text(WHOLE), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_with_their_paths_in_order),
        cmocka_unit_test(the_reader_may_stop),
        cmocka_unit_test(a_path_is_told_at_its_longest_and_passed_over_one_past_it),
        cmocka_unit_test(no_beginning_of_a_text_is_taken_for_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
