/* Goal: only who knows the password may; forms change all or nothing; status and console tell the
 * truth and no secret. */
#include <stdio.h>
#include <string.h>

#include "camera/logic/remote.h"
#include "test/fakes/camera/fake_random.h"
#include "test/fakes/camera/fake_relay.h"
#include "test/fakes/camera/fake_sensor.h"
#include "test/fakes/camera/fake_vault.h"
#include "test/unit/unit.h"

enum { LIST_BYTES = 16 * 1024 };

static enum err take_form(struct settings *s, struct slice form, struct buf *out_wrong)
{
    struct settings scratch;
    return prefs_take_form(&settings_table, s, &scratch, form, out_wrong);
}

static void a_form_changes_all_or_nothing(void **state)
{
    (void)state;
    struct settings s;
    char text[40];
    struct buf wrong;
    settings_defaults(&s);
    buf_init(&wrong, text, sizeof text);
    strcpy(s.password, "old-password");
    assert_int_equal(take_form(&s, SLICE("ssid=my+net&password=&quality=20&size=svga"), &wrong),
                     ERR_OK);
    assert_string_equal(s.ssid, "my net");
    assert_string_equal(s.password, "old-password"); /* empty: as it was */
    assert_int_equal(s.quality, 20);
    assert_int_equal(take_form(&s, SLICE("ssid=x&quality=99"), &wrong), ERR_LIMIT);
    assert_true(slice_eq(buf_slice(&wrong), SLICE("quality")));
    assert_string_equal(s.ssid, "my net");
    assert_int_equal(take_form(&s, SLICE("ssid=%zz"), &wrong), ERR_INPUT);
}

static void controls_are_those_of_camera_web_server(void **state)
{
    (void)state;
    struct settings s;
    settings_defaults(&s);
    assert_int_equal(remote_control(&s, SLICE("framesize"), SLICE("11")), ERR_OK);
    assert_int_equal(s.size, SENSOR_SVGA);
    assert_int_equal(remote_control(&s, SLICE("framesize"), SLICE("0")), ERR_LIMIT);
    assert_int_equal(remote_control(&s, SLICE("framesize"), SLICE("x")), ERR_INPUT);
    assert_int_equal(remote_control(&s, SLICE("vflip"), SLICE("1")), ERR_OK);
    assert_int_equal(s.vflip, 1);
    assert_int_equal(remote_control(&s, SLICE("led_intensity"), SLICE("255")), ERR_OK);
    assert_int_equal(s.lamp_percent, 100);
    assert_int_equal(remote_control(&s, SLICE("led_intensity"), SLICE("256")), ERR_LIMIT);
    assert_int_equal(remote_control(&s, SLICE("ae_level"), SLICE("-2")), ERR_OK);
    assert_int_equal(remote_control(&s, SLICE("face_detect"), SLICE("1")), ERR_INPUT);
}

/* ---- over a station ---- */

static struct station s_station;
static struct fake_sensor s_sensor;
static struct fake_vault s_vault;
static struct fake_random s_random;
static struct fake_relay s_relay;
static struct backlog_slot s_slots[2];
static uint8_t s_arena[1000], s_piece[64];
static const struct remote_board BOARD = {.firmware = "1.2.3",
                                          .model = "AI_THINKER",
                                          .sensor = "OV2640",
                                          .address = "",
                                          .ssid = "",
                                          .reset_reason = "brownout",
                                          .partition = "two app slots",
                                          .vault_note = "not encrypted"};

static int setup(void **state)
{
    (void)state;
    fake_sensor_init(&s_sensor);
    fake_vault_init(&s_vault);
    fake_random_init(&s_random, 1);
    fake_relay_init(&s_relay);
    struct settings k;
    settings_defaults(&k);
    strcpy(k.relay_token, "hush-token");
    strcpy(k.password, "hush-wifi");
    struct station_ports ports = {.sensor = &s_sensor.sensor,
                                  .stream = fake_relay_stream(&s_relay),
                                  .vault = &s_vault.vault,
                                  .random = &s_random.random};
    struct station_memory memory = {.arena = s_arena,
                                    .arena_bytes = sizeof s_arena,
                                    .slots = s_slots,
                                    .slots_max = 2,
                                    .piece = s_piece,
                                    .piece_bytes = sizeof s_piece};
    station_start(&s_station, &ports, &memory, &k, "cam-1");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_relay_free(&s_relay);
    return 0;
}

