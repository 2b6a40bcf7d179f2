/* Goal: what a person wrote arrives with its line number, and what is not INI is refused there.
 * Each text is read from memory that ends exactly where the text ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/port/config_ini.h"
#include "test/unit/unit.h"

static char s_seen[8192], s_why_memory[512];
static struct buf s_why;
static const char *s_stop_at; /* the key at which the reader says no */

static bool note(void *arg, const struct config_ini_line *line)
{
    (void)arg;
    char text[CONFIG_INI_LINE_MAX + 100];
    if (line->key == NULL)
        (void)snprintf(text, sizeof text, "%u[%s] ", line->number, line->section);
    else
        (void)snprintf(text, sizeof text, "%u[%s]%s=%s ", line->number, line->section, line->key,
                       line->value);
    strncat(s_seen, text, sizeof s_seen - strlen(s_seen) - 1);
    return s_stop_at == NULL || line->key == NULL || strcmp(line->key, s_stop_at) != 0;
}

static enum err read_bytes(const char *text, size_t len)
{
    s_seen[0] = '\0';
    buf_init(&s_why, s_why_memory, sizeof s_why_memory);
    char *exact = malloc(len + (len == 0));
    assert_non_null(exact);
    memcpy(exact, text, len);
    enum err e = config_ini_read_text("x.conf", (struct slice){exact, len}, note, NULL, &s_why);
    free(exact);
    return e;
}

static enum err read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void settings_come_with_section_and_line(void **state)
{
    (void)state;
    assert_int_equal(read_text("# first\n\nport = 5000\n[camrelayd]\n ; indented\n  dir=/a b \n"
                               "\n[destination shed]\nurl: http://a/?x=1\ntoken ="),
                     ERR_OK);
    assert_string_equal(s_seen, "3[]port=5000 4[camrelayd] 6[camrelayd]dir=/a b "
                                "8[destination shed] 9[destination shed]url=http://a/?x=1 "
                                "10[destination shed]token= ");
}

static void windows_line_ends_and_a_byte_order_mark_are_read_over(void **state)
{
    (void)state;
    assert_int_equal(read_text("\xEF\xBB\xBF[camrelayd]\r\nport = 1\r\n\r\nhost = ::\r\n"), ERR_OK);
    assert_string_equal(s_seen, "1[camrelayd] 2[camrelayd]port=1 4[camrelayd]host=:: ");
    assert_int_equal(read_text("\xEF\xBB\xBFport = 1"), ERR_OK);
    assert_string_equal(s_seen, "1[]port=1 ");
}

static void an_indented_line_is_a_line_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(read_text("a = 1\n  b = 2\n\tc\n"), ERR_INPUT);
    assert_string_equal(s_seen, "1[]a=1 2[]b=2 ");
    assert_string_equal(buf_text(&s_why),
                        "x.conf:3: neither `key = value`, [section] nor a comment");
}

static void a_comment_may_stand_behind_a_value_after_a_blank(void **state)
{
    (void)state;
    assert_int_equal(read_text("a = 1 ; why\nb = x;y\nc = #z\n"), ERR_OK);
    assert_string_equal(s_seen, "1[]a=1 2[]b=x;y 3[]c=#z ");
}

