/* Goal: /health tells the truth: every way the promise can break has its row, and says so. */

#include "relay/logic/health.h"
#include "test/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static struct health_input well(void)
{
    struct health_input in = {.version = "1.0",
                              .uptime_s = 61,
                              .received_session = 3,
                              .stored_total = 10,
                              .durability = HEALTH_DURABILITY_ONE_FLUSH,
                              .last_flush_ms = 4,
                              .disk_free_bytes = 1000,
                              .disk_total_bytes = 2000,
                              .floor_bytes = 100,
                              .now = {1700000100000},
                              .destination_count = 2};
    strcpy(in.destinations[0].name, "remote");
    strcpy(in.destinations[0].url, "http://192.0.2.1:6000/upload");
    strcpy(in.destinations[1].name, "attic");
    in.destinations[1].oldest_pending.ms = 1700000000000;
    in.destinations[1].pending = 2;
    in.destinations[1].sent_total = 8;
    return in;
}

static bool gives(const struct health *h, enum health_reason reason)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->items[i].reason == reason)
            return true;
    return false;
}

static void a_relay_that_is_well_says_so(void **state)
{
    (void)state;
    struct health_input in = well();
    struct health h;
    health_judge(&in, &h);
    assert_int_equal(h.status, HEALTH_OK);
    assert_int_equal(h.count, 0);
    assert_int_equal(health_http_status(h.status), 200);
}

static void break_flush(struct health_input *in)
{
    in->flush_failed = true;
}
static void break_stuck(struct health_input *in)
{
    in->flush_running_ms = HEALTH_FLUSH_STUCK_MS;
}
static void break_state(struct health_input *in)
{
    in->state_failed = true;
}
static void break_write(struct health_input *in)
{
    in->write_failed = true;
}
static void break_full(struct health_input *in)
{
    in->disk_free_bytes = in->floor_bytes - 1;
}
static void break_stopping(struct health_input *in)
{
    in->stopping = true;
}
static void break_none(struct health_input *in)
{
    in->durability = HEALTH_DURABILITY_NONE;
}
static void break_low(struct health_input *in)
{
    in->disk_free_bytes = 2 * in->floor_bytes - 1;
}
static void break_at_floor(struct health_input *in)
{
    in->disk_free_bytes = in->floor_bytes;
}
static void break_stale(struct health_input *in)
{
    in->age_ms = HEALTH_STALE_MS;
}
static void break_down(struct health_input *in)
{
    in->destinations[1].link = HEALTH_LINK_DOWN;
}
static void break_held(struct health_input *in)
{
    in->destinations[0].link = HEALTH_LINK_HELD;
}
static void pause_it(struct health_input *in)
{
    in->destinations[0].link = HEALTH_LINK_PAUSED;
}
static void break_dead(struct health_input *in)
{
    in->destinations[1].dead = 1;
}

static void each_trouble_has_its_status_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*break_it)(struct health_input *in);
        enum health_status status;
        enum health_reason reason;
        const char *words;
    } rows[] = {
        {"flush failed", break_flush, HEALTH_FAILING, HEALTH_FLUSH_FAILED, "confirm"},
        {"flush stuck", break_stuck, HEALTH_FAILING, HEALTH_FLUSH_STUCK, "seconds"},
        {"database", break_state, HEALTH_FAILING, HEALTH_STATE_FAILED, "database"},
        {"write", break_write, HEALTH_FAILING, HEALTH_WRITE_FAILED, "written"},
        {"disk full", break_full, HEALTH_FAILING, HEALTH_DISK_FULL, "full"},
        {"stopping", break_stopping, HEALTH_FAILING, HEALTH_STOPPING, "stopping"},
        {"no durability", break_none, HEALTH_DEGRADED, HEALTH_NOT_DURABLE, "power cut"},
        {"disk low", break_low, HEALTH_DEGRADED, HEALTH_DISK_LOW, "nearly"},
        {"disk at its floor", break_at_floor, HEALTH_DEGRADED, HEALTH_DISK_LOW, "nearly"},
        {"old numbers", break_stale, HEALTH_DEGRADED, HEALTH_STATE_STALE, "old"},
        {"destination down", break_down, HEALTH_DEGRADED, HEALTH_DESTINATION_DOWN, "attic"},
        {"destination held", break_held, HEALTH_DEGRADED, HEALTH_DESTINATION_HELD, "remote"},
        {"dead letters", break_dead, HEALTH_DEGRADED, HEALTH_DEAD_LETTERS, "attic"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct health_input in = well();
        struct health h;
        rows[i].break_it(&in);
        health_judge(&in, &h);
        if (h.status != rows[i].status || !gives(&h, rows[i].reason) || h.count != 1)
            fail_msg("%s", rows[i].name);
        assert_int_equal(health_http_status(h.status), h.status == HEALTH_FAILING ? 503 : 200);
        for (int korean = 0; korean < 2; korean++) {
            char text[512];
            struct buf out;
            buf_init(&out, text, sizeof text);
            health_write_reason(&in, &h.items[0], korean, &out);
            assert_non_null(buf_text(&out));
            assert_null(strstr(text, "{}"));
            if (!korean && strstr(text, rows[i].words) == NULL)
                fail_msg("%s: %s", rows[i].name, text);
        }
    }
}

