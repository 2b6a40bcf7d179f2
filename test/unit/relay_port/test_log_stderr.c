/* Goal: one line per call, whole, readable, never broken by what is in it. */
#include "relay/port/log_stderr.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit/unit.h"

static int s_ends[2];
static int s_stderr;

static int catch_stderr(void **state)
{
    (void)state;
    s_stderr = dup(STDERR_FILENO);
    bool ok = pipe(s_ends) == 0 && fcntl(s_ends[0], F_SETFL, O_NONBLOCK) == 0 &&
              dup2(s_ends[1], STDERR_FILENO) == STDERR_FILENO;
    return s_stderr < 0 || !ok;
}

static int give_stderr_back(void **state)
{
    (void)state;
    (void)dup2(s_stderr, STDERR_FILENO);
    (void)close(s_stderr);
    (void)close(s_ends[0]);
    (void)close(s_ends[1]);
    log_stderr_set_level(LOG_LEVEL_INFO);
    return 0;
}

/* What was written since the last call, as text. */
static const char *caught(void)
{
    static char text[8192];
    ssize_t n = read(s_ends[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void lines_above_the_level_are_dropped(void **state)
{
    (void)state;
    log_line(LOG_LEVEL_DEBUG, "quiet");
    assert_string_equal(caught(), "");
    log_line(LOG_LEVEL_INFO, "photo=%d", 7);
    const char *line = caught();
    assert_non_null(strstr(line, " I photo=7\n"));
    assert_int_equal(line[4], '-');
    log_stderr_set_level(LOG_LEVEL_ERROR);
    log_line(LOG_LEVEL_WARN, "quiet");
    assert_string_equal(caught(), "");
    log_line(LOG_LEVEL_ERROR, "loud");
    assert_non_null(strstr(caught(), " E loud\n"));
    log_stderr_set_level(LOG_LEVEL_DEBUG);
    log_line(LOG_LEVEL_DEBUG, "all");
    assert_non_null(strstr(caught(), " D all\n"));
}

static void a_line_stays_one_line(void **state)
{
    (void)state;
    log_line(LOG_LEVEL_WARN, "name=%s", "a\r\nfake line\x1b[31m\x7f");
    assert_non_null(strstr(caught(), " W name=a??fake line?[31m?\n"));
    log_line(LOG_LEVEL_WARN, "name=%s", "\xed\x95\x9c"); /* UTF-8 stays */
    assert_non_null(strstr(caught(), "name=\xed\x95\x9c\n"));
}

static void long_lines_are_cut_at_the_limit(void **state)
{
    (void)state;
    static char text[3000];
    memset(text, 'x', sizeof text - 1);
    log_line(LOG_LEVEL_WARN, "%s", text);
    const char *line = caught();
    assert_int_equal(strlen(line), LOG_STDERR_LINE_MAX);
    assert_string_equal(line + LOG_STDERR_LINE_MAX - 5, "x...\n");
    size_t prefix = (size_t)(strchr(line, 'x') - line);
    text[LOG_STDERR_LINE_MAX - 1 - prefix] = '\0';
    log_line(LOG_LEVEL_WARN, "%s", text);
    line = caught();
    assert_int_equal(strlen(line), LOG_STDERR_LINE_MAX);
    assert_string_equal(line + LOG_STDERR_LINE_MAX - 3, "xx\n");
}

static void errno_is_left_alone(void **state)
{
    (void)state;
    errno = EPIPE;
    log_line(LOG_LEVEL_WARN, "x");
    assert_int_equal(errno, EPIPE);
}

/* The last one: it leaves the journal's form on. */
static void the_journal_gets_priorities_only_if_it_is_really_there(void **state)
{
    (void)state;
    struct stat st;
    char stream[64];
    (void)setenv("JOURNAL_STREAM", "1:1", 1);
    log_stderr_open(LOG_STDERR_TIMES_AUTO);
    log_line(LOG_LEVEL_WARN, "x");
    assert_int_equal(caught()[0], '2'); /* a year */
    log_stderr_open(LOG_STDERR_TIMES_NO);
    log_line(LOG_LEVEL_WARN, "x");
    assert_string_equal(caught(), "W x\n");
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    (void)snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    (void)setenv("JOURNAL_STREAM", stream, 1);
    log_stderr_open(LOG_STDERR_TIMES_AUTO);
    log_line(LOG_LEVEL_ERROR, "x");
    assert_string_equal(caught(), "<3>x\n");
    log_line(LOG_LEVEL_INFO, "%s", "");
    assert_string_equal(caught(), "<6>\n");
    log_stderr_open(LOG_STDERR_TIMES_YES);
    log_line(LOG_LEVEL_INFO, "x");
    assert_memory_equal(caught(), "<6>2", 4);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, catch_stderr, give_stderr_back)
    const struct CMUnitTest tests[] = {
        ROW(lines_above_the_level_are_dropped),
        ROW(a_line_stays_one_line),
        ROW(long_lines_are_cut_at_the_limit),
        ROW(errno_is_left_alone),
        ROW(the_journal_gets_priorities_only_if_it_is_really_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