static void what_is_not_ini_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } ROWS[] = {
        {"a = 1\njust words\n", "x.conf:2: neither"},
        {"[camrelayd\na = 1\n", "x.conf:1: neither"},
        {"[a] b = 1\n", "x.conf:1: there is something behind the ]"},
        {"\n = 1\n", "x.conf:2: there is no key"},
        {"[123456789012345678901234567890123456789012345678x]\n", "x.conf:1: the name of this"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_int_not_equal(read_text(ROWS[i].text), ERR_OK);
        if (strstr(buf_text(&s_why), ROWS[i].why) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", s_why_memory, ROWS[i].why);
    }
    assert_int_equal(read_bytes("a = 1\0 2\n", 9), ERR_INPUT);
    assert_string_equal(buf_text(&s_why), "x.conf:1: holds a NUL byte");
}

static void a_section_is_taken_at_its_longest_and_refused_one_past_it(void **state)
{
    (void)state;
    char text[CONFIG_INI_SECTION_MAX + 4];
    memset(text, 's', sizeof text);
    text[0] = '[';
    memcpy(text + CONFIG_INI_SECTION_MAX + 1, "]\n", 2);
    assert_int_equal(read_bytes(text, CONFIG_INI_SECTION_MAX + 3), ERR_OK);
    assert_int_equal(strlen(s_seen), CONFIG_INI_SECTION_MAX + 4);
    memcpy(text + CONFIG_INI_SECTION_MAX + 1, "s]\n", 3);
    assert_int_equal(read_bytes(text, CONFIG_INI_SECTION_MAX + 4), ERR_LIMIT);
}

static void a_line_is_taken_at_its_longest_and_refused_one_past_it(void **state)
{
    (void)state;
    char text[CONFIG_INI_LINE_MAX + 2];
    memset(text, 'v', sizeof text);
    memcpy(text, "k=", 2);
    assert_int_equal(read_bytes(text, CONFIG_INI_LINE_MAX), ERR_OK);
    assert_int_equal(strlen(s_seen), strlen("1[]k= ") + CONFIG_INI_LINE_MAX - 2);
    assert_int_equal(read_bytes(text, CONFIG_INI_LINE_MAX + 1), ERR_LIMIT);
    assert_string_equal(buf_text(&s_why), "x.conf:1: this line is too long");
    text[CONFIG_INI_LINE_MAX] = '\n';
    assert_int_equal(read_bytes(text, CONFIG_INI_LINE_MAX + 1), ERR_OK);
    text[0] = '#'; /* a comment may not hide one either */
    text[CONFIG_INI_LINE_MAX] = 'v';
    assert_int_equal(read_bytes(text, CONFIG_INI_LINE_MAX + 1), ERR_LIMIT);
}

static void so_many_lines_are_taken_and_not_one_more(void **state)
{
    (void)state;
    char text[CONFIG_INI_LINES_MAX + 1];
    memset(text, '\n', sizeof text);
    assert_int_equal(read_bytes(text, CONFIG_INI_LINES_MAX), ERR_OK);
    assert_int_equal(read_bytes(text, CONFIG_INI_LINES_MAX + 1), ERR_LIMIT);
}

static void nothing_is_handed_out_after_the_reader_said_no(void **state)
{
    (void)state;
    s_stop_at = "b";
    enum err e = read_text("a = 1\nb = 2\nc = 3\n[d]\n");
    s_stop_at = NULL;
    assert_int_equal(e, ERR_INPUT);
    assert_string_equal(s_seen, "1[]a=1 2[]b=2 ");
    assert_int_equal(s_why.len, 0);
}

/* No beginning of a good file is anything but good or refused at its last line. */
static void every_truncation_is_read_or_refused_at_its_last_line(void **state)
{
    (void)state;
    static const char WHOLE[] =
        "\xEF\xBB\xBF# c\n[camrelayd]\nport = 1\r\n[destination x]\nurl=y\n";
    for (size_t len = 0; len < sizeof WHOLE; len++) {
        unsigned lines = 1;
        for (size_t i = 0; i < len; i++)
            lines += WHOLE[i] == '\n';
        enum err e = read_bytes(WHOLE, len);
        char expected[32];
        (void)snprintf(expected, sizeof expected, "x.conf:%u: ", lines);
        if (e != ERR_OK)
            assert_memory_equal(s_why_memory, expected, strlen(expected));
    }
    assert_int_equal(read_text(WHOLE), ERR_OK);
}

static void a_file_that_cannot_be_read_says_why(void **state)
{
    (void)state;
    buf_init(&s_why, s_why_memory, sizeof s_why_memory);
    assert_int_equal(config_ini_read("/nonexistent/x.conf", note, NULL, &s_why), ERR_IO);
    assert_string_equal(buf_text(&s_why), "/nonexistent/x.conf: No such file or directory");
    buf_clear(&s_why);
    assert_int_equal(config_ini_read("/", note, NULL, &s_why), ERR_IO);
    assert_non_null(strstr(buf_text(&s_why), "/:1: cannot be read further"));
}

static void a_file_on_disk_reads_like_one_in_memory(void **state)
{
    (void)state;
    char path[] = "/tmp/camrelay_ini_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "port = 1\n", 9), 9);
    assert_int_equal(close(fd), 0);
    s_seen[0] = '\0';
    buf_init(&s_why, s_why_memory, sizeof s_why_memory);
    enum err e = config_ini_read(path, note, NULL, &s_why);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(e, ERR_OK);
    assert_string_equal(s_seen, "1[]port=1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_come_with_section_and_line),
        cmocka_unit_test(windows_line_ends_and_a_byte_order_mark_are_read_over),
        cmocka_unit_test(an_indented_line_is_a_line_of_its_own),
        cmocka_unit_test(a_comment_may_stand_behind_a_value_after_a_blank),
        cmocka_unit_test(what_is_not_ini_is_refused_with_its_line),
        cmocka_unit_test(a_section_is_taken_at_its_longest_and_refused_one_past_it),
        cmocka_unit_test(a_line_is_taken_at_its_longest_and_refused_one_past_it),
        cmocka_unit_test(so_many_lines_are_taken_and_not_one_more),
        cmocka_unit_test(nothing_is_handed_out_after_the_reader_said_no),
        cmocka_unit_test(every_truncation_is_read_or_refused_at_its_last_line),
        cmocka_unit_test(a_file_that_cannot_be_read_says_why),
        cmocka_unit_test(a_file_on_disk_reads_like_one_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
