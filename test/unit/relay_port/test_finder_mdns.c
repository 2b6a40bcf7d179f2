/* Goal: a streamer that announces itself is found, with the address it answered from. Method: a
 * responder on the loopback, at a port the kernel picks. */
#include "relay/port/finder_mdns.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/logic/soundfind.h"
#include "test/unit/unit.h"

/* To the question: PTR "Mic 1", its SRV with port 8080, and its TXT with a path. */
static const uint8_t ANSWER[] =
    "\0\0\x84\0\0\0\0\1\0\0\0\2"
    "\x0f_camrelay-audio\x04_tcp\x05local\0\0\x0c\0\1\0\0\0\x0a\0\x08\x05Mic 1\xc0\x0c"
    "\xc0\x32\0\x21\x80\1\0\0\0\x0a\0\x08\0\0\0\0\x1f\x90\1x"
    "\xc0\x32\0\x10\x80\1\0\0\0\x0a\0\x0b\x0apath=/a.l6";

struct heard {
    unsigned count;
    struct finder_found last;
};

static void note(void *arg, const struct finder_found *found)
{
    struct heard *h = arg;
    h->count++;
    h->last = *found;
}

static void wait_for(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 10000), 1);
}

static void who_answers_is_found(void **state)
{
    (void)state;
    struct finder_mdns *f;
    struct finder calls;
    struct heard heard = {0};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    uint8_t question[512];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(
        finder_mdns_open(SOUNDFIND_SERVICE, "127.0.0.1", ntohs(at.sin_port), &f, &calls), ERR_OK);
    calls.hear(calls.ctx, note, &heard); /* nobody said anything: does not wait */
    assert_int_equal(heard.count, 0);
    assert_int_equal(calls.ask(calls.ctx), ERR_OK);
    wait_for(fd);
    struct sockaddr_in from;
    len = sizeof from;
    ssize_t n = recvfrom(fd, question, sizeof question, 0, (struct sockaddr *)&from, &len);
    assert_true(n > 12 && memmem(question, (size_t)n, "_camrelay-audio", 15) != NULL);
    assert_int_equal(sendto(fd, "nonsense", 8, 0, (struct sockaddr *)&from, len), 8);
    assert_int_equal(sendto(fd, ANSWER, sizeof ANSWER - 1, 0, (struct sockaddr *)&from, len),
                     sizeof ANSWER - 1);
    for (unsigned i = 0; heard.count == 0 && i < 1000; i++) {
        (void)poll(NULL, 0, 5);
        calls.hear(calls.ctx, note, &heard);
    }
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.last.service.instance, "Mic 1");
    assert_string_equal(heard.last.address, "127.0.0.1");
    struct soundfind_source source;
    assert_true(soundfind_read(&heard.last, &source));
    assert_string_equal(source.name, "Mic_1");
    assert_string_equal(source.url, "http://127.0.0.1:8080/a.l6");
    finder_mdns_close(f);
    (void)close(fd);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    (void)state;
    struct finder_mdns *f;
    struct finder calls;
    assert_int_equal(finder_mdns_open("", "127.0.0.1", 1, &f, &calls), ERR_INPUT);
    assert_int_equal(finder_mdns_open(SOUNDFIND_SERVICE, "localhost", 1, &f, &calls), ERR_INPUT);
}

static void what_a_streamer_says_of_itself_is_made_harmless(void **state)
{
    (void)state;
    struct soundfind_source source;
    struct finder_found found = {.service = {.instance = "../a b\x01", .port = 80},
                                 .address = "10.0.0.7"};
    assert_true(soundfind_read(&found, &source));
    assert_string_equal(source.name, ".._a_b_");
    assert_string_equal(source.url, "http://10.0.0.7:80/stream.wav");
    static const char *const wrong[] = {"x", "@evil.example/", ":90/", "/a b", "/a#b", "/\x80"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        strcpy(found.service.path, wrong[i]);
        assert_false(soundfind_read(&found, &source));
    }
}

static void it_is_asked_often_at_first_and_then_now_and_then(void **state)
{
    (void)state;
    struct soundfind f;
    struct mono now = {5000};
    soundfind_init(&f, now);
    unsigned asked = 0;
    for (unsigned s = 0; s < 3600; s++, now.ms += 1000)
        asked += soundfind_is_due(&f, now);
    assert_in_range(asked, 60, 70);
    soundfind_init(&f, now);
    assert_true(soundfind_is_due(&f, now));
    assert_false(soundfind_is_due(&f, (struct mono){now.ms + SOUNDFIND_FIRST_MS - 1}));
    assert_true(soundfind_is_due(&f, (struct mono){now.ms + SOUNDFIND_FIRST_MS}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_answers_is_found),
        cmocka_unit_test(what_cannot_be_asked_is_refused),
        cmocka_unit_test(what_a_streamer_says_of_itself_is_made_harmless),
        cmocka_unit_test(it_is_asked_often_at_first_and_then_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
