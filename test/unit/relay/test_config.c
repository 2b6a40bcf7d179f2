/* Goal: a setting is what the owner wrote, or the start is refused with a reason; nothing between.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/logic/config.h"
#include "relay/logic/config_table.h"
#include "relay/logic/config_value.h"
#include "relay/logic/medium.h"
#include "test/unit/unit.h"

static struct config s_config;
static char s_why_memory[CONFIG_WHY_MAX];
static struct buf s_why;

static int fresh(void **state)
{
    (void)state;
    config_init(&s_config);
    buf_init(&s_why, s_why_memory, sizeof s_why_memory);
    return 0;
}

static enum err set_from(enum config_source source, const char *key, const char *value)
{
    buf_clear(&s_why);
    return config_set(&s_config, source, slice_of(key), slice_of(value), &s_why);
}

static enum err set(const char *key, const char *value)
{
    return set_from(CONFIG_FROM_OPTION, key, value);
}

static const char *why(void)
{
    const char *text = buf_text(&s_why);
    return text == NULL ? "(cut off)" : text;
}

static void check_why(const char *part)
{
    if (strstr(why(), part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why(), part);
}

static void the_defaults_are_those_of_the_script_it_replaces(void **state)
{
    (void)state;
    assert_int_equal(s_config.port, 5000);
    assert_string_equal(s_config.host, "0.0.0.0");
    assert_string_equal(s_config.dir, "./esp32_photos");
    assert_string_equal(s_config.sent_file, "sent_files.json");
    assert_int_equal(s_config.interval_ms, 60000);
    assert_int_equal(s_config.destination_count, 0);
    assert_int_equal(config_finish(&s_config, &s_why), ERR_OK);
}

static enum err set_amount(const char *key, uint64_t amount, const char *unit)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%" PRIu64 "%s", amount, unit);
    return set(key, text);
}

/* Every bound of the table: the value at it is taken, one past it refused. */
static void every_number_is_taken_at_its_bounds_and_refused_one_past_them(void **state)
{
    (void)state;
    size_t count, checked = 0;
    const struct config_key *rows = config_table(&count);
    for (size_t i = 0; i < count; i++) {
        const struct config_key *row = &rows[i];
        bool duration = row->kind == CONFIG_KIND_DURATION;
        if (!duration && row->kind != CONFIG_KIND_NUMBER && row->kind != CONFIG_KIND_SIZE)
            continue;
        const char *unit = duration ? "ms" : "";
        assert_int_equal(set_amount(row->name, row->min, unit), ERR_OK);
        assert_int_equal(set_amount(row->name, row->max, unit), ERR_OK);
        assert_int_equal(set_amount(row->name, row->max + 1, unit), ERR_INPUT);
        check_why("too large; at most ");
        if (row->min > 0) {
            assert_int_equal(set_amount(row->name, row->min - 1, unit), ERR_INPUT);
            check_why("too small; at least ");
        }
        checked++;
    }
    assert_true(checked > 15);
}

static void every_text_is_taken_at_its_length_and_refused_one_past_it(void **state)
{
    (void)state;
    size_t count, checked = 0;
    const struct config_key *rows = config_table(&count);
    for (size_t i = 0; i < count; i++) {
        const struct config_key *row = &rows[i];
        if (row->kind != CONFIG_KIND_TEXT && row->kind != CONFIG_KIND_SECRET)
            continue;
        char text[CONFIG_PATH_MAX + 1];
        memset(text, 'a', sizeof text);
        text[row->max] = '\0';
        assert_int_equal(set(row->name, text), ERR_OK);
        text[row->max] = 'a';
        text[row->max + 1] = '\0';
        assert_int_equal(set(row->name, text), ERR_INPUT);
        check_why("too long; at most ");
        assert_int_equal(set(row->name, ""), row->min > 0 ? ERR_INPUT : ERR_OK);
        assert_int_equal(set(row->name, "a\nb"), ERR_INPUT);
        checked++;
    }
    assert_true(checked >= 6);
}

static void every_default_reads_back_from_its_own_print(void **state)
{
    (void)state;
    size_t count;
    const struct config_key *rows = config_table(&count);
    for (size_t i = 0; i < count; i++) {
        char memory[CONFIG_PATH_MAX];
        struct buf text;
        buf_init(&text, memory, sizeof memory);
        config_value_print(&s_config, &rows[i], &text);
        assert_string_equal(buf_text(&text), rows[i].fallback);
        if (rows[i].kind != CONFIG_KIND_LIST)
            assert_int_equal(set(rows[i].name, memory), ERR_OK);
    }
}

