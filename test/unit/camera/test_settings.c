/* Goal: settings take only what is allowed, survive saving, damage and older names, and never show
 * a secret. */
#include <stdlib.h>
#include <string.h>

#include "camera/logic/settings.h"
#include "camera/logic/trigger.h"
#include "lib/port/vault.h"
#include "test/unit/unit.h"

static struct settings s_set;

static enum err set(const char *name, const char *value)
{
    return settings_set(&s_set, slice_of(name), slice_of(value));
}

static int setup(void **state)
{
    (void)state;
    settings_defaults(&s_set);
    return 0;
}

static void every_default_is_an_allowed_value(void **state)
{
    (void)state;
    for (unsigned i = 0; i < settings_table.count; i++) {
        char text[PREFS_VALUE_MAX];
        struct buf b;
        buf_init(&b, text, sizeof text);
        prefs_put(&s_set, &settings_table.rows[i], &b);
        assert_int_equal(settings_set(&s_set, slice_of(settings_table.rows[i].name), buf_slice(&b)),
                         ERR_OK);
    }
}

static void numbers_hold_their_range_to_the_digit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < settings_table.count; i++) {
        const struct prefs_row *row = &settings_table.rows[i];
        if (row->kind != PREFS_NUMBER)
            continue;
        const struct {
            int64_t n;
            enum err want;
        } rows[] = {{row->least, ERR_OK},
                    {row->most, ERR_OK},
                    {(int64_t)row->least - 1, ERR_LIMIT},
                    {(int64_t)row->most + 1, ERR_LIMIT}};
        for (unsigned k = 0; k < 4; k++) {
            char text[24];
            struct buf b;
            buf_init(&b, text, sizeof text);
            buf_add_format(&b, "%lld", (long long)rows[k].n);
            assert_int_equal(settings_set(&s_set, slice_of(row->name), buf_slice(&b)),
                             rows[k].want);
        }
    }
}

struct row {
    const char *name;
    const char *value;
    enum err want;
};

static void texts_cannot_break_out(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"device", "door-1_a.b", ERR_OK},
        {"device", "door 1", ERR_INPUT},
        {"device", "a\r\nX: y", ERR_INPUT},
        {"device", "0123456789012345678901234567890123", ERR_LIMIT},
        {"ssid", "Café Wi-Fi", ERR_OK},
        {"ssid", "line\nbreak", ERR_INPUT},
        {"password", "1234567", ERR_INPUT},
        {"password", "12345678", ERR_OK},
        {"password_2", "", ERR_OK},
        {"relay_host", "relay.local", ERR_OK},
        {"relay_host", "fe80::1", ERR_OK},
        {"relay_host", "http://x", ERR_INPUT},
        {"relay_path", "upload", ERR_INPUT},
        {"relay_path", "", ERR_INPUT},
        {"relay_path", "/a b", ERR_INPUT},
        {"relay_path", "/c/snapshot?x=1", ERR_OK},
        {"relay_token", "abc DEF", ERR_INPUT},
        {"relay_token", "abc+/=~", ERR_OK},
        {"ip_address", "192.168.1.300", ERR_INPUT},
        {"ip_address", "192.168.1", ERR_INPUT},
        {"ip_address", "192.168.1.30", ERR_OK},
        {"windows", "mon-fri 07:30-18:00", ERR_OK},
        {"windows", "someday", ERR_INPUT},
        {"size", "uxga", ERR_OK},
        {"size", "huge", ERR_INPUT},
        {"when_full", "stop", ERR_OK},
        {"quality", "", ERR_INPUT},
        {"quality", "1e1", ERR_INPUT},
        {"gpio_pin", "-1", ERR_OK},
        {"gpio_pin", "--1", ERR_INPUT},
        {"no_such", "1", ERR_INPUT},
        {"rpiServerPort", "6000", ERR_OK},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (set(rows[i].name, rows[i].value) != rows[i].want)
            fail_msg("%s=%s", rows[i].name, rows[i].value);
    }
    assert_int_equal(s_set.relay_port, 6000);
}

