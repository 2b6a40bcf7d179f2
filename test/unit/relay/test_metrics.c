/* Goal: whatever is counted is read back from the text as Prometheus would, and nothing else. */

#include "relay/logic/metrics.h"
#include "test/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct metrics s_metrics;
static char s_text[METRICS_TEXT_BYTES_MAX];

static const struct metrics_scrape SCRAPE = {
    .version = "1.2.3", .destinations = {"remote", "attic"}, .destination_count = 2};

static const char *written(const struct metrics_scrape *s)
{
    struct buf out;
    buf_init(&out, s_text, sizeof s_text);
    metrics_write(&s_metrics, s, &out);
    assert_false(out.overflowed);
    const char *text = buf_text(&out);
    assert_non_null(text);
    return text;
}

/* The whole line must stand there: begun after a line break, ended by one. */
static bool has_line(const char *text, const char *line)
{
    size_t len = strlen(line);
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
        if ((at == text || at[-1] == '\n') && at[len] == '\n')
            return true;
    return false;
}

static int fresh(void **state)
{
    (void)state;
    metrics_init(&s_metrics);
    return 0;
}

static void counters_add_up_and_are_written(void **state)
{
    (void)state;
    metrics_add(&s_metrics, METRIC_RECEIVED_TOTAL, 1);
    metrics_add(&s_metrics, METRIC_RECEIVED_TOTAL, 2);
    metrics_add(&s_metrics, METRIC_RECEIVED_BYTES_TOTAL, UINT64_C(5000000000));
    metrics_add(&s_metrics, METRIC_REJECTED_DIGEST, 4);
    metrics_add(&s_metrics, METRIC_REJECTED_GONE, 2);
    metrics_add(&s_metrics, METRIC_REJECTED_MALFORMED, 1);
    assert_true(metrics_rejected(&s_metrics) == 7);
    metrics_add_to(&s_metrics, METRIC_FORWARD_SENT, 1, 9);
    const char *text = written(&SCRAPE);
    assert_true(has_line(text, "camrelay_received_total 3"));
    assert_true(has_line(text, "camrelay_received_bytes_total 5000000000"));
    assert_true(has_line(text, "camrelay_rejected_total{reason=\"digest\"} 4"));
    assert_true(has_line(text, "camrelay_forward_total{result=\"sent\",destination=\"remote\"} 0"));
    assert_true(has_line(text, "camrelay_forward_total{result=\"sent\",destination=\"attic\"} 9"));
    assert_true(has_line(text, "camrelay_info{version=\"1.2.3\"} 1"));
    assert_true(metrics_value(&s_metrics, METRIC_RECEIVED_TOTAL) == 3);
    assert_true(metrics_value_to(&s_metrics, METRIC_FORWARD_SENT, 1) == 9);
}

static void gauges_are_set_and_step_up_and_down(void **state)
{
    (void)state;
    metrics_set(&s_metrics, METRIC_DISK_FREE_BYTES, 70);
    metrics_set(&s_metrics, METRIC_DISK_FREE_BYTES, 60);
    metrics_step(&s_metrics, METRIC_CONNECTIONS, 1);
    metrics_step(&s_metrics, METRIC_CONNECTIONS, 1);
    metrics_step(&s_metrics, METRIC_CONNECTIONS, -1);
    metrics_set_to(&s_metrics, METRIC_BACKLOG, 0, 12);
    const char *text = written(&SCRAPE);
    assert_true(has_line(text, "camrelay_disk_free_bytes 60"));
    assert_true(has_line(text, "camrelay_connections 1"));
    assert_true(has_line(text, "camrelay_backlog_photos{destination=\"remote\"} 12"));
}

static void histograms_are_cumulative_with_bounds_that_belong_below(void **state)
{
    (void)state;
    metrics_observe(&s_metrics, METRIC_FLUSH_SECONDS, 0);
    metrics_observe(&s_metrics, METRIC_FLUSH_SECONDS, 500);     /* at the bound */
    metrics_observe(&s_metrics, METRIC_FLUSH_SECONDS, 501);     /* one past it */
    metrics_observe(&s_metrics, METRIC_FLUSH_SECONDS, 9000000); /* above all */
    const char *text = written(&SCRAPE);
    assert_true(has_line(text, "camrelay_flush_seconds_bucket{le=\"0.0005\"} 2"));
    assert_true(has_line(text, "camrelay_flush_seconds_bucket{le=\"0.001\"} 3"));
    assert_true(has_line(text, "camrelay_flush_seconds_bucket{le=\"5\"} 3"));
    assert_true(has_line(text, "camrelay_flush_seconds_bucket{le=\"+Inf\"} 4"));
    assert_true(has_line(text, "camrelay_flush_seconds_sum 9.001001"));
    assert_true(has_line(text, "camrelay_flush_seconds_count 4"));
    assert_true(has_line(text, "# TYPE camrelay_flush_seconds histogram"));
    assert_true(metrics_observed(&s_metrics, METRIC_FLUSH_SECONDS) == 4);
}