static void wrong_values_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *reason;
    } ROWS[] = {
        {"port", "five", "\"five\" is not a whole number"},
        {"port", "-1", "not a whole number"},
        {"port", "", "not a whole number"},
        {"port", "5000 ", "not a whole number"},
        {"port", "99999999999999999999", "not a whole number"},
        {"interval", "soon", "\"soon\" is not a time"},
        {"interval", "1.", "is not a time"},
        {"interval", ".5", "is not a time"},
        {"interval", "1 min", "is not a time"},
        {"interval", "99999999999999999999999d", "too large; at most 1d"},
        {"max-upload", "much", "\"much\" is not a size"},
        {"max_upload", "1.5M", "is not a size"},
        {"max_upload", "99999999999999999999T", "too large; at most 1G"},
        {"immediate", "maybe", "neither yes nor no"},
        {"durability", "full", "not one of auto|one-flush|per-file|none"},
        {"durability", "aut", "not one of"},
        {"durability", "", "not one of"},
        {"host", "localhost", "not an IP address"},
        {"host", "256.1.1.1", "not an IP address"},
        {"host", "1:2:3", "not an IP address"},
        {"host", "", "not an IP address"},
        {"dir", "", "must not be empty"},
        {"upload_token", "", "must not be empty"},
        {"upload_token", "sha256:12", "64 hexadecimal digits"},
        {"page_password",
         "sha256:0000000000000000000000000000000000000000000000000000000000000000a",
         "64 hexadecimal digits"},
        {"page_password", "sha256:000000000000000000000000000000000000000000000000000000000000000g",
         "64 hexadecimal digits"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct config before = s_config;
        assert_int_equal(set(ROWS[i].key, ROWS[i].value), ERR_INPUT);
        check_why(ROWS[i].reason);
        assert_memory_equal(&before, &s_config, sizeof before);
    }
}

static void a_refused_secret_is_not_repeated_in_the_reason(void **state)
{
    (void)state;
    assert_int_equal(set("upload_token", "sha256:hunter2"), ERR_INPUT);
    assert_null(strstr(why(), "hunter2"));
    assert_int_equal(set("remote", "http://me:hunter2@host/"), ERR_INPUT);
    assert_null(strstr(why(), "hunter2"));
    assert_int_equal(set("remote_token", "hunter2\n"), ERR_INPUT);
    assert_null(strstr(why(), "hunter2"));
}

static void values_are_read_as_people_write_them(void **state)
{
    (void)state;
    assert_int_equal(set("interval", "0.1"), ERR_OK);
    assert_int_equal(s_config.interval_ms, 100);
    assert_int_equal(set("retention-max-age", "30d"), ERR_OK);
    assert_true(s_config.retention_max_age_ms == 30ull * 86400 * 1000);
    assert_int_equal(set("max_upload", "8m"), ERR_OK);
    assert_int_equal(s_config.max_upload_bytes, 8 << 20);
    assert_int_equal(set("immediate", "ON"), ERR_OK);
    assert_true(s_config.immediate);
    assert_int_equal(set("durability", "per-file"), ERR_OK);
    assert_int_equal(s_config.durability, CONFIG_DURABILITY_PER_FILE);
    assert_int_equal(set("log_level", "debug"), ERR_OK);
    assert_int_equal(s_config.log_level, CONFIG_LOG_DEBUG);
    assert_int_equal(set("host", "::"), ERR_OK);
    assert_string_equal(s_config.host, "::");
}

