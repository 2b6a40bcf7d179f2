/* Goal: the report of a crash reaches the relay whole, is erased only then, and never gives up too
 * early nor asks for ever. Method: a relay in memory that misbehaves on demand, simulated time. */
#include <stdlib.h>
#include <string.h>

#include "camera/logic/postmortem.h"
#include "test/fakes/camera/fake_random.h"
#include "test/fakes/camera/fake_relay.h"
#include "test/unit/unit.h"

enum { DUMP_BYTES = 20000, PIECE = 512 };

static const char OK_TEXT[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

struct rig {
    struct fake_relay relay;
    struct fake_random random;
    uint8_t bytes[DUMP_BYTES];
    uint32_t len;
    unsigned erased;
    bool unreadable;
    struct dump dump;
    struct postmortem p;
    struct postmortem_address to;
    uint8_t piece[PIECE];
    unsigned stored;
    struct mono now;
};

static uint32_t dump_bytes(void *ctx)
{
    return ((struct rig *)ctx)->len;
}

static enum err dump_read(void *ctx, uint32_t offset, void *out, size_t len)
{
    const struct rig *r = ctx;
    assert_true(offset + len <= r->len);
    memcpy(out, r->bytes + offset, len);
    return r->unreadable ? ERR_IO : ERR_OK;
}

static void dump_erase(void *ctx)
{
    ((struct rig *)ctx)->erased++;
}

static void on_stored(void *ctx, const uint8_t *request, uint32_t len)
{
    struct rig *r = ctx;
    char text[64];
    r->stored++;
    assert_true(len > r->len);
    assert_memory_equal(request + len - r->len, r->bytes, r->len);
    assert_memory_equal(request, "POST /cam/crash HTTP/1.1\r\n", 26);
    static const char *const fields[][2] = {
        {"X-Camera-Id", "door1"},           {"X-Camera-Boot", "7"},
        {"X-Camera-Reset", "panic"},        {"X-Camera-Firmware", "1.2"},
        {"Authorization", "Bearer secret"}, {"Content-Type", "application/octet-stream"},
        {"Content-Length", "20000"}};
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        assert_true(fake_relay_field(request, len, fields[i][0], text, sizeof text));
        assert_string_equal(text, fields[i][1]);
    }
}

static int setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    fake_relay_init(&r->relay);
    r->relay.stored = on_stored;
    r->relay.stored_ctx = r;
    fake_random_init(&r->random, 3);
    for (uint32_t i = 0; i < DUMP_BYTES; i++)
        r->bytes[i] = (uint8_t)(i * 7 + i / 256);
    r->len = DUMP_BYTES;
    r->dump = (struct dump){.ctx = r, .bytes = dump_bytes, .read = dump_read, .erase = dump_erase};
    r->to = (struct postmortem_address){.device = "door1",
                                        .host = "relay",
                                        .port = 5000,
                                        .ca_pem = "",
                                        .upload_path = "/cam/upload",
                                        .token = "secret",
                                        .firmware = "1.2",
                                        .reset_reason = "panic",
                                        .boot = 7};
    postmortem_init(&r->p, &r->dump, &r->random.random);
    postmortem_lend(&r->p, fake_relay_stream(&r->relay), r->piece, PIECE);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    assert_int_equal(r->relay.open_now, 0);
    fake_relay_free(&r->relay);
    free(r);
    return 0;
}

/* One try, to its end. */
static void try_once(struct rig *r)
{
    static const struct webcall_limits limits = {10000, 20000, 30000, 60000};
    assert_true(postmortem_is_due(&r->p, r->now));
    postmortem_begin(&r->p, &r->to, &limits, r->now);
    for (int i = 0; i < 10000 && r->p.in_flight; i++) {
        postmortem_step(&r->p, r->now);
        if (r->p.in_flight && deadline_left_ms(r->p.call.wake, r->now) > 0)
            r->now.ms += 1000;
    }
    assert_false(r->p.in_flight);
}

static void wait_for_turn(struct rig *r)
{
    assert_true(r->p.waiting && r->p.not_before.set);
    assert_false(postmortem_is_due(&r->p, r->now));
    uint32_t ms = deadline_left_ms(r->p.not_before, r->now);
    assert_true(ms >= POSTMORTEM_RETRY_BASE_MS && ms <= POSTMORTEM_RETRY_CAP_MS);
    r->now.ms += ms;
    assert_true(postmortem_is_due(&r->p, r->now));
}

