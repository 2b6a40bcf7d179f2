/* Goal: a service manager is told what sd_notify(3) says, and nobody else is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "relay/port/notify_systemd.h"
#include "test/unit/unit.h"

static int s_manager = -1; /* the socket a manager listens on */

/* Listens under an abstract name the kernel picks, and puts it into the environment. */
static int start_manager(void **state)
{
    (void)state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    s_manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(s_manager >= 0);
    assert_int_equal(bind(s_manager, (struct sockaddr *)&at, sizeof at.sun_family), 0);
    socklen_t size = sizeof at;
    assert_int_equal(getsockname(s_manager, (struct sockaddr *)&at, &size), 0);
    char name[sizeof at.sun_path + 1] = "@";
    size_t len = size - offsetof(struct sockaddr_un, sun_path);
    memcpy(name + 1, at.sun_path + 1, len - 1);
    name[len] = '\0';
    return setenv("NOTIFY_SOCKET", name, 1);
}

static int stop_manager(void **state)
{
    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    return close(s_manager);
}

static const char *told(void)
{
    static char text[200];
    ssize_t len = recv(s_manager, text, sizeof text - 1, MSG_DONTWAIT);
    text[len < 0 ? 0 : len] = '\0';
    return text;
}

static void the_manager_is_told_word_for_word(void **state)
{
    (void)state;
    assert_int_equal(notify_send("READY=1\nSTATUS=listening\n"), ERR_OK);
    assert_string_equal(told(), "READY=1\nSTATUS=listening\n");
    assert_int_equal(notify_reloading(), ERR_OK);
    unsigned long long us = 0;
    assert_int_equal(sscanf(told(), "RELOADING=1\nMONOTONIC_USEC=%llu\n", &us), 1);
    assert_true(us > 0);
}

static void a_socket_in_the_file_system_works_as_well(void **state)
{
    (void)state;
    char path[] = "/tmp/camrelay_notify_XXXXXX";
    assert_non_null(mkdtemp(path));
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", at.sun_path, 1), 0);
    char text[20] = "";
    enum err e = notify_send("WATCHDOG=1");
    ssize_t len = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    (void)close(fd);
    (void)unlink(at.sun_path);
    (void)rmdir(path);
    (void)unsetenv("NOTIFY_SOCKET");
    assert_int_equal(e, ERR_OK);
    assert_int_equal(len, 10);
    assert_string_equal(text, "WATCHDOG=1");
}

static void without_a_manager_nothing_happens_and_a_vanished_one_is_an_error(void **state)
{
    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    assert_int_equal(notify_send("READY=1"), ERR_OK);
    static const char *const GONE[] = {"/nonexistent/notify", "relative", "@", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", GONE[i], 1), 0);
        assert_int_equal(notify_send("READY=1"), ERR_IO);
    }
    char longer[200];
    memset(longer, 'x', sizeof longer);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", longer, 1), 0);
    assert_int_equal(notify_send("READY=1"), ERR_IO);
    (void)unsetenv("NOTIFY_SOCKET");
}

static void the_watchdog_is_fed_twice_per_grant_and_only_if_meant_for_us(void **state)
{
    (void)state;
    char pid[20];
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    (void)unsetenv("WATCHDOG_USEC");
    assert_int_equal(notify_watchdog_interval_ms(), 0);
    (void)setenv("WATCHDOG_USEC", "30000000", 1);
    (void)unsetenv("WATCHDOG_PID");
    assert_int_equal(notify_watchdog_interval_ms(), 15000);
    (void)setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_watchdog_interval_ms(), 15000);
    (void)setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(notify_watchdog_interval_ms(), 0);
    (void)unsetenv("WATCHDOG_PID");
    (void)setenv("WATCHDOG_USEC", "-5", 1);
    assert_int_equal(notify_watchdog_interval_ms(), 0);
    (void)unsetenv("WATCHDOG_USEC");
}

static void sockets_meant_for_another_process_are_left_alone(void **state)
{
    (void)state;
    int fds[NOTIFY_SOCKETS_MAX];
    (void)setenv("LISTEN_FDS", "1", 1);
    (void)unsetenv("LISTEN_PID");
    assert_int_equal(notify_sockets(fds), 0);
    (void)setenv("LISTEN_PID", "1", 1);
    assert_int_equal(notify_sockets(fds), 0);
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
}

static void a_listening_socket_is_taken_and_another_descriptor_is_not(void **state)
{
    (void)state;
    int kept = dup(3), fds[NOTIFY_SOCKETS_MAX];
    char pid[20];
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    (void)setenv("LISTEN_PID", pid, 1);
    (void)setenv("LISTEN_FDS", "1", 1);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(dup2(fd, 3), 3);
    size_t before = notify_sockets(fds);
    assert_int_equal(listen(3, 1), 0); /* on a port the kernel picks, nobody connects */
    size_t after = notify_sockets(fds);
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    if (fd != 3)
        (void)close(fd);
    if (kept >= 0) {
        assert_int_equal(dup2(kept, 3), 3);
        (void)close(kept);
    } else {
        (void)close(3);
    }
    assert_int_equal(before, 0);
    assert_int_equal(after, 1);
    assert_int_equal(fds[0], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_manager_is_told_word_for_word, start_manager,
                                        stop_manager),
        cmocka_unit_test(a_socket_in_the_file_system_works_as_well),
        cmocka_unit_test(without_a_manager_nothing_happens_and_a_vanished_one_is_an_error),
        cmocka_unit_test(the_watchdog_is_fed_twice_per_grant_and_only_if_meant_for_us),
        cmocka_unit_test(sockets_meant_for_another_process_are_left_alone),
        cmocka_unit_test(a_listening_socket_is_taken_and_another_descriptor_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
