/* Goal: the owner's settings of a streamer fit everything they go into, survive flash, and those
 * that can change at once do. */
#include <string.h>

#include "audio/logic/studio.h"
#include "audio/logic/tuning.h"
#include "test/unit/unit.h"

static struct tuning s_tuning;

static int begin(void **state)
{
    (void)state;
    prefs_defaults(&tuning_table, &s_tuning);
    return 0;
}

static enum err set(const char *name, const char *value)
{
    return prefs_set(&tuning_table, &s_tuning, slice_of(name), slice_of(value));
}

static void defaults_are_those_of_the_description(void **state)
{
    (void)state;
    assert_string_equal(s_tuning.name, "ESP32-C3-Audio");
    assert_int_equal(s_tuning.gpio, 2);
    assert_int_equal(s_tuning.block, 512);
    assert_int_equal(s_tuning.source, TUNING_ADC);
    for (unsigned i = 0; i < tuning_table.count; i++) {
        char text[PREFS_VALUE_MAX];
        struct buf b;
        buf_init(&b, text, sizeof text);
        prefs_put(&s_tuning, &tuning_table.rows[i], &b);
        assert_int_equal(
            prefs_set(&tuning_table, &s_tuning, slice_of(tuning_table.rows[i].name), buf_slice(&b)),
            ERR_OK);
    }
}

static const struct {
    const char *name, *value;
    enum err want;
} sets[] = {
    {"name", "Kitchen (left) #2", ERR_OK},
    {"name", "", ERR_INPUT},
    {"name", "quote\"", ERR_INPUT},
    {"name", "back\\slash", ERR_INPUT},
    {"name", "12345678901234567890123456789", ERR_OK},
    {"name", "123456789012345678901234567890", ERR_LIMIT},
    {"token", "abc-DEF_1.2~3", ERR_OK},
    {"token", "a b", ERR_INPUT},
    {"token", "a&t=b", ERR_INPUT},
    {"password", "1234567", ERR_INPUT},
    {"password", "12345678", ERR_OK},
    {"rtp_to", "239.1.2.3", ERR_OK},
    {"rtp_to", "relay.local", ERR_INPUT},
    {"block", "80", ERR_OK},
    {"block", "79", ERR_LIMIT},
    {"block", "512", ERR_OK},
    {"block", "513", ERR_LIMIT},
    {"block", "321", ERR_INPUT},
    {"gain_db", "-20", ERR_OK},
    {"gain_db", "41", ERR_LIMIT},
    {"attenuation", "6db", ERR_OK},
    {"attenuation", "2", ERR_INPUT},
    {"source", "i2s", ERR_OK},
    {"bluetooth", "handsfree", ERR_OK},
};

static void each_setting_holds_its_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        if (set(sets[i].name, sets[i].value) != sets[i].want)
            fail_msg("%s=%s", sets[i].name, sets[i].value);
    }
}

static void everything_set_to_its_longest_fits_the_vault(void **state)
{
    (void)state;
    char text[TUNING_TEXT_BYTES_MAX];
    struct buf b;
    for (unsigned i = 0; i < tuning_table.count; i++) {
        const struct prefs_row *row = &tuning_table.rows[i];
        char *at = (char *)&s_tuning + row->offset;
        if (row->kind == PREFS_TEXT)
            memset(at, 'x', (size_t)row->most);
        else if (row->kind == PREFS_NUMBER)
            memcpy(at, &row->most, sizeof row->most);
    }
    buf_init(&b, text, sizeof text);
    assert_true(prefs_save(&tuning_table, &s_tuning, &b));
    assert_true(sizeof s_tuning.name <= STUDIO_NAME_MAX + 1);
    assert_true(sizeof s_tuning.token <= STUDIO_TOKEN_MAX + 1);
    assert_true(sizeof s_tuning.rtp_to <= STUDIO_ADDRESS_MAX + 1);
}

static void gain_codec_and_secrets_change_at_once_the_rest_at_the_next_start(void **state)
{
    (void)state;
    static const char *const at_once[][2] = {
        {"gain_db", "6"}, {"codec", "adpcm"}, {"token", "abc"}, {"admin_password", "12345678"}};
    static const char *const later[][2] = {
        {"name", "Bell"}, {"gpio", "3"}, {"ssid", "net"}, {"bluetooth", "off"}, {"block", "320"}};
    struct tuning before = s_tuning;
    assert_false(tuning_needs_restart(&before, &s_tuning, false));
    assert_int_equal(set("bluetooth", "ble"), ERR_OK);
    before = s_tuning;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(set(at_once[i][0], at_once[i][1]), ERR_OK);
    assert_false(tuning_needs_restart(&before, &s_tuning, false));
    for (size_t i = 0; i < 5; i++) {
        before = s_tuning;
        assert_int_equal(set(later[i][0], later[i][1]), ERR_OK);
        assert_true(tuning_needs_restart(&before, &s_tuning, false));
        assert_int_equal(tuning_needs_restart(&before, &s_tuning, true),
                         strcmp(later[i][0], "ssid") != 0);
    }
}

static const struct {
    const char *name, *host;
} hosts[] = {
    {"ESP32-C3-Audio", "esp32-c3-audio"},
    {"Kitchen (left) #2", "kitchen-left-2"},
    {"--x--", "x"},
    {"(#)", "audio-a1b2c3"},
    {"12345678901234567890123456789", "12345678901234567890123456789"},
};

static void host_names_are_letters_digits_and_hyphens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        char host[TUNING_HOST_MAX];
        assert_int_equal(set("name", hosts[i].name), ERR_OK);
        tuning_host(&s_tuning, "audio-a1b2c3", host);
        assert_string_equal(host, hosts[i].host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_are_those_of_the_description, begin),
        cmocka_unit_test_setup(each_setting_holds_its_limits, begin),
        cmocka_unit_test_setup(everything_set_to_its_longest_fits_the_vault, begin),
        cmocka_unit_test_setup(gain_codec_and_secrets_change_at_once_the_rest_at_the_next_start,
                               begin),
        cmocka_unit_test_setup(host_names_are_letters_digits_and_hyphens, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