static void one_step_before_each_limit_is_still_well(void **state)
{
    (void)state;
    struct health_input in = well();
    struct health h;
    in.flush_running_ms = HEALTH_FLUSH_STUCK_MS - 1;
    in.age_ms = HEALTH_STALE_MS - 1;
    in.disk_free_bytes = 2 * in.floor_bytes;
    pause_it(&in);
    health_judge(&in, &h);
    assert_int_equal(h.status, HEALTH_OK);
    in.disk_free_bytes = 0;
    in.disk_total_bytes = 0; /* not known: not judged */
    health_judge(&in, &h);
    assert_int_equal(h.status, HEALTH_OK);
}

static void everything_at_once_is_listed_worst_first(void **state)
{
    (void)state;
    struct health_input in = well();
    struct health h;
    break_flush(&in);
    break_stuck(&in);
    break_state(&in);
    break_full(&in);
    break_stopping(&in);
    break_none(&in);
    break_stale(&in);
    in.destination_count = DESTINATIONS_MAX;
    for (size_t d = 0; d < DESTINATIONS_MAX; d++) {
        in.destinations[d].link = HEALTH_LINK_DOWN;
        in.destinations[d].dead = 1;
    }
    health_judge(&in, &h);
    assert_int_equal(h.status, HEALTH_FAILING);
    assert_int_equal(h.count, 7 + 2 * DESTINATIONS_MAX);
    assert_int_equal(h.items[0].reason, HEALTH_FLUSH_FAILED);
}

static void the_json_is_the_one_that_was_agreed(void **state)
{
    (void)state;
    struct health_input in = well();
    struct health h;
    break_down(&in);
    strcpy(in.destinations[1].last_error, "connection \"refused\"");
    health_judge(&in, &h);
    static char text[HEALTH_TEXT_BYTES_MAX];
    struct buf out;
    buf_init(&out, text, sizeof text);
    health_write(&in, &h, &out);
    assert_string_equal(
        buf_text(&out),
        "{\"status\":\"degraded\",\"reasons\":[\"Destination attic does not answer; photos wait "
        "for it.\"],\"version\":\"1.0\",\"uptime_s\":61,\"received_session\":3,\"stored_total\":10,"
        "\"durability\":\"one-flush\",\"last_flush_ms\":4,\"disk_free_bytes\":1000,"
        "\"destinations\":[{\"name\":\"remote\",\"url\":\"http://192.0.2.1:6000/upload\","
        "\"state\":\"up\",\"pending\":0,\"sent_total\":0,\"dead\":0,\"oldest_pending_s\":0,"
        "\"last_error\":null},{\"name\":\"attic\",\"url\":\"\",\"state\":\"down\",\"pending\":2,"
        "\"sent_total\":8,\"dead\":0,\"oldest_pending_s\":100,"
        "\"last_error\":\"connection \\\"refused\\\"\"}]}\n");
}

static void a_clock_set_back_gives_no_huge_age(void **state)
{
    (void)state;
    struct health_input in = well();
    in.now.ms = in.destinations[1].oldest_pending.ms - 1;
    assert_true(health_oldest_pending_s(&in, 1) == 0);
}

static void the_longest_answer_fits(void **state)
{
    (void)state;
    struct health_input in = well();
    struct health h;
    in.destination_count = DESTINATIONS_MAX;
    for (size_t d = 0; d < DESTINATIONS_MAX; d++) {
        struct health_destination *to = &in.destinations[d];
        memset(to->name, '"', sizeof to->name - 1);
        memset(to->url, '"', sizeof to->url - 1);
        memset(to->last_error, '\x01', sizeof to->last_error - 1);
        to->link = HEALTH_LINK_HELD;
        to->dead = to->pending = to->sent_total = UINT64_MAX;
    }
    break_flush(&in);
    health_judge(&in, &h);
    char *text = malloc(HEALTH_TEXT_BYTES_MAX);
    struct buf out;
    buf_init(&out, text, HEALTH_TEXT_BYTES_MAX);
    health_write(&in, &h, &out);
    assert_false(out.overflowed);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relay_that_is_well_says_so),
        cmocka_unit_test(each_trouble_has_its_status_and_reason),
        cmocka_unit_test(one_step_before_each_limit_is_still_well),
        cmocka_unit_test(everything_at_once_is_listed_worst_first),
        cmocka_unit_test(the_json_is_the_one_that_was_agreed),
        cmocka_unit_test(a_clock_set_back_gives_no_huge_age),
        cmocka_unit_test(the_longest_answer_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
