/* Goal: whoever comes to the streamer's door, however slow, silent, rude or broken, gets what is
 * due to him, is let go in time, and harms nobody else. */
#include "audio/logic/hall.h"

#include <stdlib.h>
#include <string.h>

#include "test/fakes/audio/fake_door.h"
#include "test/unit/unit.h"

enum { TAPE = 8192, PLACES = 3, BLOCK = 512, STEP_MS = 4 };

#define HOST "Host: x\r\n"
#define UPGRADE                                                                                    \
    HOST "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"              \
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
static const char socket_please[] = "GET /ws HTTP/1.1\r\n" UPGRADE;
static const char wav_please[] = "GET /stream.wav HTTP/1.1\r\n" HOST "\r\n";

static unsigned char page[20000];
static const struct studio_file files[] = {
    {"index.html", "text/html", "\"1\"", page, sizeof page, NULL, 0},
    {"page.js", "text/javascript", "\"2\"", (const unsigned char *)"plain", 5,
     (const unsigned char *)"zip", 3},
};

static struct {
    _Atomic int16_t memory[TAPE];
    struct tape tape;
    struct chain chain;
    struct pulse pulse;
    struct studio studio;
    struct fake_door door;
    struct hall_place places[PLACES];
    struct hall hall;
    struct mono now;
    uint32_t played;
} rig;

static void set_up(void)
{
    memset(&rig, 0, sizeof rig);
    rig.now.ms = 1000;
    for (size_t i = 0; i < sizeof page; i++)
        page[i] = (unsigned char)(i * 7);
    tape_init(&rig.tape, rig.memory, TAPE);
    chain_init(&rig.chain, &rig.tape, 2, 0);
    pulse_init(&rig.pulse, 50000, 1, rig.now);
    rig.studio = (struct studio){.name = "test",
                                 .block = BLOCK,
                                 .files = files,
                                 .file_count = 2,
                                 .chain = &rig.chain,
                                 .pulse = &rig.pulse,
                                 .listeners_max = 2};
    fake_door_init(&rig.door);
    hall_init(&rig.hall, rig.places, PLACES, &rig.studio, &rig.door.door);
}

static struct fake_door_peer *knock(const char *says)
{
    return fake_door_knock(&rig.door, says, strlen(says));
}

/* Time passes; sound that counts up from 0 goes on if somebody listens. */
static void pass(unsigned ms)
{
    for (unsigned i = 0; i < ms; i += STEP_MS) {
        hall_step(&rig.hall, rig.now);
        rig.now.ms += STEP_MS;
        if (rig.studio.listeners == 0)
            continue;
        int16_t x[16 * STEP_MS];
        for (unsigned k = 0; k < 16 * STEP_MS; k++)
            x[k] = (int16_t)(uint16_t)rig.played++;
        tape_write(&rig.tape, x, 16 * STEP_MS);
    }
}

static unsigned status_of(const struct fake_door_peer *p)
{
    if (p->heard_len < 12 || memcmp(p->heard, "HTTP/1.1 ", 9) != 0)
        return 0;
    return (unsigned)strtoul((const char *)p->heard + 9, NULL, 10);
}

/* What stands behind the head of the answer. */
static struct slice body_of(const struct fake_door_peer *p)
{
    for (size_t i = 4; i <= p->heard_len; i++) {
        if (memcmp(p->heard + i - 4, "\r\n\r\n", 4) == 0)
            return (struct slice){(const char *)p->heard + i, p->heard_len - i};
    }
    return (struct slice){NULL, 0};
}

static bool head_has(const struct fake_door_peer *p, const char *text)
{
    size_t head = (size_t)(body_of(p).ptr - (const char *)p->heard), len = strlen(text);
    for (size_t i = 0; i + len <= head; i++) {
        if (memcmp(p->heard + i, text, len) == 0)
            return true;
    }
    return false;
}