static void a_dump_arrives_whole_and_is_erased_then(void **state)
{
    struct rig *r = *state;
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, OK_TEXT);
    r->relay.write_max = 77;
    try_once(r);
    assert_int_equal(r->stored, 1);
    assert_int_equal(r->erased, 1);
    assert_true(r->p.sent && !r->p.waiting && r->p.status == 200);
    assert_false(postmortem_is_due(&r->p, (struct mono){UINT64_MAX / 2}));
}

static void nothing_is_erased_before_a_2xx_to_all_of_it(void **state)
{
    struct rig *r = *state;
    static const struct {
        enum fake_relay_deed deed;
        const char *answer;
    } bad[] = {{FAKE_RELAY_REFUSE, NULL},
               {FAKE_RELAY_RESET_HALFWAY, NULL},
               {FAKE_RELAY_CLOSE_HALFWAY, NULL},
               {FAKE_RELAY_STALL_READING, NULL},
               {FAKE_RELAY_STALL_ANSWER, OK_TEXT},
               {FAKE_RELAY_CUT_ANSWER, OK_TEXT},
               {FAKE_RELAY_ANSWER_EARLY, OK_TEXT},
               {FAKE_RELAY_ANSWER, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
               {FAKE_RELAY_ANSWER, "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n"},
               {FAKE_RELAY_ANSWER, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"},
               {FAKE_RELAY_ANSWER, "HTTP/1.1 302 No\r\nContent-Length: 0\r\n\r\n"}};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fake_relay_plan(&r->relay, bad[i].deed, 5, bad[i].answer);
        try_once(r);
        assert_int_equal(r->erased, 0);
        wait_for_turn(r);
    }
    r->unreadable = true;
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, OK_TEXT);
    try_once(r);
    assert_int_equal(r->erased, 0);
    wait_for_turn(r);
    r->unreadable = false;
    try_once(r);
    assert_int_equal(r->erased, 1);
}

static void a_relay_without_that_address_is_not_asked_again(void **state)
{
    struct rig *r = *state;
    static const char *const answers[] = {"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
                                          "HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n",
                                          "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"};
    for (unsigned i = 0; i < 3; i++) {
        postmortem_init(&r->p, &r->dump, &r->random.random);
        postmortem_lend(&r->p, fake_relay_stream(&r->relay), r->piece, PIECE);
        fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, answers[i]);
        try_once(r);
        assert_false(r->p.waiting || r->p.sent);
        assert_int_equal(r->erased, 0); /* kept, for the page and for a better relay */
    }
}

static void without_a_dump_there_is_nothing_to_do(void **state)
{
    struct rig *r = *state;
    struct postmortem p;
    postmortem_init(&p, NULL, &r->random.random);
    assert_false(postmortem_is_due(&p, r->now));
    r->len = 0;
    postmortem_init(&p, &r->dump, &r->random.random);
    assert_false(postmortem_is_due(&p, r->now));
    r->len = POSTMORTEM_BYTES_MAX;
    postmortem_init(&p, &r->dump, &r->random.random);
    assert_true(postmortem_is_due(&p, r->now));
    r->len = POSTMORTEM_BYTES_MAX + 1;
    postmortem_init(&p, &r->dump, &r->random.random);
    assert_false(postmortem_is_due(&p, r->now));
}

static void the_address_stands_beside_that_of_the_photos(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"/upload", "/crash"},
                                          {"/cam/upload", "/cam/crash"},
                                          {"/cam/", "/cam/crash"},
                                          {"upload", "/crash"},
                                          {"", "/crash"}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        struct buf b;
        buf_init(&b, text, sizeof text);
        assert_true(postmortem_put_path(rows[i][0], &b));
        assert_string_equal(buf_text(&b), rows[i][1]);
    }
    char small[6];
    struct buf b;
    buf_init(&b, small, sizeof small - 1);
    assert_false(postmortem_put_path("/upload", &b));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_dump_arrives_whole_and_is_erased_then),
        CASE(nothing_is_erased_before_a_2xx_to_all_of_it),
        CASE(a_relay_without_that_address_is_not_asked_again),
        CASE(without_a_dump_there_is_nothing_to_do),
        CASE(the_address_stands_beside_that_of_the_photos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
