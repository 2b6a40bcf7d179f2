/* Goal: a whole camera lives through a week of bad Wi-Fi and a bad relay without losing or doubling
 * a photo; a dead sensor leaves everything else alive. Method: the real station over a fake sensor,
 * a fake flash and a relay in memory; time is simulated, so a week takes a second. */
#include <stdlib.h>
#include <string.h>

#include "camera/logic/station.h"
#include "camera/port/host_link.h"
#include "lib/base/sha256.h"
#include "test/fakes/camera/fake_flash.h"
#include "test/fakes/camera/fake_random.h"
#include "test/fakes/camera/fake_relay.h"
#include "test/fakes/camera/fake_sensor.h"
#include "test/fakes/camera/fake_vault.h"
#include "test/unit/unit.h"

enum {
    SLOTS = 8,
    ENTRIES = 64,
    ARENA = 16 * 1024,
    PHOTOS_MAX = 12000,
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    EXPOSE_MAX_US = 60 * 1000 * 1000, /* half of what the task watchdog allows */
};

struct rig {
    struct station station;
    struct fake_sensor sensor;
    struct fake_flash flash;
    struct fake_vault vault;
    struct fake_random random;
    struct fake_random faults;
    struct fake_relay relay;
    struct host_link link; /* to it */
    struct dump dump;
    uint32_t dump_bytes;
    unsigned dumps_stored;
    uint32_t sent_before_dump; /* photos the relay had when the first dump came */
    struct backlog_slot slots[SLOTS];
    struct photolog_entry entries[ENTRIES];
    uint8_t arena[ARENA];
    uint8_t copy[FAKE_SENSOR_BYTES_MAX];
    uint8_t piece[512];
    bool without_psram;
    struct mono now;
    uint8_t taken[PHOTOS_MAX][SHOT_DIGEST_BYTES]; /* by seq: what the sensor gave */
    uint32_t taken_count;
    uint32_t arrived[PHOTOS_MAX]; /* by seq: how often whole */
    uint32_t order_breaks;
    uint32_t last_new;
    uint32_t bad;  /* requests the relay did not answer well */
    uint32_t slow; /* of those: through a line that takes seconds, or too long */
};

static struct rig s_rig;

static void on_stored(void *ctx, const uint8_t *request, uint32_t len)
{
    struct rig *r = ctx;
    char text[32];
    uint32_t file_len = 0;
    if (memcmp(request, "POST /crash ", 12) == 0) {
        r->sent_before_dump = r->dumps_stored++ > 0 ? r->sent_before_dump : r->last_new;
        return;
    }
    const uint8_t *file = fake_relay_file(request, len, &file_len);
    assert_true(fake_relay_field(request, len, "X-Camera-Seq", text, sizeof text));
    uint32_t seq = (uint32_t)strtoul(text, NULL, 10);
    assert_true(seq > 0 && seq < PHOTOS_MAX);
    uint8_t digest[SHOT_DIGEST_BYTES];
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, file, file_len);
    sha256_finish(&h, digest);
    assert_memory_equal(digest, r->taken[seq], sizeof digest);
    if (r->arrived[seq]++ == 0) {
        r->order_breaks += seq < r->last_new ? 1 : 0;
        r->last_new = seq;
    }
}

static uint32_t dump_bytes(void *ctx)
{
    return ((struct rig *)ctx)->dump_bytes;
}

static enum err dump_read(void *ctx, uint32_t offset, void *out, size_t len)
{
    assert_true(offset + len <= ((struct rig *)ctx)->dump_bytes);
    memset(out, 0x5A, len);
    return ERR_OK;
}

static void dump_erase(void *ctx)
{
    ((struct rig *)ctx)->dump_bytes = 0;
}

static struct mono rig_now(void *ctx)
{
    return ((const struct rig *)ctx)->now;
}

static void start(struct rig *r)
{
    const struct clock clock = {.ctx = r, .mono_now = rig_now};
    const struct host_link_config as_it_is = {0};
    host_link_init(&r->link, fake_relay_stream(&r->relay), clock, &as_it_is);
    r->dump = (struct dump){.ctx = r, .bytes = dump_bytes, .read = dump_read, .erase = dump_erase};
    struct station_ports ports = {.sensor = &r->sensor.sensor,
                                  .stream = &r->link.stream,
                                  .flash = &r->flash.flash,
                                  .vault = &r->vault.vault,
                                  .random = &r->random.random,
                                  .dump = &r->dump};
    struct station_memory memory = {
        .arena = r->arena,
        .arena_bytes = r->without_psram ? 0 : ARENA,
        .slots = r->slots,
        .slots_max = r->without_psram ? 1 : SLOTS,
        .entries = r->entries,
        .entries_max = ENTRIES,
        .copy = r->without_psram ? NULL : r->copy,
        .copy_bytes = r->without_psram ? 0 : sizeof r->copy,
        .piece = r->piece,
        .piece_bytes = sizeof r->piece,
    };
    struct settings s;
    settings_defaults(&s);
    strcpy(s.relay_host, "relay");
    s.order = BACKLOG_IN_ORDER;
    station_start(&r->station, &ports, &memory, &s, "cam-test");
    courier_set_online(&r->station.courier, true);
}