/* The frame of the server at `*at`: its payload, and where the next one begins. */
static bool next_frame(struct slice s, size_t *at, unsigned *op, struct slice *out)
{
    if (*at + 2 > s.len)
        return false;
    const uint8_t *p = (const uint8_t *)s.ptr + *at;
    size_t head = p[1] == 126 ? 4 : 2, len = p[1] == 126 ? (size_t)(p[2] << 8 | p[3]) : p[1];
    if (*at + head + len > s.len)
        return false;
    *op = p[0];
    *out = (struct slice){s.ptr + *at + head, len};
    *at += head + len;
    return true;
}

/* ---- files and short answers */

static void while_the_portal_is_open_phones_are_sent_to_the_set_up_page(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        unsigned status;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: connectivitycheck.example\r\n\r\n", 302},
        {"GET /generate_204 HTTP/1.1\r\nHost: anything\r\n\r\n", 302},
        {"GET /hotspot-detect.html HTTP/1.0\r\n\r\n", 302},
        {"GET /page.js HTTP/1.1\r\nHost: x\r\n\r\n", 200},
        {"GET /stats HTTP/1.1\r\nHost: x\r\n\r\n", 200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up();
        rig.studio.elsewhere = "http://192.168.4.1:8080/";
        struct fake_door_peer *p = knock(rows[i].says);
        pass(20 * STEP_MS);
        assert_int_equal(status_of(p), rows[i].status);
        assert_int_equal(head_has(p, "\r\nLocation: http://192.168.4.1:8080/\r\n"),
                         rows[i].status == 302);
    }
}

static void a_file_arrives_whole_however_little_is_taken_at_once(void **state)
{
    (void)state;
    static const size_t each[] = {1, 7, 1280, 100000};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        set_up();
        struct fake_door_peer *p = knock("GET / HTTP/1.1\r\n" HOST "\r\n");
        p->takes_each = each[i];
        for (unsigned n = 0; n < 30000 && !p->ended; n++)
            pass(STEP_MS);
        assert_int_equal(status_of(p), 200);
        assert_int_equal(body_of(p).len, sizeof page);
        assert_memory_equal(body_of(p).ptr, page, sizeof page);
        assert_false(p->closed); /* the last bytes may still be under way */
        pass(VISITOR_LINGER_MS + STEP_MS);
        assert_true(p->closed);
    }
}

