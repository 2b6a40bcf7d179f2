/* Goal: the later source wins, and a mistake is named where it was made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/main/options.h"
#include "test/unit/unit.h"

enum { WORDS_MAX = 12 };

static struct options s_options;
static char s_why_memory[CONFIG_WHY_MAX + CONFIG_PATH_MAX];
static struct buf s_why;
static char s_path[32];

/* Reads `line`, words parted by blanks, after `environment`, the same. */
static enum err read_both(const char *line, const char *environment)
{
    static char words[2][512];
    char *lists[2][WORDS_MAX + 1] = {{0}};
    const char *texts[2] = {line, environment};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(words[i], sizeof words[i], "%s", texts[i]);
        size_t n = 0;
        for (char *w = strtok(words[i], " "); w != NULL && n < WORDS_MAX; w = strtok(NULL, " "))
            lists[i][n++] = w;
    }
    buf_init(&s_why, s_why_memory, sizeof s_why_memory);
    return options_read(&s_options, lists[0], lists[1], &s_why);
}

static enum err read_line(const char *line)
{
    return read_both(line, "");
}

static void check_why(const char *expected)
{
    const char *text = buf_text(&s_why);
    assert_non_null(text);
    assert_string_equal(text, expected);
}

static void write_file(const char *text)
{
    FILE *file = fopen(s_path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make_file(void **state)
{
    (void)state;
    strcpy(s_path, "/tmp/camrelay_opt_XXXXXX");
    int fd = mkstemp(s_path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(s_path);
}

static void without_options_everything_is_at_its_default(void **state)
{
    (void)state;
    assert_int_equal(read_line("camrelayd"), ERR_OK);
    assert_int_equal(s_options.action, OPTIONS_RUN);
    assert_int_equal(s_options.config.port, 5000);
    assert_string_equal(s_options.file, "");
}

static void the_command_line_wins_over_environment_over_file(void **state)
{
    (void)state;
    char line[200], environment[200];
    write_file("[camrelayd]\nport = 1\nthreads = 3\nworkers = 3\nmax_upload = 3M\n");
    (void)snprintf(line, sizeof line, "camrelayd --config %s --port 3", s_path);
    assert_int_equal(read_both(line, "HOME=/ CAMRELAY_PORT=2 CAMRELAY_THREADS=2"), ERR_OK);
    assert_int_equal(s_options.config.port, 3);
    assert_int_equal(s_options.config.threads, 2);
    assert_int_equal(s_options.config.workers, 3);
    assert_int_equal(s_options.config.connections, 1024);
    (void)snprintf(environment, sizeof environment, "CAMRELAY_CONFIG=%s", s_path);
    assert_int_equal(read_both("camrelayd", environment), ERR_OK);
    assert_int_equal(s_options.config.port, 1);
    assert_int_equal(read_both("camrelayd --config /dev/null", environment), ERR_OK);
    assert_int_equal(s_options.config.port, 5000);
}

static void options_are_read_in_every_form(void **state)
{
    (void)state;
    assert_int_equal(read_line("camrelayd --port=7 --dir /a --immediate --no-adopt --max-upload=1M "
                               "--retention=no --interval 0.5"),
                     ERR_OK);
    assert_int_equal(s_options.config.port, 7);
    assert_string_equal(s_options.config.dir, "/a");
    assert_true(s_options.config.immediate);
    assert_false(s_options.config.adopt);
    assert_int_equal(s_options.config.max_upload_bytes, 1 << 20);
    assert_int_equal(s_options.config.interval_ms, 500);
    assert_int_equal(read_line("camrelayd --sent-file= --port 8 --port 9"), ERR_OK);
    assert_string_equal(s_options.config.sent_file, "");
    assert_int_equal(s_options.config.port, 9);
}

static void lists_are_repeated_as_options_and_parted_by_blanks_in_the_environment(void **state)
{
    (void)state;
    assert_int_equal(read_line("camrelayd --remote http://a --remote shed=http://b"), ERR_OK);
    assert_int_equal(s_options.config.destination_count, 2);
    char variable[] = "CAMRELAY_REMOTE= http://a  shed=http://b ";
    char *environment[] = {variable, NULL}, program[] = "camrelayd", *argv[] = {program, NULL};
    buf_init(&s_why, s_why_memory, sizeof s_why_memory);
    assert_int_equal(options_read(&s_options, argv, environment, &s_why), ERR_OK);
    assert_int_equal(s_options.config.destination_count, 2);
    assert_string_equal(s_options.config.destinations[1].name, "shed");
}

static void mistakes_of_the_command_line_are_named(void **state)
{
    (void)state;
    static const char *const ROWS[][2] = {
        {"--port", "--port needs a value"},
        {"--port abc", "--port: \"abc\" is not a whole number in range"},
        {"--prot 1", "--prot: unknown setting; did you mean \"port\"?"},
        {"--immediate=2", "--immediate: \"2\" is neither yes nor no"},
        {"--no-port", "--no-port needs a value"},
        {"--help=yes", "--help takes no value"},
        {"photos", "\"photos\" is not an option; --help lists them"},
        {"--", "\"--\" is not an option; --help lists them"},
        {"-", "\"-\" is not an option; --help lists them"},
        {"-x", "-x is not an option; --help lists them"},
        {"-hV", "\"-hV\" is not an option; --help lists them"},
        {"--tls-cert c", "tls_cert and tls_key need each other"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char line[100];
        (void)snprintf(line, sizeof line, "camrelayd %s", ROWS[i][0]);
        assert_int_equal(read_line(line), ERR_INPUT);
        check_why(ROWS[i][1]);
    }
}

static void mistakes_of_the_environment_are_named(void **state)
{
    (void)state;
    static const char *const ROWS[][2] = {
        {"CAMRELAY_PORT=x", "CAMRELAY_PORT: \"x\" is not a whole number in range"},
        {"CAMRELAY_PROT=1", "CAMRELAY_PROT: unknown setting; did you mean \"port\"?"},
        {"CAMRELAY_REMOTE=x", "CAMRELAY_REMOTE: \"x\" does not begin with http:// or https://"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_int_equal(read_both("camrelayd", ROWS[i][0]), ERR_INPUT);
        check_why(ROWS[i][1]);
    }
    assert_int_equal(read_both("camrelayd", "CAMRELAY_URL=http://x CAMRELAY_BUILD=y CAMRELAY_=z"),
                     ERR_OK);
}

static void mistakes_of_the_file_are_named_with_their_line(void **state)
{
    (void)state;
    static const char *const ROWS[][2] = {
        {"[camrelayd]\n\nport = x\n", "3: port: \"x\" is not a whole number in range"},
        {"prot = 1\n", "1: prot: unknown setting; did you mean \"port\"?"},
        {"[camrelay]\n",
         "1: unknown section \"camrelay\"; there are [camrelayd] and [destination NAME]"},
        {"port = 1\n[camrelayd]\nport = 2\n", "3: port: given twice"},
        {"[destination x]\nurl = y\n", "2: url: \"y\" does not begin with http:// or https://"},
        {"[destination x]\nport = 1\n", "2: port: unknown setting"},
        {"port\n", "1: neither `key = value`, [section] nor a comment"},
    };
    char line[100], expected[256];
    (void)snprintf(line, sizeof line, "camrelayd -c %s", s_path);
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        write_file(ROWS[i][0]);
        assert_int_equal(read_line(line), ERR_INPUT);
        (void)snprintf(expected, sizeof expected, "%s:%s", s_path, ROWS[i][1]);
        check_why(expected);
    }
    assert_int_equal(read_line("camrelayd --config /nonexistent/c"), ERR_IO);
    check_why("/nonexistent/c: No such file or directory");
}

static void a_destination_section_gives_a_destination(void **state)
{
    (void)state;
    char line[100];
    write_file("[destination shed]\nurl = http://a:1\ntoken = hush\nenabled = no\n"
               "[camrelayd]\nport = 0\n");
    (void)snprintf(line, sizeof line, "camrelayd -c %s", s_path);
    assert_int_equal(read_line(line), ERR_OK);
    assert_int_equal(s_options.config.destination_count, 1);
    assert_string_equal(s_options.config.destinations[0].name, "shed");
    assert_string_equal(s_options.config.destinations[0].url, "http://a:1/upload");
    assert_string_equal(s_options.config.destinations[0].token, "hush");
    assert_false(s_options.config.destinations[0].enabled);
}

static void a_reload_starts_from_nothing(void **state)
{
    (void)state;
    char line[100];
    write_file("remote = http://a\nupload_token = t\nport = 1\n");
    (void)snprintf(line, sizeof line, "camrelayd -c %s", s_path);
    assert_int_equal(read_line(line), ERR_OK);
    assert_int_equal(read_line(line), ERR_OK);
    assert_int_equal(s_options.config.destination_count, 1);
    write_file("");
    assert_int_equal(read_line(line), ERR_OK);
    assert_int_equal(s_options.config.destination_count, 0);
    assert_int_equal(s_options.config.upload_token_count, 0);
    assert_int_equal(s_options.config.port, 5000);
}

static void what_is_to_be_done_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum options_action action;
    } ROWS[] = {
        {"camrelayd --help", OPTIONS_HELP},
        {"camrelayd -h --port x", OPTIONS_HELP}, /* who asks for help gets it */
        {"camrelayd -V", OPTIONS_VERSION},
        {"camrelayd --check-config", OPTIONS_CHECK},
        {"camrelayd --port 1 --print-config", OPTIONS_PRINT},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_int_equal(read_line(ROWS[i].line), ERR_OK);
        assert_int_equal(s_options.action, ROWS[i].action);
    }
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, remove_file)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_options_everything_is_at_its_default),
        WITH_FILE(the_command_line_wins_over_environment_over_file),
        cmocka_unit_test(options_are_read_in_every_form),
        cmocka_unit_test(lists_are_repeated_as_options_and_parted_by_blanks_in_the_environment),
        cmocka_unit_test(mistakes_of_the_command_line_are_named),
        cmocka_unit_test(mistakes_of_the_environment_are_named),
        WITH_FILE(mistakes_of_the_file_are_named_with_their_line),
        WITH_FILE(a_destination_section_gives_a_destination),
        WITH_FILE(a_reload_starts_from_nothing),
        cmocka_unit_test(what_is_to_be_done_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
