/* Goal: a reload takes over exactly what may change, and names the rest. */
#include <stdio.h>
#include <string.h>

#include "relay/logic/config_diff.h"
#include "relay/logic/config_table.h"
#include "test/unit/unit.h"

static struct config s_now, s_next;
static char s_changed[512];

static int fresh(void **state)
{
    (void)state;
    config_init(&s_now);
    config_init(&s_next);
    s_changed[0] = '\0';
    return 0;
}

static void set(struct config *c, const char *key, const char *value)
{
    char memory[CONFIG_WHY_MAX];
    struct buf why;
    buf_init(&why, memory, sizeof memory);
    assert_int_equal(config_set(c, CONFIG_FROM_FILE, slice_of(key), slice_of(value), &why), ERR_OK);
}

static void note(void *arg, const char *key, bool reloadable)
{
    (void)arg;
    strcat(s_changed, key);
    strcat(s_changed, reloadable ? "+ " : "- ");
}

static const char *changed(void)
{
    config_diff_each(&s_now, &s_next, note, NULL);
    return s_changed;
}

static void equal_settings_differ_in_nothing_whatever_lies_behind_their_texts(void **state)
{
    (void)state;
    set(&s_now, "sent_file", "a_long_name.json");
    config_init(&s_next);
    set(&s_next, "sent_file", "a_long_name.json");
    memset(s_next.sent_file + 20, 'x', 10);
    set(&s_now, "remote", "http://a/");
    set(&s_next, "remote", "http://a/");
    assert_string_equal(changed(), "");
}

/* For each row of the table a value that is not its default. */
static void every_key_is_noticed_and_taken_over_only_if_it_may_change(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {
        "7",         "3s",   "no",    "yes",         "none", "debug",
        "127.0.0.1", "512K", "other", "http://a/up", "2G",   "wav",
    };
    size_t count, tried = 0;
    const struct config_key *rows = config_table(&count);
    for (size_t id = 0; id < count; id++) {
        (void)fresh(NULL);
        enum err e = ERR_INPUT;
        for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
            char memory[CONFIG_WHY_MAX];
            struct buf why;
            buf_init(&why, memory, sizeof memory);
            config_init(&s_next);
            e = config_set(&s_next, CONFIG_FROM_FILE, slice_of(rows[id].name), slice_of(OTHERS[i]),
                           &why);
            s_changed[0] = '\0';
            if (e == ERR_OK && *changed() != '\0')
                break;
        }
        assert_int_equal(e, ERR_OK);
        bool may = (rows[id].flags & CONFIG_FLAG_RELOAD) != 0;
        char expected[64];
        (void)snprintf(expected, sizeof expected, "%s%s ", rows[id].name, may ? "+" : "-");
        assert_string_equal(s_changed, expected);
        config_diff_apply(&s_now, &s_next);
        s_changed[0] = '\0';
        assert_string_equal(changed(), may ? "" : expected);
        tried++;
    }
    assert_int_equal(tried, CONFIG_ID_COUNT);
}

static void a_destination_that_differs_in_any_key_counts(void **state)
{
    (void)state;
    static const char *const KEYS[][2] = {
        {"token", "t"}, {"tls_ca", "ca.pem"}, {"tls_insecure", "yes"}, {"enabled", "no"}};
    for (size_t i = 0; i < 4; i++) {
        (void)fresh(NULL);
        set(&s_now, "remote", "http://a/");
        set(&s_next, "remote", "http://a/");
        char memory[CONFIG_WHY_MAX];
        struct buf why;
        buf_init(&why, memory, sizeof memory);
        assert_int_equal(config_set_destination(&s_next, SLICE("remote"), slice_of(KEYS[i][0]),
                                                slice_of(KEYS[i][1]), &why),
                         ERR_OK);
        assert_string_equal(changed(), "remote- ");
    }
    (void)fresh(NULL);
    set(&s_now, "remote", "a=http://a/");
    set(&s_next, "remote", "b=http://a/");
    assert_string_equal(changed(), "remote- ");
}

static void tokens_count_by_number_and_content(void **state)
{
    (void)state;
    set(&s_now, "upload_token", "a");
    set(&s_next, "upload_token", "b");
    assert_string_equal(changed(), "upload_token+ ");
    config_diff_apply(&s_now, &s_next);
    assert_true(config_secret_matches(&s_now.upload_tokens[0], SLICE("b")));
    assert_false(config_secret_matches(&s_now.upload_tokens[0], SLICE("a")));
    s_changed[0] = '\0';
    set(&s_next, "upload_token", "c");
    assert_string_equal(changed(), "upload_token+ ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(equal_settings_differ_in_nothing_whatever_lies_behind_their_texts,
                               fresh),
        cmocka_unit_test_setup(every_key_is_noticed_and_taken_over_only_if_it_may_change, fresh),
        cmocka_unit_test_setup(a_destination_that_differs_in_any_key_counts, fresh),
        cmocka_unit_test_setup(tokens_count_by_number_and_content, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