static void status_tells_much_and_no_secret(void **state)
{
    (void)state;
    static char text[REMOTE_STATUS_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    assert_true(remote_put_status(&s_station, &BOARD, &b));
    assert_non_null(buf_text(&b));
    static const char *const want[] = {"\"device\":\"cam-1\"",
                                       "\"framesize\":15",
                                       "\"quality\":12",
                                       "\"reset_reason\":\"brownout\"",
                                       "\"uploads\":\"no relay\"",
                                       "\"captured\":0",
                                       "\"ae_level\":0"};
    char plain[REMOTE_STATUS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < b.len; i++) {
        if (text[i] != ' ' || (i > 0 && text[i - 1] != ':' && text[i - 1] != ','))
            plain[n++] = text[i];
    }
    plain[n] = '\0';
    for (unsigned i = 0; i < sizeof want / sizeof want[0]; i++) {
        if (strstr(plain, want[i]) == NULL)
            fail_msg("%s is not in %s", want[i], plain);
    }
    assert_null(strstr(text, "hush"));
    static char list[LIST_BYTES];
    buf_init(&b, list, sizeof list);
    assert_true(prefs_put_json(&settings_table, &s_station.settings, &b));
    assert_null(strstr(buf_text(&b), "hush"));
}

static enum remote_deed type(const char *line, struct settings *s, char *out, size_t cap)
{
    struct buf b;
    buf_init(&b, out, cap);
    enum remote_deed deed = remote_console(&s_station, &BOARD, s, slice_of(line), &b);
    out[b.len < cap ? b.len : cap - 1] = '\0';
    return deed;
}

static void the_console_does_what_it_says(void **state)
{
    (void)state;
    static char out[LIST_BYTES];
    struct settings s = s_station.settings;
    assert_int_equal(type("set ssid my net", &s, out, sizeof out), REMOTE_SAVE);
    assert_string_equal(s.ssid, "my net");
    assert_int_equal(type("set quality 99", &s, out, sizeof out), REMOTE_SAID);
    assert_string_equal(out, "out of range\r\n");
    assert_int_equal(type("set nothing 1", &s, out, sizeof out), REMOTE_SAID);
    assert_int_equal(type(" shoot ", &s, out, sizeof out), REMOTE_SHOOT);
    assert_int_equal(type("portal", &s, out, sizeof out), REMOTE_PORTAL);
    assert_int_equal(type("reboot", &s, out, sizeof out), REMOTE_REBOOT);
    assert_int_equal(type("factory-reset", &s, out, sizeof out), REMOTE_SAID);
    assert_int_equal(type("factory-reset yes", &s, out, sizeof out), REMOTE_RESET);
    assert_int_equal(type("show", &s, out, sizeof out), REMOTE_SAID);
    assert_non_null(strstr(out, "ssid=my net\r\n"));
    assert_non_null(strstr(out, "relay_token=(set)"));
    assert_null(strstr(out, "hush"));
    assert_int_equal(type("what?", &s, out, sizeof out), REMOTE_SAID);
    assert_non_null(strstr(out, "help"));
    assert_int_equal(type("", &s, out, sizeof out), REMOTE_SAID);
    assert_string_equal(out, "");
}

static void only_a_certificate_is_taken_as_one(void **state)
{
    (void)state;
    static const char good[] = "\r\n-----BEGIN CERTIFICATE-----\r\nMIIB\r\n"
                               "-----END CERTIFICATE-----\r\n";
    assert_true(remote_is_certificate(SLICE(good)));
    static const char *const bad[] = {"", "none", "-----BEGIN CERTIFICATE-----\nMIIB\n",
                                      "MIIB\n-----END CERTIFICATE-----",
                                      "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(remote_is_certificate(slice_of(bad[i])));
    char text[REMOTE_PEM_MAX + 1];
    memset(text, 'A', sizeof text);
    memcpy(text, good + 2, 27);
    memcpy(text + REMOTE_PEM_MAX - 26, "-----END CERTIFICATE-----", 25);
    assert_true(remote_is_certificate((struct slice){text, REMOTE_PEM_MAX - 1}));
    memset(text, 'A', sizeof text);
    memcpy(text, good + 2, 27);
    memcpy(text + REMOTE_PEM_MAX - 25, "-----END CERTIFICATE-----", 25);
    assert_false(remote_is_certificate((struct slice){text, REMOTE_PEM_MAX}));
    text[100] = '\0';
    memcpy(text + REMOTE_PEM_MAX - 26, "-----END CERTIFICATE-----", 25);
    assert_false(remote_is_certificate((struct slice){text, REMOTE_PEM_MAX - 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_changes_all_or_nothing),
        cmocka_unit_test(controls_are_those_of_camera_web_server),
        cmocka_unit_test(only_a_certificate_is_taken_as_one),
        cmocka_unit_test_setup_teardown(status_tells_much_and_no_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(the_console_does_what_it_says, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