static const struct {
    const char *request;
    unsigned status;
    const char *in_head;
    size_t body; /* SIZE_MAX: some */
} answers[] = {
    {"GET / HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 20000\r\n", 20000},
    {"HEAD / HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 20000\r\n", 0},
    {"GET / HTTP/1.1\n" HOST "\n", 200, "text/html", 20000},
    {"GET /page.js HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 5\r\n", 5},
    {"GET /page.js HTTP/1.1\r\n" HOST "Accept-Encoding: br, gzip;q=1\r\n\r\n", 200,
     "Content-Encoding: gzip\r\n", 3},
    {"GET /page.js HTTP/1.1\r\n" HOST "If-None-Match: \"2\"\r\n\r\n", 304, "ETag: \"2\"", 0},
    {"GET /nothing HTTP/1.1\r\n" HOST "\r\n", 404, "application/json", SIZE_MAX},
    {"GET /stats HTTP/1.1\r\n" HOST "\r\n", 200, "no-store", SIZE_MAX},
    {"HEAD /stats HTTP/1.1\r\n" HOST "\r\n", 200, "no-store", 0},
    {"HEAD /stream.wav HTTP/1.1\r\n" HOST "\r\n", 200, "audio/wav", 0},
    {"HEAD /rec.wav?s=600 HTTP/1.1\r\n" HOST "\r\n", 200, "Content-Length: 19200044\r\n", 0},
    {"GET /rec.wav?s=601 HTTP/1.1\r\n" HOST "\r\n", 400, "", SIZE_MAX},
    {"GET /rec.wav?s=0 HTTP/1.1\r\n" HOST "\r\n", 400, "", SIZE_MAX},
    {"GET /stream.wav HTTP/1.1\r\n" HOST "Range: bytes=0-1\r\n\r\n", 206,
     "Content-Range: bytes 0-1/4294967295\r\n", 2},
    {"GET /stream.wav HTTP/1.1\r\n" HOST "Range: bytes=43-43\r\n\r\n", 206, "", 1},
    {"GET /stream.wav HTTP/1.1\r\n" HOST "Range: bytes=4294967295-\r\n\r\n", 416, "", SIZE_MAX},
    {"GET /audio.sdp HTTP/1.1\r\n" HOST "\r\n", 404, "", SIZE_MAX},
    {"GET /ws HTTP/1.1\r\n" HOST "\r\n", 426, "Sec-WebSocket-Version: 13\r\n", SIZE_MAX},
    {"GET /ws?codec=mp3 HTTP/1.1\r\n" UPGRADE, 400, "", SIZE_MAX},
    {"DELETE / HTTP/1.1\r\n" HOST "\r\n", 405, "Allow: GET, HEAD\r\n", SIZE_MAX},
    {"GET /config HTTP/1.1\r\n" HOST "\r\n", 405, "Allow: POST\r\n", SIZE_MAX},
    {"POST /config HTTP/1.1\r\n" HOST "Content-Length: 20\r\n\r\n{\"op\":\"gain\",\"db\":6}", 200,
     "", SIZE_MAX},
    {"POST /config HTTP/1.1\r\n" HOST "Content-Length: 20\r\nExpect: 100-continue\r\n\r\n", 417, "",
     SIZE_MAX},
    {"POST /config HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 400, "", SIZE_MAX},
    {"POST /config HTTP/1.1\r\n" HOST "\r\n", 411, "", SIZE_MAX},
    {"POST /config HTTP/1.1\r\n" HOST "Content-Length: 257\r\n\r\n", 413, "", SIZE_MAX},
    {"POST /config HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 411, "", SIZE_MAX},
    {"GET / HTTP/1.1\r\n\r\n", 400, "", SIZE_MAX},
    {"GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "", SIZE_MAX},
    {"GET / HTTP/9.9\r\n" HOST "\r\n", 505, "", SIZE_MAX},
    {"\r\n\r\n", 400, "", SIZE_MAX},
};

static void every_request_is_answered_the_same_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        size_t len = strlen(answers[i].request);
        for (size_t each = 1; each <= len; each++) {
            set_up();
            char *exact = malloc(len);
            memcpy(exact, answers[i].request, len);
            struct fake_door_peer *p = fake_door_knock(&rig.door, exact, len);
            p->says_each = each;
            for (unsigned n = 0; n < 200 && !p->ended; n++)
                pass(STEP_MS);
            size_t body = body_of(p).len;
            if (status_of(p) != answers[i].status || !head_has(p, answers[i].in_head) ||
                (answers[i].body == SIZE_MAX ? body == 0 : body != answers[i].body))
                fail_msg("%s: %zu at once: status %u, body %zu", answers[i].request, each,
                         status_of(p), body);
            free(exact);
        }
    }
}

static void half_a_request_gets_no_answer_and_its_place_is_free_again(void **state)
{
    (void)state;
    size_t len = strlen(socket_please);
    for (size_t cut = 0; cut < len; cut++) {
        set_up();
        char *exact = malloc(cut > 0 ? cut : 1);
        memcpy(exact, socket_please, cut);
        struct fake_door_peer *p = fake_door_knock(&rig.door, exact, cut);
        p->hangs_up = true;
        pass(2 * STEP_MS);
        assert_true(p->closed);
        assert_int_equal(p->heard_len, 0);
        assert_int_equal(rig.studio.listeners, 0);
        free(exact);
    }
}

static void a_head_may_be_as_long_as_the_memory_and_no_longer(void **state)
{
    (void)state;
    static char says[VISITOR_MEMORY_BYTES + 2];
    static const char start[] = "GET /page.js HTTP/1.1\r\n" HOST "A: ";
    for (size_t over = 0; over < 2; over++) {
        size_t len = VISITOR_MEMORY_BYTES + over;
        set_up();
        memset(says, 'a', sizeof says);
        memcpy(says, start, sizeof start - 1);
        memcpy(says + len - 4, "\r\n\r\n", 4);
        struct fake_door_peer *p = fake_door_knock(&rig.door, says, len);
        pass(100);
        assert_int_equal(status_of(p), over ? 431 : 200);
    }
}

static void the_longest_stats_fit(void **state)
{
    (void)state;
    set_up();
    memset(rig.studio.name, 'n', STUDIO_NAME_MAX);
    rig.studio.gain_db = -20;
    rig.studio.codec = AUDIOFRAME_ADPCM;
    rig.studio.refused = rig.studio.served = rig.studio.stalled = UINT32_MAX - 1;
    rig.studio.lost = rig.studio.packets = UINT32_MAX;
    _Atomic uint32_t *counts[] = {&rig.chain.counts.readings, &rig.chain.counts.bad_words,
                                  &rig.chain.counts.clipped,  &rig.chain.counts.overruns,
                                  &rig.chain.counts.lost,     &rig.pulse.measured_mhz,
                                  &rig.pulse.restarts};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        atomic_store(counts[i], UINT32_MAX);
    atomic_store(&rig.pulse.state, PULSE_MEASURING);
    tape_skip(&rig.tape, UINT32_MAX);
    struct fake_door_peer *p = knock("GET /stats HTTP/1.1\r\n" HOST "\r\n");
    pass(20);
    struct slice body = body_of(p);
    assert_int_equal(status_of(p), 200);
    assert_int_equal(body.ptr[body.len - 1], '}');
}

/* ---- patience */

static void who_says_nothing_is_let_go_after_ten_seconds(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *p = knock("GET /");
    pass(VISITOR_HEAD_MS);
    assert_false(p->closed);
    pass(STEP_MS);
    assert_true(p->closed);
    assert_int_equal(p->heard_len, 0);
}

static void who_says_a_byte_a_second_is_let_go_as_well(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *p = knock("GET / HTTP/1.1\r\n" HOST "\r\n");
    p->says_each = 0;
    for (unsigned s = 0; s < 10; s++) {
        p->says_len = s + 1;
        p->says_each = 1;
        pass(1000);
    }
    pass(STEP_MS);
    assert_true(p->closed);
}

static void who_takes_nothing_of_a_file_is_let_go_after_five(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *p = knock("GET / HTTP/1.1\r\n" HOST "\r\n");
    p->takes_each = 0;
    pass(VISITOR_STALL_MS);
    assert_false(p->closed);
    pass(STEP_MS);
    assert_true(p->closed);
    assert_int_equal(rig.studio.stalled, 0); /* that was no listener */
}

static void who_answers_no_ping_is_let_go(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *p = knock(socket_please);
    p->takes_each = SIZE_MAX;
    unsigned seconds = 0;
    while (!p->closed && seconds++ < 60)
        pass(1000);
    assert_in_range(seconds, 30, 31); /* two pings at 10 and 20 s, and at 30 no third */
    assert_int_equal(rig.studio.listeners, 0);
}

static void who_answers_pings_may_stay(void **state)
{
    (void)state;
    static char pongs[6 * 100];
    set_up();
    for (unsigned i = 0; i < 100; i++)
        memcpy(pongs + (size_t)6 * i, "\x8a\x80\1\2\3\4", 6);
    struct fake_door_peer *p = knock(socket_please);
    pass(100);
    p->says = pongs;
    p->said = p->says_len = 0;
    for (unsigned i = 1; i < 100; i++) {
        p->says_len = (size_t)6 * i;
        pass(1000);
        p->heard_len = 0;
    }
    assert_false(p->closed);
    assert_int_equal(rig.studio.listeners, 1);
}

/* ---- sound */

static void the_sound_begins_with_the_first_listener_and_ends_with_the_last(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *a = knock(socket_please), *b = knock(wav_please);
    struct fake_door_peer *c = knock("GET /stats HTTP/1.1\r\n" HOST "\r\n");
    assert_false(rig.chain.wanted);
    pass(STEP_MS);
    assert_int_equal(status_of(c), 200);
    assert_int_equal(rig.studio.listeners, 2);
    assert_true(rig.chain.wanted);
    a->broken = true;
    pass(STEP_MS);
    assert_true(a->closed && rig.chain.wanted);
    b->breaks_write = true;
    pass(200);
    assert_true(b->closed);
    assert_false(rig.chain.wanted);
    assert_int_equal(rig.studio.listeners, 0);
}

static void a_recording_is_as_long_as_it_says_and_counts_on(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *p = knock("GET /rec.wav?s=1 HTTP/1.1\r\n" HOST "\r\n");
    pass(1200);
    struct slice body = body_of(p);
    assert_int_equal(body.len, 44 + 32000);
    for (unsigned i = 0; i < 16000; i++) {
        const uint8_t *s = (const uint8_t *)body.ptr + 44 + (size_t)2 * i;
        assert_int_equal(s[0] | s[1] << 8, i);
    }
    assert_true(p->ended);
    assert_int_equal(rig.studio.listeners, 1); /* until it is gone */
    pass(VISITOR_LINGER_MS);
    assert_true(p->closed);
    assert_int_equal(rig.studio.listeners, 0);
}

static void a_range_that_begins_within_a_sample_goes_on_rightly(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *p =
        knock("GET /stream.wav HTTP/1.1\r\n" HOST "Range: bytes=45-2044\r\n\r\n");
    pass(300);
    struct slice body = body_of(p);
    assert_int_equal(body.len, 2000);
    const uint8_t *b = (const uint8_t *)body.ptr;
    for (size_t i = 0; i < 1000; i++) /* the high byte of one sample, the low byte of the next */
        assert_int_equal(b[2 * i] << 8 | b[2 * i + 1],
                         (uint16_t)(((i >> 8) & 0xFF) << 8 | ((i + 1) & 0xFF)));
}

static void a_slow_listener_misses_sound_and_the_others_do_not(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *slow = knock(socket_please), *quick = knock(socket_please);
    pass(200);
    slow->takes_each = 0;
    pass(2000);
    slow->takes_each = SIZE_MAX;
    pass(1000);
    struct fake_door_peer *both[] = {slow, quick};
    unsigned gaps[2] = {0}, holes[2] = {0};
    for (unsigned i = 0; i < 2; i++) {
        struct slice body = body_of(both[i]), payload;
        size_t at = 0;
        unsigned op;
        uint32_t expected = 0;
        assert_true(next_frame(body, &at, &op, &payload));
        assert_int_equal(op, 0x81);
        while (next_frame(body, &at, &op, &payload)) {
            struct audioframe f = {0};
            assert_int_equal(op, 0x82);
            assert_int_equal(audioframe_read_head((const uint8_t *)payload.ptr, payload.len, &f),
                             ERR_OK);
            holes[i] += f.index != expected;
            gaps[i] += f.gap;
            assert_true(f.index == expected || f.gap); /* never without the mark */
            assert_int_equal((uint8_t)payload.ptr[8], f.index & 0xFF);
            expected = f.index + BLOCK;
        }
    }
    assert_int_equal(holes[0], 1);
    assert_in_range(gaps[0], 1, 2);
    assert_int_equal(holes[1], 0);
    assert_int_equal(gaps[1], 0);
    assert_in_range(rig.studio.lost, 16000, 32000);
    assert_int_equal(rig.studio.stalled, 0);
}

static void who_takes_no_sound_for_five_seconds_is_let_go_and_counted(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *p = knock(wav_please);
    pass(100);
    p->takes_each = 0;
    pass(VISITOR_STALL_MS - 100);
    assert_false(p->closed);
    pass(200);
    assert_true(p->closed);
    assert_int_equal(rig.studio.stalled, 1);
    assert_int_equal(rig.studio.listeners, 0);
}

static void a_wrong_rate_is_no_sound(void **state)
{
    (void)state;
    static const char *const asks[] = {wav_please, socket_please,
                                       "GET /audio.l16 HTTP/1.1\r\n" HOST "\r\n",
                                       "GET /rec.wav HTTP/1.1\r\n" HOST "\r\n"};
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        set_up();
        atomic_store(&rig.pulse.state, PULSE_WRONG);
        struct fake_door_peer *p = knock(asks[i]);
        pass(20);
        assert_int_equal(status_of(p), 503);
        assert_true(head_has(p, "Retry-After: 5\r\n"));
        assert_int_equal(rig.studio.listeners, 0);
    }
}

