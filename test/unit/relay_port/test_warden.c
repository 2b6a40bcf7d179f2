/* Goal: who is too slow is broken off and told so, who is not is left alone, and an early answer
 * arrives although its reader writes first. Method: socket pairs over loopback; the test waits for
 * what must happen by reading, never by the clock. */
#include "test/unit/unit.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/port/listener.h"
#include "relay/port/warden.h"

struct pair {
    int server, client;
};

/* Zeros: segments and the client's buffer as the kernel likes them. */
static struct pair connect_small(int segment_bytes, int buffer_bytes)
{
    int fds[1];
    size_t found = 0;
    uint16_t port = 0;
    struct pair p;
    assert_int_equal(listener_open("127.0.0.1", &port, fds, 1, &found), ERR_OK);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    p.client = socket(AF_INET, SOCK_STREAM, 0);
    if (segment_bytes > 0)
        assert_int_equal(
            setsockopt(p.client, IPPROTO_TCP, TCP_MAXSEG, &segment_bytes, sizeof segment_bytes), 0);
    if (buffer_bytes > 0)
        assert_int_equal(
            setsockopt(p.client, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes), 0);
    assert_int_equal(connect(p.client, (struct sockaddr *)&to, sizeof to), 0);
    p.server = accept(fds[0], NULL, NULL);
    assert_true(p.server >= 0);
    (void)close(fds[0]);
    return p;
}

static struct pair connect_pair(void)
{
    return connect_small(0, 0);
}

static const struct warden_options s_strict = {.head_timeout_ms = 1,
                                               .idle_timeout_ms = 1,
                                               .rate_min = 1000,
                                               .rate_window_ms = 1,
                                               .linger_bytes = 1 << 20,
                                               .linger_ms = 60000,
                                               .linger_max = 2};

/* Everything the client gets until the end. */
static size_t read_all(int fd, char *out, size_t cap)
{
    size_t len = 0;
    ssize_t n = 0;
    while (len < cap && (n = recv(fd, out + len, cap - len, 0)) > 0)
        len += (size_t)n;
    return len;
}

static void broken_off_in(enum warden_phase phase, bool encrypted, bool told)
{
    char text[500] = "";
    struct warden *w = NULL;
    struct warden_mark m;
    struct pair p = connect_pair();
    assert_int_equal(warden_open(&s_strict, &w), ERR_OK);
    warden_add(w, &m, p.server, encrypted);
    (void)warden_enter(&m, phase);
    size_t len = read_all(p.client, text, sizeof text - 1);
    if (told) {
        const char *body = strstr(text, "\r\n\r\n");
        assert_memory_equal(text, "HTTP/1.1 408 ", 13);
        assert_non_null(body);
        const char *length = strstr(text, "Content-Length: ");
        assert_non_null(length);
        assert_int_equal(strtoul(length + 16, NULL, 10), len - (size_t)(body + 4 - text));
    } else {
        assert_int_equal(len, 0);
    }
    assert_false(warden_enter(&m, WARDEN_ANSWER)); /* nothing may be answered any more */
    assert_false(warden_keep(&m, WARDEN_BODY));
    warden_remove(w, &m, false);
    warden_close(w);
    (void)close(p.server);
    (void)close(p.client);
}

static void slow_ones_are_broken_off_and_told_why(void **state)
{
    (void)state;
    broken_off_in(WARDEN_HEAD, false, true);
    broken_off_in(WARDEN_BODY, false, true);
    broken_off_in(WARDEN_IDLE, false, false);
    broken_off_in(WARDEN_HEAD, true, false);
    broken_off_in(WARDEN_BODY, true, false);
}

/* The same warden must have had its chance: it breaks the second off while the first stays. */
static void who_waits_for_us_is_left_alone(void **state)
{
    (void)state;
    char text[500];
    struct warden *w = NULL;
    struct warden_mark ours, slow;
    struct pair a = connect_pair(), b = connect_pair();
    assert_int_equal(warden_open(&s_strict, &w), ERR_OK);
    warden_add(w, &ours, a.server, false);
    (void)warden_enter(&ours, WARDEN_HANDLER);
    warden_add(w, &slow, b.server, false);
    assert_true(read_all(b.client, text, sizeof text) > 0);
    assert_true(warden_enter(&ours, WARDEN_ANSWER));
    assert_int_equal(recv(a.client, text, 1, MSG_DONTWAIT), -1);
    warden_remove(w, &ours, false);
    warden_remove(w, &slow, false);
    warden_close(w);
    (void)close(a.server);
    (void)close(a.client);
    (void)close(b.server);
    (void)close(b.client);
}

