/* Goal: whatever is typed, sent or found in flash, values stay within their table, secrets are not
 * shown, and damage is noticed. Method: a small table of every kind. */
#include <stdlib.h>
#include <string.h>

#include "lib/wire/prefs.h"
#include "lib/wire/prompt.h"
#include "test/unit/unit.h"

struct values {
    char name[8 + 1];
    char hush[8 + 1];
    int32_t number;
    int32_t even;
    int32_t choice;
};

static const struct prefs_row ROWS[] = {
    PREFS_TEXT_ROW(struct values, name, "box", 8, PREFS_OPEN, "its name")
        PREFS_TEXT_ROW(struct values, hush, "", 8, PREFS_SECRET, "not for everybody")
            PREFS_NUMBER_ROW(struct values, number, -3, -5, 1000, "a number")
                PREFS_NUMBER_ROW(struct values, even, 4, 0, 10, "an even one")
                    PREFS_CHOICE_ROW(struct values, choice, 1, "left|middle|right", "a side")};

static enum err check(const struct prefs_row *row, struct slice v)
{
    if (strcmp(row->name, "even") == 0)
        return (v.ptr[v.len - 1] - '0') % 2 == 0 ? ERR_OK : ERR_INPUT;
    if (strcmp(row->name, "hush") == 0)
        return prefs_is_passphrase(v) ? ERR_OK : ERR_INPUT;
    return prefs_is_printable(v) ? ERR_OK : ERR_INPUT;
}

static const struct prefs_renamed RENAMED[] = {{"called", "name"}};
static const struct prefs_table TABLE = {.heading = "test-box ",
                                         .version = 3,
                                         .rows = ROWS,
                                         .count = sizeof ROWS / sizeof ROWS[0],
                                         .renamed = RENAMED,
                                         .renamed_count = 1,
                                         .values_bytes = sizeof(struct values),
                                         .check = check};

static struct values s_values;

static int begin(void **state)
{
    (void)state;
    memset(&s_values, 0xA5, sizeof s_values);
    prefs_defaults(&TABLE, &s_values);
    return 0;
}

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    assert_string_equal(s_values.name, "box");
    assert_string_equal(s_values.hush, "");
    assert_int_equal(s_values.number, -3);
    assert_int_equal(s_values.choice, 1);
}

static const struct {
    const char *name, *value;
    enum err want;
} sets[] = {
    {"name", "", ERR_OK},
    {"name", "12345678", ERR_OK},
    {"name", "123456789", ERR_LIMIT},
    {"called", "old way", ERR_OK},
    {"name", "tab\t", ERR_INPUT},
    {"nobody", "1", ERR_INPUT},
    {"", "1", ERR_INPUT},
    {"number", "-5", ERR_OK},
    {"number", "-6", ERR_LIMIT},
    {"number", "1000", ERR_OK},
    {"number", "1001", ERR_LIMIT},
    {"number", "", ERR_INPUT},
    {"number", "-", ERR_INPUT},
    {"number", "1x", ERR_INPUT},
    {"number", "99999999999999999999", ERR_INPUT},
    {"even", "8", ERR_OK},
    {"even", "7", ERR_INPUT},
    {"even", "12", ERR_LIMIT},
    {"choice", "right", ERR_OK},
    {"choice", "rig", ERR_INPUT},
    {"choice", "", ERR_INPUT},
    {"hush", "1234567", ERR_INPUT},
    {"hush", "12345678", ERR_OK},
};

static void each_value_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        struct values before = s_values;
        size_t len = strlen(sets[i].value);
        char *heap = malloc(len + (len == 0));
        memcpy(heap, sets[i].value, len);
        enum err e =
            prefs_set(&TABLE, &s_values, slice_of(sets[i].name), (struct slice){heap, len});
        free(heap);
        if (e != sets[i].want)
            fail_msg("%s=%s: %d", sets[i].name, sets[i].value, (int)e);
        if (e != ERR_OK)
            assert_memory_equal(&before, &s_values, sizeof before);
    }
    assert_int_equal(prefs_set(&TABLE, &s_values, SLICE("name"), (struct slice){"a\0b", 3}),
                     ERR_INPUT);
}

