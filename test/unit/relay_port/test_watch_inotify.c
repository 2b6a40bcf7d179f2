/* Goal: a file put into the folder is heard of when it is whole; nothing is lost in silence. */
#include "relay/port/watch_inotify.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit/temp_folder.h"
#include "test/unit/unit.h"

static char s_folder[TEMP_FOLDER_MAX];
static struct watch_inotify s_watch;
static char s_names[256]; /* told since the last look, each with a blank behind it */

static int setup(void **state)
{
    (void)state;
    return !temp_folder_make(s_folder) || watch_inotify_open(&s_watch, s_folder) != ERR_OK;
}

static int teardown(void **state)
{
    (void)state;
    watch_inotify_close(&s_watch);
    temp_folder_remove(s_folder);
    return 0;
}

static void note(void *arg, const char *name)
{
    (void)arg;
    size_t len = strlen(s_names);
    (void)snprintf(s_names + len, sizeof s_names - len, "%s ", name);
}

static const char *path_of(const char *name)
{
    static char path[TEMP_FOLDER_MAX + 64];
    (void)snprintf(path, sizeof path, "%s/%s", s_folder, name);
    return path;
}

static int make(const char *name)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

/* What is told by one wait that does not wait. */
static const char *told(enum err expected)
{
    bool rescan = true;
    s_names[0] = '\0';
    assert_int_equal(s_watch.watch.wait(s_watch.watch.ctx, 0, note, NULL, &rescan), expected);
    assert_false(rescan);
    return s_names;
}

static void a_file_is_told_when_it_is_closed_not_before(void **state)
{
    (void)state;
    int fd = make("a");
    assert_int_equal(write(fd, "x", 1), 1);
    assert_string_equal(told(ERR_OK), "");
    (void)close(fd);
    assert_string_equal(told(ERR_OK), "a ");
    assert_string_equal(told(ERR_OK), "");
    fd = open(path_of("a"), O_RDONLY | O_CLOEXEC);
    (void)close(fd);
    assert_string_equal(told(ERR_OK), "");
}

static void a_file_moved_in_is_told_one_moved_out_is_not(void **state)
{
    (void)state;
    char inside[TEMP_FOLDER_MAX + 64];
    char outside[TEMP_FOLDER_MAX + 64];
    (void)snprintf(outside, sizeof outside, "%s.part", s_folder);
    int fd = open(outside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    (void)close(fd);
    strcpy(inside, path_of("b"));
    assert_int_equal(rename(outside, inside), 0);
    assert_string_equal(told(ERR_OK), "b ");
    assert_int_equal(rename(inside, outside), 0);
    assert_string_equal(told(ERR_OK), "");
    assert_int_equal(unlink(outside), 0);
}

static void folders_and_what_is_in_them_are_not_told(void **state)
{
    (void)state;
    char moved[TEMP_FOLDER_MAX + 64];
    assert_int_equal(mkdir(path_of("f"), 0700), 0);
    (void)close(make("f/a"));
    strcpy(moved, path_of("g"));
    assert_int_equal(rename(path_of("f"), moved), 0);
    assert_string_equal(told(ERR_OK), "");
}

static void a_wake_ends_the_wait(void **state)
{
    (void)state;
    bool rescan = true;
    s_watch.watch.wake(s_watch.watch.ctx);
    /* Would hang, and be ended by the time limit of the test, if the wake were lost. */
    assert_int_equal(s_watch.watch.wait(s_watch.watch.ctx, UINT32_MAX, note, NULL, &rescan),
                     ERR_OK);
    assert_string_equal(told(ERR_OK), "");
}

static void events_that_were_lost_ask_for_a_rescan(void **state)
{
    (void)state;
    unsigned max = 0;
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    if (file == NULL || fscanf(file, "%u", &max) != 1 || max > 100000)
        skip();
    (void)fclose(file);
    /* Two names in turn: the same event twice in a row would be told once. */
    for (unsigned i = 0; i < max + 2; i++)
        (void)close(make(i % 2 == 0 ? "a" : "b"));
    bool rescan = false;
    bool asked = false;
    for (unsigned i = 0; i < max + 2 && !asked; i++) {
        s_names[0] = '\0';
        assert_int_equal(s_watch.watch.wait(s_watch.watch.ctx, 0, note, NULL, &rescan), ERR_OK);
        asked = rescan;
    }
    assert_true(asked);
}

static void a_folder_that_goes_away_ends_the_watch(void **state)
{
    (void)state;
    assert_int_equal(rmdir(s_folder), 0);
    assert_string_equal(told(ERR_IO), "");
}

static void without_a_folder_there_is_nothing_to_watch(void **state)
{
    (void)state;
    struct watch_inotify w;
    assert_int_equal(watch_inotify_open(&w, "/nonexistent/folder"), ERR_INPUT);
    watch_inotify_close(&w);
    struct watch_inotify zero = {0};
    watch_inotify_close(&zero);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROW(a_file_is_told_when_it_is_closed_not_before),
        ROW(a_file_moved_in_is_told_one_moved_out_is_not),
        ROW(folders_and_what_is_in_them_are_not_told),
        ROW(a_wake_ends_the_wait),
        ROW(events_that_were_lost_ask_for_a_rescan),
        ROW(a_folder_that_goes_away_ends_the_watch),
        ROW(without_a_folder_there_is_nothing_to_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