static void a_mistyped_key_is_answered_with_the_one_meant(void **state)
{
    (void)state;
    static const char *const ROWS[][2] = {
        {"prot", "did you mean \"port\"?"},          {"direct", "unknown setting"},
        {"intervall", "did you mean \"interval\"?"}, {"max-uplaod", "did you mean \"max_upload\"?"},
        {"PORT", "did you mean \"port\"?"},          {"", "unknown setting"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_int_equal(set(ROWS[i][0], "1"), ERR_INPUT);
        check_why(ROWS[i][1]);
    }
    assert_int_equal(set("xyzzy", "1"), ERR_INPUT);
    assert_null(strstr(why(), "did you mean"));
}

static void a_key_twice_in_the_file_is_refused_but_a_repeated_option_overrides(void **state)
{
    (void)state;
    assert_int_equal(set_from(CONFIG_FROM_FILE, "port", "1"), ERR_OK);
    assert_int_equal(set_from(CONFIG_FROM_FILE, "port", "2"), ERR_INPUT);
    check_why("given twice");
    assert_int_equal(set_from(CONFIG_FROM_ENVIRONMENT, "port", "3"), ERR_OK);
    assert_int_equal(set("port", "4"), ERR_OK);
    assert_int_equal(set("port", "5"), ERR_OK);
    assert_int_equal(s_config.port, 5);
    assert_int_equal(s_config.source[CONFIG_ID_port], CONFIG_FROM_OPTION);
}

static void remotes_without_a_name_are_numbered(void **state)
{
    (void)state;
    assert_int_equal(set("remote", "http://a:6000"), ERR_OK);
    assert_int_equal(set("remote", "shed=https://[::1]:8443/in"), ERR_OK);
    assert_int_equal(set("remote", "http://b/up?x=1"), ERR_OK);
    assert_int_equal(s_config.destination_count, 3);
    assert_string_equal(s_config.destinations[0].name, "remote");
    assert_string_equal(s_config.destinations[0].url, "http://a:6000/upload");
    assert_string_equal(s_config.destinations[1].name, "shed");
    assert_string_equal(s_config.destinations[1].url, "https://[::1]:8443/in");
    assert_string_equal(s_config.destinations[2].name, "remote2");
    assert_string_equal(s_config.destinations[2].url, "http://b/up?x=1");
    assert_true(s_config.destinations[2].enabled);
    assert_int_equal(set("remote", "shed=http://c/"), ERR_INPUT);
    check_why("\"shed\" is given twice");
}

static void a_remote_of_a_later_source_replaces_the_one_of_its_name(void **state)
{
    (void)state;
    assert_int_equal(set_from(CONFIG_FROM_FILE, "remote", "http://a/x"), ERR_OK);
    assert_int_equal(set_from(CONFIG_FROM_FILE, "remote", "keep=http://k/x"), ERR_OK);
    assert_int_equal(
        config_set_destination(&s_config, SLICE("remote"), SLICE("token"), SLICE("hush"), &s_why),
        ERR_OK);
    assert_int_equal(set("remote", "http://a/x"), ERR_OK);
    assert_string_equal(s_config.destinations[0].token, "hush");
    config_init(&s_config);
    assert_int_equal(set_from(CONFIG_FROM_FILE, "remote", "http://a/x"), ERR_OK);
    assert_int_equal(
        config_set_destination(&s_config, SLICE("remote"), SLICE("token"), SLICE("hush"), &s_why),
        ERR_OK);
    assert_int_equal(set("remote", "http://b/x"), ERR_OK);
    assert_int_equal(s_config.destination_count, 1);
    assert_string_equal(s_config.destinations[0].url, "http://b/x");
    assert_string_equal(s_config.destinations[0].token, ""); /* it was meant for a */
}

static void wrong_urls_are_refused(void **state)
{
    (void)state;
    static const char *const ROWS[][2] = {
        {"", "does not begin with http"},
        {"ftp://a/", "does not begin with http"},
        {"host:6000", "does not begin with http"},
        {"http://", "no proper host"},
        {"http:///upload", "no proper host"},
        {"http://:80/", "no proper host"},
        {"http://a:0/", "no proper host"},
        {"http://a:65536/", "no proper host"},
        {"http://a:/", "no proper host"},
        {"http://[::1/", "no proper host"},
        {"http://[1.2.3.4]/", "no proper host"},
        {"http://[::1]x/", "no proper host"},
        {"http://a b/", "holds a blank"},
        {"http://a/\xc3\xa9", "percent-encoded"},
        {"http://a?x", "no path before ?"},
        {"http://a/#x", "# in it"},
        {"http://u:p@a/", "must not hold a user"},
        {"bad name=http://a/", "does not begin with http"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_int_equal(set("remote", ROWS[i][0]), ERR_INPUT);
        check_why(ROWS[i][1]);
        assert_int_equal(s_config.destination_count, 0);
    }
    assert_int_equal(set("remote", "http://a:65535"), ERR_OK);
}

static void a_url_is_taken_at_its_length_and_refused_one_past_it(void **state)
{
    (void)state;
    char url[CONFIG_URL_MAX + 1];
    memset(url, 'a', sizeof url);
    memcpy(url, "http://h/", 9);
    url[CONFIG_URL_MAX] = '\0';
    assert_int_equal(set("remote", url), ERR_INPUT);
    check_why("too long");
    url[CONFIG_URL_MAX - 1] = '\0';
    assert_int_equal(set("remote", url), ERR_OK);
    assert_string_equal(s_config.destinations[0].url, url);
}

static void there_is_room_for_so_many_destinations_and_tokens_and_not_one_more(void **state)
{
    (void)state;
    for (int i = 0; i < DESTINATIONS_MAX; i++)
        assert_int_equal(set("remote", "http://a/"), ERR_OK);
    assert_int_equal(set("remote", "http://a/"), ERR_INPUT);
    check_why("at most 8");
    for (int i = 0; i < CONFIG_TOKENS_MAX; i++)
        assert_int_equal(set("upload_token", "t"), ERR_OK);
    assert_int_equal(set("upload_token", "t"), ERR_INPUT);
    check_why("at most 16");
}

static void keys_of_a_destination_are_checked_like_all_others(void **state)
{
    (void)state;
    static const char *const ROWS[][4] = {
        {"shed", "urll", "http://a/", "did you mean \"url\"?"},
        {"shed", "url", "a", "\"a\" does not begin"},
        {"shed", "enabled", "2", "\"2\" is neither"},
        {"sh ed", "url", "http://a/", "\"sh ed\" is not a name"},
        {"", "url", "http://a/", "\"\" is not a name"},
        {"123456789012345678901234567890123", "url", "http://a/", "is not a name"},
        {"shed", "token", "a\tb", "control character"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        buf_clear(&s_why);
        assert_int_equal(config_set_destination(&s_config, slice_of(ROWS[i][0]),
                                                slice_of(ROWS[i][1]), slice_of(ROWS[i][2]), &s_why),
                         ERR_INPUT);
        check_why(ROWS[i][3]);
        assert_int_equal(s_config.destination_count, 0);
    }
    buf_clear(&s_why);
    struct slice shed = SLICE("12345678901234567890123456789012");
    assert_int_equal(config_set_destination(&s_config, shed, SLICE("enabled"), SLICE("no"), &s_why),
                     ERR_OK);
    assert_false(s_config.destinations[0].enabled);
    assert_int_equal(config_finish(&s_config, &s_why), ERR_INPUT);
    check_why("has no url");
    buf_clear(&s_why);
    assert_int_equal(
        config_set_destination(&s_config, shed, SLICE("url"), SLICE("http://a"), &s_why), ERR_OK);
    assert_int_equal(config_finish(&s_config, &s_why), ERR_OK);
    assert_int_equal(
        config_set_destination(&s_config, shed, SLICE("url"), SLICE("http://a"), &s_why),
        ERR_INPUT);
    check_why("given twice");
}

static void what_needs_each_other_is_asked_for_together(void **state)
{
    (void)state;
    assert_int_equal(set("tls_cert", "c.pem"), ERR_OK);
    assert_int_equal(config_finish(&s_config, &s_why), ERR_INPUT);
    check_why("need each other");
    assert_int_equal(set("tls_key", "k.pem"), ERR_OK);
    assert_int_equal(config_finish(&s_config, &s_why), ERR_OK);
    assert_int_equal(set("remote_token", "t"), ERR_OK);
    assert_int_equal(config_finish(&s_config, &s_why), ERR_INPUT);
    check_why("no destination is called remote");
    assert_int_equal(set("remote", "http://a/"), ERR_OK);
    assert_int_equal(config_finish(&s_config, &s_why), ERR_OK);
    assert_string_equal(s_config.destinations[0].token, "t");
}

static void audio_streamers_are_named_or_numbered(void **state)
{
    (void)state;
    assert_int_equal(set_from(CONFIG_FROM_FILE, "audio", "http://192.168.1.60"), ERR_OK);
    assert_int_equal(
        set_from(CONFIG_FROM_FILE, "audio", "door=https://mic.lan:8443/stream.wav?t=secret"),
        ERR_OK);
    assert_int_equal(set_from(CONFIG_FROM_FILE, "audio", "http://[fe80::1]:8080/"), ERR_OK);
    assert_int_equal(s_config.audio_count, 3);
    assert_string_equal(s_config.audio[0].name, "audio");
    assert_string_equal(s_config.audio[0].url, "http://192.168.1.60/stream.wav");
    assert_string_equal(s_config.audio[1].name, "door");
    assert_string_equal(s_config.audio[1].url, "https://mic.lan:8443/stream.wav?t=secret");
    assert_string_equal(s_config.audio[2].name, "audio3");
    assert_string_equal(s_config.audio[2].url, "http://[fe80::1]:8080/stream.wav");
    assert_int_equal(set_from(CONFIG_FROM_FILE, "audio", "door=http://b"), ERR_INPUT);
    check_why("given twice");
    buf_clear(&s_why);
    assert_int_equal(set_from(CONFIG_FROM_FILE, "audio", "rtsp://b"), ERR_INPUT);
    check_why("http://");
    for (unsigned i = 3; i < CONFIG_AUDIO_MAX; i++)
        assert_int_equal(set_from(CONFIG_FROM_FILE, "audio", "http://c"), ERR_OK);
    buf_clear(&s_why);
    assert_int_equal(set_from(CONFIG_FROM_FILE, "audio", "http://c"), ERR_INPUT);
    check_why("too many");
    assert_int_equal(s_config.audio_count, CONFIG_AUDIO_MAX);
    /* A later source replaces them all. */
    assert_int_equal(
        config_set(&s_config, CONFIG_FROM_OPTION, SLICE("audio"), SLICE("http://d"), &s_why),
        ERR_OK);
    assert_int_equal(s_config.audio_count, 1);
    assert_string_equal(s_config.audio[0].url, "http://d/stream.wav");
}

static void what_is_accepted_is_judged_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(config_accept(&s_config), MEDIUM_BIT(MEDIUM_JPEG));
    assert_int_equal(set("accept", "image/jpeg, audio/flac"), ERR_OK);
    assert_int_equal(config_finish(&s_config, &s_why), ERR_OK);
    assert_int_equal(config_accept(&s_config), MEDIUM_BIT(MEDIUM_JPEG) | MEDIUM_BIT(MEDIUM_FLAC));
    config_init(&s_config);
    assert_int_equal(set("accept", "image/jpeg,audio/mp3"), ERR_OK);
    assert_int_equal(config_finish(&s_config, &s_why), ERR_INPUT);
    check_why("accept");
}

static void a_secret_opens_whether_written_plain_or_as_its_hash(void **state)
{
    (void)state;
    struct config_secret none = {0};
    assert_false(config_secret_matches(&none, SLICE("")));
    assert_false(config_secret_matches(&s_config.page_password, SLICE("")));
    assert_int_equal(set("upload_token", "abc"), ERR_OK);
    assert_int_equal(set("upload_token",
                         "sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                     ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_true(config_secret_matches(&s_config.upload_tokens[i], SLICE("abc")));
        assert_false(config_secret_matches(&s_config.upload_tokens[i], SLICE("abd")));
        assert_false(config_secret_matches(&s_config.upload_tokens[i], SLICE("")));
    }
}

#define SENTENCE(test) cmocka_unit_test_setup(test, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENTENCE(the_defaults_are_those_of_the_script_it_replaces),
        SENTENCE(every_number_is_taken_at_its_bounds_and_refused_one_past_them),
        SENTENCE(every_text_is_taken_at_its_length_and_refused_one_past_it),
        SENTENCE(every_default_reads_back_from_its_own_print),
        SENTENCE(wrong_values_are_refused_with_a_reason),
        SENTENCE(a_refused_secret_is_not_repeated_in_the_reason),
        SENTENCE(values_are_read_as_people_write_them),
        SENTENCE(a_mistyped_key_is_answered_with_the_one_meant),
        SENTENCE(a_key_twice_in_the_file_is_refused_but_a_repeated_option_overrides),
        SENTENCE(remotes_without_a_name_are_numbered),
        SENTENCE(a_remote_of_a_later_source_replaces_the_one_of_its_name),
        SENTENCE(wrong_urls_are_refused),
        SENTENCE(a_url_is_taken_at_its_length_and_refused_one_past_it),
        SENTENCE(there_is_room_for_so_many_destinations_and_tokens_and_not_one_more),
        SENTENCE(keys_of_a_destination_are_checked_like_all_others),
        SENTENCE(what_needs_each_other_is_asked_for_together),
        SENTENCE(audio_streamers_are_named_or_numbered),
        SENTENCE(what_is_accepted_is_judged_at_the_end),
        SENTENCE(a_secret_opens_whether_written_plain_or_as_its_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