/* ---- many at once */

static void who_finds_no_place_is_told_and_listeners_have_a_limit_of_their_own(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *inside[] = {knock(wav_please), knock(wav_please), knock("")};
    struct fake_door_peer *late = knock("GET / HTTP/1.1\r\n" HOST "\r\n");
    pass(2 * STEP_MS); /* one step lets in as many as there are places */
    assert_int_equal(status_of(late), 503);
    assert_true(late->closed);
    assert_int_equal(rig.studio.refused, 1);
    inside[2]->broken = true;
    pass(STEP_MS);
    struct fake_door_peer *third = knock(wav_please);
    pass(STEP_MS);
    assert_int_equal(status_of(third), 503); /* a place, but two listen already */
    assert_int_equal(rig.studio.refused, 1);
    inside[0]->broken = true;
    pass(VISITOR_LINGER_MS + 2 * STEP_MS);
    struct fake_door_peer *fourth = knock(wav_please);
    pass(2 * STEP_MS);
    assert_int_equal(status_of(fourth), 200);
    assert_false(inside[1]->closed);
}

static void who_talks_without_end_keeps_nobody_waiting(void **state)
{
    (void)state;
    static char flood[1 << 20];
    set_up();
    memset(flood, 'x', sizeof flood);
    memcpy(flood, wav_please, strlen(wav_please));
    struct fake_door_peer *p = fake_door_knock(&rig.door, flood, sizeof flood);
    struct fake_door_peer *other = knock("GET /page.js HTTP/1.1\r\n" HOST "\r\n");
    hall_step(&rig.hall, rig.now);
    assert_in_range(p->said, 1, 4096);
    assert_int_equal(status_of(other), 200);
    pass(1000);
    assert_int_equal(status_of(p), 200); /* it listens all the same */
}