static void camera_names_cannot_break_a_line(void **state)
{
    (void)state;
    struct camera_row rows[2] = {{.camera = "a\"b\\c\nd", .photos = 7, .gaps = 2},
                                 {.camera = "현관", .last_received = {1700000000123}}};
    struct metrics_scrape s = SCRAPE;
    s.cameras = rows;
    s.camera_count = 2;
    const char *text = written(&s);
    assert_true(has_line(text, "camrelay_camera_photos_total{camera=\"a\\\"b\\\\c\\nd\"} 7"));
    assert_true(has_line(text, "camrelay_camera_missing_photos{camera=\"a\\\"b\\\\c\\nd\"} 2"));
    assert_true(has_line(
        text, "camrelay_camera_last_received_timestamp_seconds{camera=\"현관\"} 1700000000.123"));
}

/* Reads one series line as the format describes it; answers the end of the name. */
static size_t check_series(const char *line)
{
    size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
    assert_true(name > strlen("camrelay_") && strncmp(line, "camrelay_", 9) == 0);
    const char *at = line + name;
    if (*at == '{') {
        bool quoted = false;
        for (at++; *at != '}' || quoted; at++) {
            assert_true(*at != '\0' && *at != '\n');
            if (*at == '\\')
                at++;
            else if (*at == '"')
                quoted = !quoted;
        }
        at++;
    }
    assert_int_equal(*at, ' ');
    char *end;
    double value = strtod(at + 1, &end);
    assert_true(value >= 0 && end != at + 1);
    assert_int_equal(*end, '\0');
    return name;
}

/* Each line is a comment or a series; a name's lines stand together behind one TYPE of its own. */
static void every_line_parses_and_every_family_is_declared_once(void **state)
{
    (void)state;
    struct camera_row row = {.camera = "door \"1\"", .photos = 1};
    struct metrics_scrape s = SCRAPE;
    s.cameras = &row;
    s.camera_count = 1;
    metrics_observe(&s_metrics, METRIC_COMMIT_SECONDS, 1234);
    static char copy[METRICS_TEXT_BYTES_MAX];
    strcpy(copy, written(&s));
    static char declared[256][80];
    size_t count = 0;
    char *line = copy;
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_true(strlen(strchr(line + 7, ' ')) > 5);
            continue;
        }
        if (strncmp(line, "# TYPE ", 7) == 0) {
            *strchr(line + 7, ' ') = '\0';
            for (size_t i = 0; i < count; i++)
                assert_string_not_equal(declared[i], line + 7);
            snprintf(declared[count++], sizeof declared[0], "%s", line + 7);
            continue;
        }
        size_t name = check_series(line);
        size_t family = strlen(declared[count - 1]);
        assert_true(name >= family && strncmp(line, declared[count - 1], family) == 0);
    }
    assert_true(count > 30);
    assert_int_equal(*line, '\0'); /* the last line ended in a line break */
}

static void the_text_fits_with_every_camera_and_destination_at_its_longest(void **state)
{
    (void)state;
    static struct camera_row rows[METRICS_CAMERAS_MAX + 1];
    struct metrics_scrape s = {.version = "1.2.3", .destination_count = DESTINATIONS_MAX};
    static char names[DESTINATIONS_MAX][DESTINATION_NAME_MAX];
    for (size_t i = 0; i < METRICS_CAMERAS_MAX + 1; i++) {
        memset(rows[i].camera, '"', PHOTO_CAMERA_MAX - 1);
        rows[i].photos = rows[i].gaps = UINT64_MAX;
        rows[i].last_received.ms = INT64_MAX;
    }
    for (size_t d = 0; d < DESTINATIONS_MAX; d++) {
        memset(names[d], '"', DESTINATION_NAME_MAX - 1);
        s.destinations[d] = names[d];
    }
    s.cameras = rows;
    s.camera_count = METRICS_CAMERAS_MAX + 1; /* one past the limit is left out */
    const char *text = written(&s);
    size_t lines = 0;
    for (const char *at = text; (at = strstr(at, "\ncamrelay_camera_photos_total{")) != NULL; at++)
        lines++;
    assert_int_equal(lines, METRICS_CAMERAS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(counters_add_up_and_are_written, fresh),
        cmocka_unit_test_setup(gauges_are_set_and_step_up_and_down, fresh),
        cmocka_unit_test_setup(histograms_are_cumulative_with_bounds_that_belong_below, fresh),
        cmocka_unit_test_setup(camera_names_cannot_break_a_line, fresh),
        cmocka_unit_test_setup(every_line_parses_and_every_family_is_declared_once, fresh),
        cmocka_unit_test_setup(the_text_fits_with_every_camera_and_destination_at_its_longest,
                               fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
