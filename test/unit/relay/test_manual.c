/* Goal: whoever reads --help, the example file or camrelayd.conf(5) reads about every key, as it is
 * now. MANUAL_UPDATE=1 in the environment (make docs) writes the two files instead of judging them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/logic/config_table.h"
#include "relay/logic/manual.h"
#include "test/unit/unit.h"

enum { TEXT_MAX = 65536 };

static char s_text[TEXT_MAX], s_file[TEXT_MAX], s_expected[TEXT_MAX];
static struct buf s_out;

static int fresh(void **state)
{
    (void)state;
    buf_init(&s_out, s_text, sizeof s_text);
    return 0;
}

static const char *text(void)
{
    const char *all = buf_text(&s_out);
    assert_false(s_out.overflowed);
    assert_non_null(all);
    return all;
}

static void read_file(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", CAMRELAY_SOURCE, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(s_file, 1, sizeof s_file - 1, file);
    assert_int_equal(fclose(file), 0);
    s_file[len] = '\0';
}

static void judge_or_write(const char *name, const char *expected)
{
    if (getenv("MANUAL_UPDATE") == NULL) {
        read_file(name);
        if (strcmp(s_file, expected) != 0)
            fail_msg("%s is not what the table of settings says: make docs", name);
        return;
    }
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", CAMRELAY_SOURCE, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(expected, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void help_tells_every_key_in_80_columns(void **state)
{
    (void)state;
    manual_help(&s_out);
    const char *help = text();
    size_t count;
    const struct config_key *rows = config_table(&count);
    for (size_t i = 0; i < count; i++) {
        char option[80];
        (void)snprintf(option, sizeof option, "    --%s", rows[i].name);
        for (char *c = option + 6; *c != '\0'; c++)
            *c = *c == '_' ? '-' : *c;
        if (strstr(help, option) == NULL)
            fail_msg("--help does not know %s", option);
    }
    for (const char *line = help; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80 || strncmp(line, "    --", 6) == 0);
}

static void the_example_file_is_what_the_table_says(void **state)
{
    (void)state;
    manual_example(&s_out);
    judge_or_write("relay/pack/camrelayd.conf", text());
}

static void the_example_names_the_server_of_the_script_but_does_not_use_it(void **state)
{
    (void)state;
    manual_example(&s_out);
    assert_non_null(strstr(text(), "\n#remote = http://118.42.62.78:6000/upload\n"));
    for (const char *line = text(); *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(*line == '#' || *line == '\n' || strncmp(line, "[camrelayd]\n", 12) == 0);
}

/* The page is written by hand around the list of keys, which stands between two marks. */
static void the_manual_page_is_what_the_table_says(void **state)
{
    (void)state;
    static const char PAGE[] = "relay/pack/camrelayd.conf.5";
    static const char BEGIN[] = ".\\\" begin: from the table of settings (make docs)\n";
    static const char END[] = ".\\\" end: from the table of settings\n";
    manual_page(&s_out);
    read_file(PAGE);
    char *begin = strstr(s_file, BEGIN), *end = strstr(s_file, END);
    assert_non_null(begin);
    assert_non_null(end);
    begin += sizeof BEGIN - 1;
    struct buf expected;
    buf_init(&expected, s_expected, sizeof s_expected);
    buf_add(&expected, s_file, (size_t)(begin - s_file));
    buf_add_text(&expected, text());
    buf_add_text(&expected, end);
    judge_or_write(PAGE, buf_text(&expected));
}

static void the_settings_in_force_are_printed_without_secrets(void **state)
{
    (void)state;
    static struct config c;
    char memory[CONFIG_WHY_MAX];
    struct buf why;
    buf_init(&why, memory, sizeof memory);
    config_init(&c);
    static const char *const SECRETS[] = {"upload_token", "page_password", "remote_token"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            config_set(&c, CONFIG_FROM_FILE, slice_of(SECRETS[i]), SLICE("hunter2"), &why), ERR_OK);
    assert_int_equal(config_set(&c, CONFIG_FROM_FILE, SLICE("remote"), SLICE("http://a:1"), &why),
                     ERR_OK);
    static const char *const STREAMERS[] = {"door=http://b", "http://c/x.wav?t=hunter2"};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            config_set(&c, CONFIG_FROM_FILE, SLICE("audio"), slice_of(STREAMERS[i]), &why), ERR_OK);
    assert_int_equal(config_finish(&c, &why), ERR_OK);
    manual_print(&c, &s_out);
    assert_non_null(strstr(text(), "\naudio = door=http://b/stream.wav\n"));
    assert_non_null(strstr(text(), "\n# audio = audio2=http://c/x.wav?(set)\n"));
    assert_null(strstr(text(), "hunter2"));
    assert_non_null(strstr(text(), "# upload_token = (set)\n"));
    assert_non_null(strstr(text(), "# page_password = (set)\n"));
    assert_non_null(
        strstr(text(), "\n[destination remote]\nurl = http://a:1/upload\n# token = (set)\n"));
    assert_non_null(strstr(text(), "\nport = 5000\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(help_tells_every_key_in_80_columns, fresh),
        cmocka_unit_test_setup(the_example_file_is_what_the_table_says, fresh),
        cmocka_unit_test_setup(the_example_names_the_server_of_the_script_but_does_not_use_it,
                               fresh),
        cmocka_unit_test_setup(the_manual_page_is_what_the_table_says, fresh),
        cmocka_unit_test_setup(the_settings_in_force_are_printed_without_secrets, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