static void a_broken_door_harms_nobody_inside(void **state)
{
    (void)state;
    set_up();
    struct fake_door_peer *p = knock(wav_please);
    pass(STEP_MS);
    rig.door.broken = true;
    size_t before = p->heard_len;
    pass(500);
    assert_true(p->heard_len >= before + 15000);
    hall_close(&rig.hall);
    assert_true(p->closed);
    assert_int_equal(rig.studio.listeners, 0);
    assert_false(rig.chain.wanted);
}

/* ---- what is said through a WebSocket */

static const struct {
    const char *name;
    const char *says; /* behind the request; every mask is 0 */
    size_t len;
    unsigned close; /* 0: it stays open */
    int gain_db;
} talks[] = {
#define TALK(text) text, sizeof(text) - 1
    {"an order", TALK("\x81\x94\0\0\0\0{\"op\":\"gain\",\"db\":6}"), 0, 6},
    {"an order in pieces",
     TALK("\1\x8d\0\0\0\0{\"op\":\"gain\","
          "\x89\x80\0\0\0\0"
          "\x80\x87\0\0\0\0\"db\":6}"),
     0, 6},
    {"no order", TALK("\x81\x82\0\0\0\0{}"), 0, 0},
    {"binary", TALK("\x82\x83\0\0\0\0abc"), 0, 0},
    {"good bye", TALK("\x88\x82\0\0\0\0\3\xe8"), 1000, 0},
    {"good bye without a word", TALK("\x88\x80\0\0\0\0"), 1000, 0},
    {"half a reason", TALK("\x88\x81\0\0\0\0x"), 1002, 0},
    {"no mask", TALK("\x81\5hello"), 1002, 0},
    {"reserved bits", TALK("\xc1\x80\0\0\0\0"), 1002, 0},
    {"no such opcode", TALK("\x83\x80\0\0\0\0"), 1002, 0},
    {"nothing to go on with", TALK("\x80\x80\0\0\0\0"), 1002, 0},
    {"a ping in pieces", TALK("\x09\x80\0\0\0\0"), 1002, 0},
    {"a ping too long", TALK("\x89\xfe\0\x7e\0\0\0\0"), 1002, 0},
    {"a message too long", TALK("\x81\xfe\0\x81\0\0\0\0"), 1009, 0},
    {"a length written too long", TALK("\x81\xfe\0\5\0\0\0\0hello"), 1002, 0},
};

