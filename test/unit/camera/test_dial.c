/* Goal: a connection that is still being made is never taken for one that stands, and asking how it
 * goes costs nothing. (On the chip each question once took a new socket, and the first bytes were
 * written before the peer had answered.) */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "camera/port/dial_sockets.h"
#include "test/unit/unit.h"

enum { PATIENCE_MS = 10000, QUESTIONS = 200, DIALLED_MAX = 64 };

static int listener(int backlog, struct sockaddr_in *out_address)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t len = sizeof *out_address;
    *out_address = (struct sockaddr_in){.sin_family = AF_INET};
    out_address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)out_address, sizeof *out_address), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)out_address, &len), 0);
    return fd;
}

static int dial(const struct sockaddr_in *a)
{
    return dial_begin((const struct sockaddr *)a, sizeof *a);
}

static int lowest_free_descriptor(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

static enum dial_state settled(int fd)
{
    dial_wait(fd, true, PATIENCE_MS);
    return dial_state_of(fd);
}

/* A listener whose queue is full answers no more: whoever dials then stays in the middle. */
static int one_left_waiting(const struct sockaddr_in *a, int *others, unsigned *out_count)
{
    for (*out_count = 0; *out_count < DIALLED_MAX; (*out_count)++) {
        int fd = dial(a);
        assert_true(fd >= 0);
        dial_wait(fd, true, 200);
        if (dial_state_of(fd) == DIAL_CONNECTING)
            return fd;
        others[*out_count] = fd;
    }
    fail_msg("the queue never filled");
    return -1;
}

static void until_the_peer_answers_it_is_connecting_however_often_one_asks(void **state)
{
    struct sockaddr_in a;
    int others[DIALLED_MAX];
    unsigned count = 0;
    int door = listener(0, &a), fd = one_left_waiting(&a, others, &count);
    int before = lowest_free_descriptor();
    for (int i = 0; i < QUESTIONS; i++)
        assert_int_equal(dial_state_of(fd), DIAL_CONNECTING);
    assert_int_equal(lowest_free_descriptor(), before);
    dial_close(&fd);
    assert_int_equal(fd, -1);
    while (count > 0)
        dial_close(&others[--count]);
    close(door);
    (void)state;
}

static void what_is_written_to_a_connection_that_stands_arrives(void **state)
{
    struct sockaddr_in a;
    int door = listener(4, &a), fd = dial(&a);
    assert_int_equal(settled(fd), DIAL_CONNECTED);
    int peer = accept(door, NULL, NULL);
    char got[4] = "";
    size_t len = 0;
    bool end = true;
    assert_int_equal(dial_read(fd, got, sizeof got, &len, &end), ERR_OK);
    assert_int_equal(len, 0);
    assert_false(end);
    assert_int_equal(dial_write(fd, "abc", 3, &len), ERR_OK);
    assert_int_equal(len, 3);
    assert_int_equal(recv(peer, got, sizeof got, 0), 3);
    assert_memory_equal(got, "abc", 3);
    assert_int_equal(dial_state_of(fd), DIAL_CONNECTED);
    close(peer);
    dial_wait(fd, false, PATIENCE_MS);
    assert_int_equal(dial_read(fd, got, sizeof got, &len, &end), ERR_OK);
    assert_true(end);
    dial_close(&fd);
    close(door);
    (void)state;
}

static void a_refusal_is_a_failure_and_leaves_no_descriptor(void **state)
{
    struct sockaddr_in a;
    close(listener(1, &a));
    int before = lowest_free_descriptor(), fd = dial(&a);
    if (fd >= 0)
        assert_int_equal(settled(fd), DIAL_FAILED);
    dial_close(&fd);
    assert_int_equal(lowest_free_descriptor(), before);
    assert_int_equal(dial_state_of(-1), DIAL_FAILED);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(until_the_peer_answers_it_is_connecting_however_often_one_asks),
        cmocka_unit_test(what_is_written_to_a_connection_that_stands_arrives),
        cmocka_unit_test(a_refusal_is_a_failure_and_leaves_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