/* ---- the rate at which an answer is taken ---- */

enum {
    ANSWER_WINDOW_MS = 1000,
    ANSWER_WINDOW_BYTES = 256 * 1024, /* what the rate asks for in one window */
    ANSWER_SLACK_BYTES = 16 * 1024,   /* a kernel confirms a few kilobytes at a time */
    ANSWER_BUFFER_BYTES = 4096,
    ANSWER_SEGMENT_BYTES = 512, /* a large one would not fit in what a small read makes free */
    ANSWER_WINDOWS = 3,
    ANSWER_STEPS_MAX = 3000, /* of 10 ms: a limit, for a warden that judges nobody */
};

/* Reads so much of an answer in every window of the warden, and not a byte more until the next. */
struct reader {
    struct warden_mark mark; /* first: warden_each() hands it back */
    struct pair pair;
    uint32_t per_window, window_ms, taken; /* `taken`: confirmed in the window of `window_ms` */
    unsigned windows;
    bool broken;
};

static uint32_t confirmed_bytes(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    return (uint32_t)info.tcpi_bytes_acked;
}

/* Under the warden's lock: no window ends while bytes are taken in it. */
static void read_its_share(void *arg, struct warden_mark *m)
{
    static char bytes[ANSWER_BUFFER_BYTES];
    struct reader *r = (struct reader *)m;
    int one = 1;
    (void)arg;
    r->broken = atomic_load(&m->phase) == WARDEN_BROKEN;
    if (r->broken || m->window_ms == 0)
        return;
    if (r->window_ms != m->window_ms)
        r->windows++;
    r->window_ms = m->window_ms;
    while (r->taken = confirmed_bytes(r->pair.server) - m->window_moved, r->taken < r->per_window) {
        while (send(r->pair.server, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
            ;
        struct pollfd readable = {.fd = r->pair.client, .events = POLLIN};
        assert_int_equal(setsockopt(r->pair.client, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one),
                         0); /* it confirms at once what it takes; the kernel forgets */
        assert_int_equal(poll(&readable, 1, -1), 1);
        assert_true(recv(r->pair.client, bytes, sizeof bytes, MSG_DONTWAIT) > 0);
    }
    while (send(r->pair.server, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        ; /* bytes of ours wait: else nobody is judged */
}

static void begin_reader(struct warden *w, struct reader *r, uint32_t per_window)
{
    *r = (struct reader){.pair = connect_small(ANSWER_SEGMENT_BYTES, ANSWER_BUFFER_BYTES),
                         .per_window = per_window};
    warden_add(w, &r->mark, r->pair.server, false);
    assert_true(warden_enter(&r->mark, WARDEN_ANSWER));
}

static void end_reader(struct warden *w, struct reader *r)
{
    warden_remove(w, &r->mark, false);
    (void)close(r->pair.server);
    (void)close(r->pair.client);
}

static void an_answer_taken_just_under_the_rate_is_broken_off_and_just_over_it_is_not(void **state)
{
    (void)state;
    static struct reader under, over;
    const struct warden_options options = {.rate_min = ANSWER_WINDOW_BYTES,
                                           .rate_window_ms = ANSWER_WINDOW_MS};
    struct warden *w = NULL;
    assert_int_equal(warden_open(&options, &w), ERR_OK);
    begin_reader(w, &under, ANSWER_WINDOW_BYTES - ANSWER_SLACK_BYTES);
    begin_reader(w, &over, ANSWER_WINDOW_BYTES);
    for (unsigned n = 0; n < ANSWER_STEPS_MAX && !over.broken && over.windows <= ANSWER_WINDOWS;
         n++) {
        warden_each(w, read_its_share, NULL);
        (void)poll(NULL, 0, 10); /* lets the warden have its lock */
    }
    assert_false(over.broken);
    assert_true(over.windows > ANSWER_WINDOWS);
    assert_true(warden_keep(&over.mark, WARDEN_ANSWER));
    assert_true(under.broken);
    assert_int_equal(under.windows, 1);
    assert_in_range(under.taken, ANSWER_WINDOW_BYTES - ANSWER_SLACK_BYTES, ANSWER_WINDOW_BYTES - 1);
    end_reader(w, &under);
    end_reader(w, &over);
    warden_close(w);
}

static void an_early_answer_survives_a_client_that_writes_first(void **state)
{
    (void)state;
    static char body[256 * 1024];
    char text[10];
    struct warden *w = NULL;
    struct warden_mark m;
    struct pair p = connect_pair();
    assert_int_equal(warden_open(&s_strict, &w), ERR_OK);
    warden_add(w, &m, p.server, false);
    (void)warden_enter(&m, WARDEN_HANDLER);
    assert_int_equal(send(p.client, "x", 1, 0), 1);
    assert_int_equal(send(p.server, "answer", 6, 0), 6);
    warden_remove(w, &m, true);
    (void)close(p.server);
    for (size_t at = 0; at < sizeof body;) {
        ssize_t n = send(p.client, body + at, sizeof body - at, MSG_NOSIGNAL);
        assert_true(n > 0); /* it is taken, to the last byte */
        at += (size_t)n;
    }
    assert_int_equal(read_all(p.client, text, sizeof text), 6);
    assert_memory_equal(text, "answer", 6);
    (void)close(p.client);
    warden_close(w);
}

static void what_is_read_out_has_an_end(void **state)
{
    (void)state;
    static char body[64 * 1024];
    struct warden *w = NULL;
    struct warden_mark m;
    struct pair p = connect_pair();
    assert_int_equal(warden_open(&s_strict, &w), ERR_OK);
    warden_add(w, &m, p.server, false);
    warden_remove(w, &m, true);
    (void)close(p.server);
    size_t sent = 0;
    ssize_t n = 0;
    while ((n = send(p.client, body, sizeof body, MSG_NOSIGNAL)) > 0 && sent < (64u << 20))
        sent += (size_t)n;
    assert_true(n < 0); /* reset, long before 64 MiB */
    (void)close(p.client);
    warden_close(w);
}

/* A full house just closes. */
static void only_so_many_are_read_out(void **state)
{
    (void)state;
    struct warden *w = NULL;
    struct warden_mark m[3];
    struct pair p[3];
    char c;
    assert_int_equal(warden_open(&s_strict, &w), ERR_OK);
    for (size_t i = 0; i < 3; i++) {
        p[i] = connect_pair();
        warden_add(w, &m[i], p[i].server, false);
        (void)warden_enter(&m[i], WARDEN_HANDLER);
    }
    for (size_t i = 0; i < 3; i++) {
        warden_remove(w, &m[i], true);
        (void)close(p[i].server);
        assert_int_equal(recv(p[i].client, &c, 1, 0), 0);
    }
    unsigned taken = 0;
    while (taken < 1000000 && send(p[2].client, "x", 1, MSG_NOSIGNAL) == 1)
        taken++; /* until the reset comes */
    assert_true(taken < 1000000);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(send(p[i].client, "x", 1, MSG_NOSIGNAL), 1);
    for (size_t i = 0; i < 3; i++)
        (void)close(p[i].client);
    warden_close(w);
    warden_close(NULL);
}

static void count_marks(void *arg, struct warden_mark *m)
{
    (void)m;
    ++*(unsigned *)arg;
}

static void marks_come_and_go_in_any_order(void **state)
{
    (void)state;
    struct warden *w = NULL;
    struct warden_mark m[3];
    struct pair p = connect_pair();
    const struct warden_options mild = {.head_timeout_ms = 60000, .linger_max = 1};
    assert_int_equal(warden_open(&mild, &w), ERR_OK);
    for (unsigned first = 0; first < 3; first++) {
        unsigned count = 0;
        for (size_t i = 0; i < 3; i++)
            warden_add(w, &m[i], p.server, false);
        warden_remove(w, &m[first], false);
        warden_each(w, count_marks, &count);
        assert_int_equal(count, 2);
        warden_remove(w, &m[(first + 1) % 3], false);
        warden_remove(w, &m[(first + 2) % 3], false);
        warden_each(w, count_marks, &count);
        assert_int_equal(count, 2);
    }
    warden_close(w);
    (void)close(p.server);
    (void)close(p.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_ones_are_broken_off_and_told_why),
        cmocka_unit_test(who_waits_for_us_is_left_alone),
        cmocka_unit_test(an_answer_taken_just_under_the_rate_is_broken_off_and_just_over_it_is_not),
        cmocka_unit_test(an_early_answer_survives_a_client_that_writes_first),
        cmocka_unit_test(what_is_read_out_has_an_end),
        cmocka_unit_test(only_so_many_are_read_out),
        cmocka_unit_test(marks_come_and_go_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