static void what_a_socket_hears_is_obeyed_or_ends_it_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof talks / sizeof *talks; i++) {
        char all[400];
        size_t len = strlen(socket_please) + talks[i].len;
        memcpy(all, socket_please, strlen(socket_please));
        memcpy(all + strlen(socket_please), talks[i].says, talks[i].len);
        for (size_t each = 1; each <= len; each++) {
            set_up();
            struct fake_door_peer *p = fake_door_knock(&rig.door, all, len);
            p->says_each = each;
            pass(600);
            struct slice payload = {NULL, 0}, body = body_of(p);
            size_t at = 0;
            unsigned op = 0;
            while (next_frame(body, &at, &op, &payload)) { /* to the last one */
            }
            unsigned code =
                op == 0x88 ? (unsigned)((uint8_t)payload.ptr[0] << 8) + (uint8_t)payload.ptr[1] : 0;
            if (code != talks[i].close || p->ended != (code != 0) ||
                rig.studio.gain_db != talks[i].gain_db)
                fail_msg("%s, %zu at once: close %u, gain %d", talks[i].name, each, code,
                         rig.studio.gain_db);
        }
    }
}

static void a_ping_is_answered_with_its_own_words(void **state)
{
    (void)state;
    static char says[400];
    set_up();
    size_t len = strlen(socket_please);
    memcpy(says, socket_please, len);
    memcpy(says + len, "\x89\xfd\0\0\0\0", 6); /* the longest there may be */
    memset(says + len + 6, 'p', 125);
    struct fake_door_peer *p = fake_door_knock(&rig.door, says, len + 131);
    pass(STEP_MS);
    struct slice payload, body = body_of(p);
    size_t at = 0;
    unsigned op;
    assert_true(next_frame(body, &at, &op, &payload)); /* the hello */
    assert_true(next_frame(body, &at, &op, &payload));
    assert_int_equal(op, 0x8a);
    assert_int_equal(payload.len, 125);
    assert_memory_equal(payload.ptr, says + len + 6, 125);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_the_portal_is_open_phones_are_sent_to_the_set_up_page),
        cmocka_unit_test(a_file_arrives_whole_however_little_is_taken_at_once),
        cmocka_unit_test(every_request_is_answered_the_same_at_every_split),
        cmocka_unit_test(half_a_request_gets_no_answer_and_its_place_is_free_again),
        cmocka_unit_test(a_head_may_be_as_long_as_the_memory_and_no_longer),
        cmocka_unit_test(the_longest_stats_fit),
        cmocka_unit_test(who_says_nothing_is_let_go_after_ten_seconds),
        cmocka_unit_test(who_says_a_byte_a_second_is_let_go_as_well),
        cmocka_unit_test(who_takes_nothing_of_a_file_is_let_go_after_five),
        cmocka_unit_test(who_answers_no_ping_is_let_go),
        cmocka_unit_test(who_answers_pings_may_stay),
        cmocka_unit_test(the_sound_begins_with_the_first_listener_and_ends_with_the_last),
        cmocka_unit_test(a_recording_is_as_long_as_it_says_and_counts_on),
        cmocka_unit_test(a_range_that_begins_within_a_sample_goes_on_rightly),
        cmocka_unit_test(a_slow_listener_misses_sound_and_the_others_do_not),
        cmocka_unit_test(who_takes_no_sound_for_five_seconds_is_let_go_and_counted),
        cmocka_unit_test(a_wrong_rate_is_no_sound),
        cmocka_unit_test(who_finds_no_place_is_told_and_listeners_have_a_limit_of_their_own),
        cmocka_unit_test(who_talks_without_end_keeps_nobody_waiting),
        cmocka_unit_test(a_broken_door_harms_nobody_inside),
        cmocka_unit_test(what_a_socket_hears_is_obeyed_or_ends_it_at_every_split),
        cmocka_unit_test(a_ping_is_answered_with_its_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