static void a_shorter_secret_leaves_nothing_of_the_longer_one(void **state)
{
    (void)state;
    assert_int_equal(prefs_set(&TABLE, &s_values, SLICE("hush"), SLICE("topsecrt")), ERR_OK);
    assert_int_equal(prefs_set(&TABLE, &s_values, SLICE("hush"), SLICE("")), ERR_OK);
    for (size_t i = 0; i < sizeof s_values.hush; i++)
        assert_int_equal(s_values.hush[i], 0);
}

static struct slice saved(char *memory, size_t cap)
{
    struct buf b;
    buf_init(&b, memory, cap);
    assert_true(prefs_save(&TABLE, &s_values, &b));
    return buf_slice(&b);
}

static void what_is_saved_comes_back(void **state)
{
    (void)state;
    char memory[200];
    struct values again;
    unsigned refused = 9;
    assert_int_equal(prefs_set(&TABLE, &s_values, SLICE("hush"), SLICE("topsecrt")), ERR_OK);
    assert_int_equal(prefs_set(&TABLE, &s_values, SLICE("choice"), SLICE("left")), ERR_OK);
    struct slice text = saved(memory, sizeof memory);
    assert_int_equal(prefs_load(&TABLE, &again, text, &refused), ERR_OK);
    assert_int_equal(refused, 0);
    assert_memory_equal(&again, &s_values, sizeof again);
    for (unsigned i = 0; i < TABLE.count; i++)
        assert_true(prefs_same(&ROWS[i], &again, &s_values));
    again.number++;
    again.hush[0] = 'T';
    assert_false(prefs_same(&ROWS[2], &again, &s_values));
    assert_false(prefs_same(&ROWS[1], &again, &s_values));
}

static void damage_is_noticed_and_the_defaults_stand(void **state)
{
    (void)state;
    char memory[200];
    struct values standard = s_values, again;
    unsigned refused;
    s_values.number = 77;
    struct slice text = saved(memory, sizeof memory);
    for (size_t len = 0; len < text.len; len++) {
        char *cut = malloc(len + (len == 0));
        memcpy(cut, text.ptr, len);
        assert_int_equal(prefs_load(&TABLE, &again, (struct slice){cut, len}, &refused),
                         ERR_CORRUPT);
        assert_memory_equal(&again, &standard, sizeof again);
        free(cut);
    }
    for (size_t i = 0; i < text.len; i++) {
        memory[i] ^= 1;
        assert_int_equal(prefs_load(&TABLE, &again, text, &refused), ERR_CORRUPT);
        memory[i] ^= 1;
    }
}

static void too_little_room_is_told(void **state)
{
    (void)state;
    char memory[200];
    size_t len = saved(memory, sizeof memory).len;
    struct buf b;
    buf_init(&b, memory, len - 1);
    assert_false(prefs_save(&TABLE, &s_values, &b));
    buf_init(&b, memory, 50);
    assert_false(prefs_put_json(&TABLE, &s_values, &b));
}

static void the_list_shows_all_but_secrets(void **state)
{
    (void)state;
    char memory[1024];
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    assert_int_equal(prefs_set(&TABLE, &s_values, SLICE("hush"), SLICE("topsecrt")), ERR_OK);
    assert_true(prefs_put_json(&TABLE, &s_values, &b));
    const char *text = buf_text(&b);
    assert_null(strstr(text, "topsecrt"));
    assert_non_null(strstr(text, "left|middle|right"));
    assert_non_null(strstr(text, "-3"));
}