static void secrets_are_never_shown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < settings_table.count; i++) {
        const struct prefs_row *row = &settings_table.rows[i];
        bool named_so = strstr(row->name, "password") != NULL || strstr(row->name, "token") != NULL;
        assert_int_equal(row->secrecy == PREFS_SECRET, named_so);
        if (!named_so)
            continue;
        assert_int_equal(set(row->name, "hush-hush-1"), ERR_OK);
        char text[64];
        struct buf b;
        buf_init(&b, text, sizeof text);
        prefs_put(&s_set, row, &b);
        assert_true(slice_eq(buf_slice(&b), SLICE("(set)")));
    }
}

static void what_was_saved_is_loaded(void **state)
{
    (void)state;
    static char text[SETTINGS_TEXT_BYTES_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    assert_int_equal(set("ssid", "net = work"), ERR_OK);
    assert_int_equal(set("password", "p=ss;word"), ERR_OK);
    assert_int_equal(set("interval_ms", "5000"), ERR_OK);
    assert_int_equal(set("size", "svga"), ERR_OK);
    assert_true(settings_save(&s_set, &b));
    struct settings other;
    unsigned refused;
    assert_int_equal(settings_load(&other, buf_slice(&b), &refused), ERR_OK);
    assert_int_equal(refused, 0);
    assert_memory_equal(&other, &s_set, sizeof other);
    for (size_t at = 0; at < b.len; at++) {
        text[at] ^= 0x10;
        assert_int_equal(settings_load(&other, buf_slice(&b), &refused), ERR_CORRUPT);
        text[at] ^= 0x10;
    }
    for (size_t cut = 0; cut < b.len; cut++) {
        char *copy = malloc(cut + 1);
        memcpy(copy, text, cut);
        assert_int_equal(settings_load(&other, (struct slice){copy, cut}, &refused), ERR_CORRUPT);
        free(copy);
    }
    assert_int_equal(other.quality, 12); /* the defaults stand */
}

static void the_longest_settings_fit_the_vault(void **state)
{
    (void)state;
    for (unsigned i = 0; i < settings_table.count; i++) {
        const struct prefs_row *row = &settings_table.rows[i];
        char *at = (char *)&s_set + row->offset;
        if (row->kind == PREFS_TEXT) {
            memset(at, 'x', (size_t)row->most);
            at[row->most] = '\0';
        } else if (row->kind == PREFS_NUMBER) {
            *(int32_t *)(void *)at = row->most;
        }
    }
    static char text[SETTINGS_TEXT_BYTES_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    assert_true(settings_save(&s_set, &b));
    assert_true(b.len <= VAULT_BYTES_MAX);
}

static void older_names_and_values_no_longer_allowed_are_met(void **state)
{
    (void)state;
    /* as version 1 wrote it, CRC included */
    static const char old[] = "camrelay-camera 1\nssid=home\nrpiServerIP=192.168.1.100\n"
                              "rpiServerPort=5005\nrpiServerPath=/upload\nquality=99\ngone=1\n"
                              "end A46D97EC\n";
    struct settings s;
    unsigned refused;
    assert_int_equal(settings_load(&s, SLICE(old), &refused), ERR_OK);
    assert_string_equal(s.relay_host, "192.168.1.100");
    assert_int_equal(s.relay_port, 5005);
    assert_int_equal(s.quality, 12);
    assert_int_equal(refused, 2);
}

/* ---- trigger: windows are settings, too ---- */

static void windows_cover_what_they_say(void **state)
{
    (void)state;
    struct trigger_config c = {0};
    assert_int_equal(trigger_read_windows(SLICE("mon-fri 07:30-18:00; sat,sun 22:00-02:00 ;"), &c),
                     ERR_OK);
    assert_int_equal(c.windows_count, 2);
    static const struct {
        uint8_t day;
        uint16_t minute;
        bool want;
    } rows[] = {{1, 449, false}, {1, 450, true},   {5, 1079, true}, {5, 1080, false},
                {6, 450, false}, {6, 1319, false}, {6, 1320, true}, {0, 0, true},
                {0, 119, true},  {0, 120, false},  {1, 60, true},   {1, 120, false},
                {2, 60, false}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trigger_local l = {true, rows[i].day, rows[i].minute};
        if (trigger_in_window(&c, l) != rows[i].want)
            fail_msg("day %u minute %u", rows[i].day, rows[i].minute);
    }
    assert_true(trigger_in_window(&c, (struct trigger_local){.known = false}));
    static const char *const bad[] = {
        "mon",   "mon 7-8", "mon 24:00-01:00", "mon 07:60-08:00", "xyz 07:00-08:00",
        "07:00", "mon-",    "fri- 07:00-08:00"};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(trigger_read_windows(slice_of(bad[i]), &c), ERR_INPUT);
    assert_int_equal(trigger_read_windows(SLICE("00:00-01:00;00:00-01:00;00:00-01:00;00:00-01:00;"
                                                "00:00-01:00;00:00-01:00;00:00-01:00"),
                                          &c),
                     ERR_LIMIT);
    assert_int_equal(trigger_read_windows(SLICE("fri-mon 00:00-24:00"), &c), ERR_OK);
    assert_int_equal(c.windows[0].days, 0x63);
}

static void the_interval_keeps_its_beat(void **state)
{
    (void)state;
    struct trigger t;
    struct trigger_config c = {.interval_ms = 1000};
    struct trigger_local l = {0};
    enum shot_trigger why;
    trigger_init(&t, &c, (struct mono){500});
    unsigned photos = 0;
    for (uint64_t now = 500; now < 60500; now += 7)
        photos += trigger_due(&t, (struct mono){now}, l, &why) ? 1 : 0;
    assert_int_equal(photos, 60);
    assert_true(trigger_due(&t, (struct mono){99700}, l, &why)); /* asleep: one, not forty */
    assert_false(trigger_due(&t, (struct mono){100499}, l, &why));
    assert_true(trigger_due(&t, (struct mono){100500}, l, &why));
    assert_int_equal(trigger_wake(&t, (struct mono){100500}).at.ms, 101500);
}

static void gpio_has_a_gap_and_requests_a_limit(void **state)
{
    (void)state;
    struct trigger t;
    struct trigger_config c = {.gpio_gap_ms = 2000};
    struct trigger_local l = {0};
    enum shot_trigger why;
    trigger_init(&t, &c, (struct mono){0});
    assert_false(trigger_due(&t, (struct mono){0}, l, &why));
    trigger_gpio(&t, (struct mono){100});
    trigger_gpio(&t, (struct mono){200});
    assert_true(trigger_due(&t, (struct mono){300}, l, &why));
    assert_int_equal(why, SHOT_BY_GPIO);
    assert_false(trigger_due(&t, (struct mono){300}, l, &why));
    trigger_gpio(&t, (struct mono){2099});
    assert_false(trigger_due(&t, (struct mono){2099}, l, &why));
    trigger_gpio(&t, (struct mono){2100});
    assert_true(trigger_due(&t, (struct mono){2100}, l, &why));
    for (int i = 0; i < TRIGGER_REQUESTS_MAX; i++)
        assert_true(trigger_request(&t));
    assert_false(trigger_request(&t));
    for (int i = 0; i < TRIGGER_REQUESTS_MAX; i++)
        assert_true(trigger_due(&t, (struct mono){3000}, l, &why) && why == SHOT_BY_REQUEST);
    assert_false(trigger_due(&t, (struct mono){3000}, l, &why));
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_default_is_an_allowed_value),
        CASE(numbers_hold_their_range_to_the_digit),
        CASE(texts_cannot_break_out),
        CASE(secrets_are_never_shown),
        CASE(what_was_saved_is_loaded),
        CASE(the_longest_settings_fit_the_vault),
        CASE(older_names_and_values_no_longer_allowed_are_met),
        CASE(windows_cover_what_they_say),
        CASE(the_interval_keeps_its_beat),
        CASE(gpio_has_a_gap_and_requests_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