static struct rig *fresh(bool without_psram)
{
    struct rig *r = &s_rig;
    memset(r, 0, sizeof *r);
    r->without_psram = without_psram;
    fake_sensor_init(&r->sensor);
    r->sensor.buffers = without_psram ? 1 : 2;
    fake_flash_init(&r->flash, FAKE_FLASH_SECTORS_MAX);
    fake_vault_init(&r->vault);
    fake_random_init(&r->random, 5);
    fake_random_init(&r->faults, 11);
    fake_relay_init(&r->relay);
    r->relay.stored = on_stored;
    r->relay.stored_ctx = r;
    fake_relay_plan(&r->relay, FAKE_RELAY_ANSWER, 0, NULL);
    start(r);
    return r;
}

static void take_if_due(struct rig *r)
{
    enum shot_trigger why;
    struct trigger_local local = {0};
    if (!station_wants_photo(&r->station, r->now, local, &why))
        return;
    r->sensor.now_us = (int64_t)r->now.ms * 1000;
    r->sensor.size_bytes = 200 + fake_random_next(&r->faults) % 700;
    struct station_exposure x;
    do {
        int64_t begun_us = r->sensor.now_us;
        station_expose(&r->station, r->now, why, &x);
        assert_true(r->sensor.now_us - begun_us < EXPOSE_MAX_US);
    } while (x.again);
    uint32_t seq = r->station.ident.seq + 1;
    if (x.result == SHUTTER_TAKEN) {
        assert_true(seq < PHOTOS_MAX);
        memcpy(r->taken[seq], x.shot.digest, SHOT_DIGEST_BYTES);
        r->taken_count++;
    }
    station_keep(&r->station, &x);
}