static void a_form_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    char memory[40];
    struct buf wrong;
    struct values scratch;
    buf_init(&wrong, memory, sizeof memory);
    strcpy(s_values.hush, "topsecrt");
    assert_int_equal(
        prefs_take_form(&TABLE, &s_values, &scratch, SLICE("name=a+b&hush=&choice=right"), &wrong),
        ERR_OK);
    assert_string_equal(s_values.name, "a b");
    assert_string_equal(s_values.hush, "topsecrt"); /* empty: as it was */
    assert_int_equal(prefs_take_form(&TABLE, &s_values, &scratch, SLICE("name=x&even=3"), &wrong),
                     ERR_INPUT);
    assert_true(slice_eq(buf_slice(&wrong), SLICE("even")));
    assert_string_equal(s_values.name, "a b");
    assert_int_equal(prefs_take_form(&TABLE, &s_values, &scratch, SLICE("name=%zz"), &wrong),
                     ERR_INPUT);
}

static const struct {
    const char *line;
    enum prompt_deed deed;
    const char *said;
} lines[] = {
    {"", PROMPT_OTHER, ""},
    {"  portal ", PROMPT_PORTAL, ""},
    {"reboot", PROMPT_REBOOT, ""},
    {"factory-reset", PROMPT_OTHER, ""},
    {"factory-reset no", PROMPT_OTHER, ""},
    {"factory-reset yes", PROMPT_RESET, ""},
    {"set name my box", PROMPT_SAVE, "set\r\n"},
    {"set number 1001", PROMPT_SAID, "out of range\r\n"},
    {"set", PROMPT_SAID, "no such setting or value\r\n"},
    {"show", PROMPT_SAID, "name=my box\r\nhush=(set)\r\nnumber=-3\r\neven=4\r\nchoice=middle\r\n"},
    {"Show", PROMPT_OTHER, ""},
};

static void the_console_does_what_is_typed(void **state)
{
    (void)state;
    strcpy(s_values.hush, "topsecrt");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char memory[200];
        struct buf out;
        struct slice word;
        buf_init(&out, memory, sizeof memory);
        enum prompt_deed deed = prompt_run(&TABLE, &s_values, slice_of(lines[i].line), &word, &out);
        if (deed != lines[i].deed || !slice_eq(buf_slice(&out), slice_of(lines[i].said)))
            fail_msg("%s: %d %.*s", lines[i].line, (int)deed, (int)out.len, out.ptr);
    }
}

static void addresses_and_plain_words_are_known(void **state)
{
    (void)state;
    assert_true(prefs_is_address(SLICE("")));
    assert_true(prefs_is_address(SLICE("255.0.1.2")));
    assert_false(prefs_is_address(SLICE("256.0.1.2")));
    assert_false(prefs_is_address(SLICE("1.2.3")));
    assert_false(prefs_is_address(SLICE("1.2.3.4.5")));
    assert_true(prefs_is_plain(SLICE("aZ9-"), "-"));
    assert_false(prefs_is_plain(SLICE("a b"), "-"));
    assert_false(prefs_is_plain((struct slice){"a\0", 2}, "-"));
    assert_false(prefs_is_printable(SLICE("a\x7f")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_are_those_of_the_table, begin),
        cmocka_unit_test_setup(each_value_is_judged, begin),
        cmocka_unit_test_setup(a_shorter_secret_leaves_nothing_of_the_longer_one, begin),
        cmocka_unit_test_setup(what_is_saved_comes_back, begin),
        cmocka_unit_test_setup(damage_is_noticed_and_the_defaults_stand, begin),
        cmocka_unit_test_setup(too_little_room_is_told, begin),
        cmocka_unit_test_setup(the_list_shows_all_but_secrets, begin),
        cmocka_unit_test_setup(a_form_is_taken_whole_or_not_at_all, begin),
        cmocka_unit_test_setup(the_console_does_what_is_typed, begin),
        cmocka_unit_test(addresses_and_plain_words_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