/* Another mood for the next request, if none is under way. */
static void change_relay(struct rig *r, uint32_t bad_percent)
{
    static const struct {
        enum fake_relay_deed deed;
        const char *answer;
    } moods[] = {{FAKE_RELAY_ANSWER_CLOSE, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
                 {FAKE_RELAY_REFUSE, NULL},
                 {FAKE_RELAY_RESET_HALFWAY, NULL},
                 {FAKE_RELAY_CLOSE_HALFWAY, NULL},
                 {FAKE_RELAY_STALL_READING, NULL},
                 {FAKE_RELAY_STALL_ANSWER, NULL},
                 {FAKE_RELAY_CUT_ANSWER, NULL},
                 {FAKE_RELAY_ANSWER_EARLY, "HTTP/1.1 503 No\r\nRetry-After: 5\r\n\r\n"}};
    if (r->relay.connected && r->relay.request_len > 0 && !r->relay.answered)
        return;
    struct fake_relay_call *c = &r->relay.calls[0];
    *c = (struct fake_relay_call){.deed = FAKE_RELAY_ANSWER};
    r->link.config.bytes_per_s = 0;
    if (fake_random_next(&r->faults) % 100 >= bad_percent)
        return;
    r->bad++;
    unsigned mood = fake_random_next(&r->faults) % (sizeof moods / sizeof moods[0] + 1);
    if (mood == sizeof moods / sizeof moods[0]) {
        r->link.config.bytes_per_s = 20 + fake_random_next(&r->faults) % 400;
        r->slow++;
        return;
    }
    c->deed = moods[mood].deed;
    c->answer = moods[mood].answer;
    c->after = fake_random_next(&r->faults) % 900;
}

/* Lives until `until`; with an hour's first ten minutes without network if `outages`. */
static void live(struct rig *r, uint64_t until_ms, bool outages, uint32_t bad_percent)
{
    while (r->now.ms < until_ms) {
        bool online = !outages || r->now.ms % HOUR_MS >= 10 * MINUTE_MS;
        courier_set_online(&r->station.courier, online);
        take_if_due(r);
        change_relay(r, bad_percent);
        station_send(&r->station, r->now);
        uint32_t ms = deadline_left_ms(station_wake(&r->station, r->now), r->now);
        uint64_t held = host_link_wake(&r->link).ms;
        if (held > 0 && r->station.courier.mood == COURIER_SENDING)
            ms = held - r->now.ms < ms ? (uint32_t)(held - r->now.ms) : ms;
        uint64_t edge = HOUR_MS / 6 - r->now.ms % (HOUR_MS / 6);
        ms = ms < 1 ? 1 : ms;
        r->now.ms += ms < edge ? ms : edge;
    }
}

static void check_all_arrived(const struct rig *r)
{
    const struct tally_counts *c = &r->station.tally.now;
    assert_int_equal(c->dropped, 0);
    assert_int_equal(c->captured, r->taken_count);
    assert_int_equal(c->sent, c->captured);
    for (uint32_t seq = 1; seq <= r->taken_count; seq++)
        assert_true(r->arrived[seq] >= 1);
    assert_int_equal(r->order_breaks, 0);
}

static void a_week_of_bad_wifi_and_a_bad_relay_loses_nothing(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    live(r, (uint64_t)7 * 24 * HOUR_MS, true, 30);
    assert_true(r->taken_count > 10000);
    assert_true(r->bad > 3000 && r->slow > 300 && r->station.courier.retries > 1000);
    assert_false(r->station.wants_reboot); /* never for Wi-Fi or a relay */
    r->station.settings.interval_ms = 0;
    station_apply(&r->station, &r->station.settings, r->now);
    live(r, r->now.ms + HOUR_MS, false, 0);
    check_all_arrived(r);
    uint32_t again = 0;
    for (uint32_t seq = 1; seq <= r->taken_count; seq++)
        again += r->arrived[seq] - 1;
    assert_true(again > 0 && again < r->taken_count / 5); /* the relay knows them by their key */
    uint32_t least = UINT32_MAX, most = 0;
    for (unsigned i = STATION_TALLY_SECTORS; i < FAKE_FLASH_SECTORS_MAX; i++) {
        least = r->flash.erased[i] < least ? r->flash.erased[i] : least;
        most = r->flash.erased[i] > most ? r->flash.erased[i] : most;
    }
    assert_true(most - least <= 1);
    fake_relay_free(&r->relay);
}

static void a_day_without_psram_loses_nothing_either(void **state)
{
    (void)state;
    struct rig *r = fresh(true);
    live(r, (uint64_t)24 * HOUR_MS, true, 20);
    r->station.settings.interval_ms = 0;
    station_apply(&r->station, &r->station.settings, r->now);
    live(r, r->now.ms + HOUR_MS, false, 0);
    assert_true(r->taken_count > 1400);
    check_all_arrived(r);
    assert_int_equal(r->sensor.frames_out, 0);
    assert_int_equal(r->station.shutter.failures, 0); /* it never waited for a frame of its own */
    fake_relay_free(&r->relay);
}

static void the_only_frame_is_never_waited_for_while_it_is_being_sent(void **state)
{
    (void)state;
    struct rig *r = fresh(true);
    r->station.settings.interval_ms = 20000; /* photos come while the relay keeps one waiting */
    station_apply(&r->station, &r->station.settings, r->now);
    for (unsigned hour = 1; hour <= 6; hour++) {
        live(r, (hour - 1) * HOUR_MS + 10 * MINUTE_MS, false, 100);
        live(r, hour * HOUR_MS, false, 30);
    }
    r->station.settings.interval_ms = 0;
    station_apply(&r->station, &r->station.settings, r->now);
    live(r, r->now.ms + HOUR_MS, false, 0);
    assert_true(r->taken_count > 1000 && r->station.courier.retries > 100);
    assert_int_equal(r->station.shutter.failures, 0);
    check_all_arrived(r);
    fake_relay_free(&r->relay);
}

static void photos_on_flash_survive_a_reboot_with_their_keys(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    courier_set_online(&r->station.courier, false);
    for (int i = 0; i < 5; i++) {
        assert_true(trigger_request(&r->station.trigger));
        take_if_due(r);
    }
    uint64_t epoch = r->station.ident.epoch;
    start(r); /* the power goes and comes */
    assert_int_equal(r->station.ident.boot, 2);
    assert_true(r->station.ident.epoch == epoch);
    assert_int_equal(backlog_waiting(&r->station.backlog), 5);
    r->station.ended = true; /* only the old ones, please */
    live(r, r->now.ms + MINUTE_MS, false, 0);
    assert_int_equal(r->station.tally.now.sent, 5);
    char key[96];
    assert_true(fake_relay_field(r->relay.request, r->relay.request_len, "Idempotency-Key", key,
                                 sizeof key));
    assert_non_null(strstr(key, "-1-5"));
    fake_relay_free(&r->relay);
}

static void without_a_network_from_the_start_photos_go_to_flash_soon(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    r->station.courier.online = false; /* as after a start in which Wi-Fi has not been seen yet */
    r->now.ms = 0;
    take_if_due(r);
    station_send(&r->station, r->now);
    assert_int_equal(r->station.backlog.count, 1); /* it may come any moment */
    r->now.ms = STATION_NO_RELAY_MS;
    station_send(&r->station, r->now);
    assert_int_equal(r->station.backlog.count, 0);
    start(r); /* the power goes and comes */
    assert_int_equal(backlog_waiting(&r->station.backlog), 1);
    assert_int_equal(r->station.tally.now.dropped, 0);
    r->station.settings.relay_host[0] = '\0'; /* a network, but no relay known on it */
    station_apply(&r->station, &r->station.settings, r->now);
    trigger_request(&r->station.trigger);
    r->now.ms = STATION_NO_RELAY_MS;
    take_if_due(r);
    station_send(&r->station, r->now);
    assert_int_equal(r->station.backlog.count, 0);
    fake_relay_free(&r->relay);
}

static void a_dead_sensor_climbs_the_ladder_and_the_rest_lives_on(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    r->sensor.fail_starts = 1000000;
    live(r, HOUR_MS, false, 0);
    assert_int_equal(r->taken_count, 0);
    assert_true(r->station.ladder.degraded);
    assert_true(r->sensor.power_offs >= LADDER_POWER_CYCLES);
    assert_true(r->sensor.starts < 200); /* given rests, not hammered */
    r->sensor.fail_starts = 0;
    live(r, 2 * HOUR_MS, false, 0);
    assert_true(r->taken_count > 30);
    assert_false(r->station.ladder.degraded);
    assert_int_equal(r->sensor.setup.xclk_hz, 8000000); /* the modest way that worked */
    fake_relay_free(&r->relay);
}

static void a_sensor_that_hangs_now_and_then_costs_no_reboot(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    for (int i = 0; i < 60; i++) {
        r->sensor.fail_grabs = i % 10 == 0 ? SHUTTER_TRIES * 3 : 0;
        live(r, r->now.ms + MINUTE_MS, false, 0);
    }
    assert_true(r->taken_count >= 59);
    assert_false(r->station.wants_reboot);
    fake_relay_free(&r->relay);
}

static void reboots_for_a_dead_sensor_end_although_each_forgets_all(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    r->sensor.fail_starts = 1000000;
    unsigned reboots = 0;
    uint64_t last = 0, gap = 0;
    for (uint32_t hours = 0; hours < 24 * 90; hours++) {
        live(r, r->now.ms + HOUR_MS, false, 0);
        if (!r->station.wants_reboot)
            continue;
        reboots++;
        assert_true(r->now.ms - last > gap / 2);
        gap = r->now.ms - last;
        last = r->now.ms;
        start(r);
        r->station.trigger.next.at = r->now; /* a real clock would begin anew */
    }
    assert_int_equal(reboots, LADDER_REBOOTS_MAX);
    r->sensor.fail_starts = 0;
    live(r, r->now.ms + HOUR_MS, false, 0);
    assert_true(r->taken_count > 0);
    start(r);
    assert_int_equal(r->station.ladder.reboots, 0); /* a photo: all is forgiven */
    fake_relay_free(&r->relay);
}

static void a_reboot_that_cannot_be_counted_is_not_made(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    r->sensor.fail_starts = 1000000;
    r->vault.fail_put = true;
    live(r, 48 * HOUR_MS, false, 0);
    assert_false(r->station.wants_reboot);
    assert_true(r->station.ladder.degraded);
    fake_relay_free(&r->relay);
}

static void the_report_of_a_crash_goes_out_after_a_photo(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    r->dump_bytes = 5000;
    start(r);
    assert_true(r->station.postmortem.waiting);
    live(r, 5 * MINUTE_MS, true, 0); /* no network: nothing goes out */
    assert_int_equal(r->relay.connections, 0);
    live(r, 20 * MINUTE_MS, true, 0);
    assert_int_equal(r->dumps_stored, 1);
    assert_true(r->sent_before_dump > 0);
    assert_true(r->station.postmortem.sent && r->dump_bytes == 0);
    r->station.settings.interval_ms = 0;
    station_apply(&r->station, &r->station.settings, r->now);
    live(r, r->now.ms + HOUR_MS, false, 0);
    check_all_arrived(r); /* photos went on meanwhile */
    fake_relay_free(&r->relay);
}

static void a_bad_relay_gets_the_report_in_the_end(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    r->dump_bytes = 5000;
    start(r);
    live(r, 24 * HOUR_MS, true, 60);
    assert_int_equal(r->dump_bytes, 0);
    assert_true(r->dumps_stored >= 1);
    r->station.settings.interval_ms = 0;
    station_apply(&r->station, &r->station.settings, r->now);
    live(r, r->now.ms + 2 * HOUR_MS, false, 0);
    check_all_arrived(r);
    fake_relay_free(&r->relay);
}

static void asleep_between_photos_nothing_is_lost(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    struct trigger_local local = {0};
    struct nap_facts owner = {.woke = true, .looked = true};
    uint32_t naps = 0;
    r->relay.stored = NULL; /* numbers begin anew at each wake */
    for (int wake = 0; wake < 200; wake++) {
        start(r); /* RAM is gone, the flash is not */
        r->station.settings.deep_sleep = 1;
        r->now.ms = 0;
        uint32_t ms = 0;
        bool bad = wake % 10 < 3; /* no relay for three wakes in ten */
        while (ms == 0 && r->now.ms < NAP_SENDING_MAX_MS + 1000) {
            courier_set_online(&r->station.courier, !bad);
            take_if_due(r);
            station_send(&r->station, r->now);
            owner.now = r->now;
            ms = station_nap_ms(&r->station, &owner, local);
            r->now.ms += 500;
        }
        assert_true(ms > 0);
        assert_int_equal(r->station.backlog.count, 0);
        naps++;
        courier_set_online(&r->station.courier, false);
    }
    assert_int_equal(naps, 200);
    assert_true(r->station.tally.now.captured >= 200);
    assert_int_equal(r->station.tally.now.dropped, 0);
    assert_int_equal(r->station.tally.now.sent + backlog_waiting(&r->station.backlog),
                     r->station.tally.now.captured);
    assert_int_equal(r->station.ident.boot, 201);
    fake_relay_free(&r->relay);
}

static void a_photo_that_lives_in_ram_alone_keeps_it_awake(void **state)
{
    (void)state;
    struct rig *r = fresh(false);
    struct nap_facts owner = {.woke = true, .looked = true, .now = {24 * HOUR_MS}};
    r->station.settings.deep_sleep = 1;
    r->station.backlog.config.log = NULL;
    courier_set_online(&r->station.courier, false);
    take_if_due(r);
    assert_int_equal(backlog_waiting(&r->station.backlog), 1);
    trigger_init(&r->station.trigger, &r->station.trigger.config, owner.now);
    enum shot_trigger why;
    assert_true(trigger_due(&r->station.trigger, owner.now, (struct trigger_local){0}, &why));
    assert_int_equal(station_nap_ms(&r->station, &owner, (struct trigger_local){0}), 0);
    courier_set_online(&r->station.courier, true);
    station_send(&r->station, owner.now);
    assert_int_equal(backlog_waiting(&r->station.backlog), 0);
    assert_true(station_nap_ms(&r->station, &owner, (struct trigger_local){0}) > 0);
    owner.looked = false; /* one is being taken */
    assert_int_equal(station_nap_ms(&r->station, &owner, (struct trigger_local){0}), 0);
    fake_relay_free(&r->relay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_week_of_bad_wifi_and_a_bad_relay_loses_nothing),
        cmocka_unit_test(a_day_without_psram_loses_nothing_either),
        cmocka_unit_test(the_only_frame_is_never_waited_for_while_it_is_being_sent),
        cmocka_unit_test(photos_on_flash_survive_a_reboot_with_their_keys),
        cmocka_unit_test(without_a_network_from_the_start_photos_go_to_flash_soon),
        cmocka_unit_test(a_dead_sensor_climbs_the_ladder_and_the_rest_lives_on),
        cmocka_unit_test(a_sensor_that_hangs_now_and_then_costs_no_reboot),
        cmocka_unit_test(reboots_for_a_dead_sensor_end_although_each_forgets_all),
        cmocka_unit_test(a_reboot_that_cannot_be_counted_is_not_made),
        cmocka_unit_test(the_report_of_a_crash_goes_out_after_a_photo),
        cmocka_unit_test(a_bad_relay_gets_the_report_in_the_end),
        cmocka_unit_test(asleep_between_photos_nothing_is_lost),
        cmocka_unit_test(a_photo_that_lives_in_ram_alone_keeps_it_awake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
