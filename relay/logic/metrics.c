#include "relay/logic/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_COUNTER_TO, KIND_GAUGE_TO, KIND_HISTOGRAM };

struct row {
    const char *name;
    const char *labels;
    const char *help;
    enum kind kind;
    unsigned decimals;
    uint64_t bounds[METRICS_BOUNDS_MAX + 1]; /* ascending, 0 behind the last */
};

static const struct row ROWS[METRIC_COUNT] = {
#define COUNTER(id, name, labels, help) {name, labels, help, KIND_COUNTER, 0, {0}},
#define GAUGE(id, name, decimals, help) {name, "", help, KIND_GAUGE, decimals, {0}},
#define COUNTER_TO(id, name, labels, help) {name, labels, help, KIND_COUNTER_TO, 0, {0}},
#define GAUGE_TO(id, name, decimals, help) {name, "", help, KIND_GAUGE_TO, decimals, {0}},
#define HISTOGRAM(id, name, decimals, help, ...)                                                   \
    {name, "", help, KIND_HISTOGRAM, decimals, {__VA_ARGS__}},
#include "relay/logic/metrics.def"
#undef COUNTER
#undef GAUGE
#undef COUNTER_TO
#undef GAUGE_TO
#undef HISTOGRAM
};

void metrics_init(struct metrics *m)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        for (size_t d = 0; d < DESTINATIONS_MAX; d++)
            atomic_init(&m->values[i][d], 0);
        for (size_t b = 0; b <= METRICS_BOUNDS_MAX; b++)
            atomic_init(&m->buckets[i][b], 0);
    }
}

void metrics_add(struct metrics *m, enum metric id, uint64_t n)
{
    assert(ROWS[id].kind == KIND_COUNTER);
    atomic_fetch_add_explicit(&m->values[id][0], n, memory_order_relaxed);
}

void metrics_add_to(struct metrics *m, enum metric id, unsigned destination, uint64_t n)
{
    assert(ROWS[id].kind == KIND_COUNTER_TO && destination < DESTINATIONS_MAX);
    atomic_fetch_add_explicit(&m->values[id][destination], n, memory_order_relaxed);
}

void metrics_carry(struct metrics *m, enum metric id, uint64_t total)
{
    assert(ROWS[id].kind == KIND_COUNTER);
    atomic_store_explicit(&m->values[id][0], total, memory_order_relaxed);
}

void metrics_carry_to(struct metrics *m, enum metric id, unsigned destination, uint64_t total)
{
    assert(ROWS[id].kind == KIND_COUNTER_TO && destination < DESTINATIONS_MAX);
    atomic_store_explicit(&m->values[id][destination], total, memory_order_relaxed);
}

void metrics_set(struct metrics *m, enum metric id, uint64_t value)
{
    assert(ROWS[id].kind == KIND_GAUGE);
    atomic_store_explicit(&m->values[id][0], value, memory_order_relaxed);
}

void metrics_set_to(struct metrics *m, enum metric id, unsigned destination, uint64_t value)
{
    assert(ROWS[id].kind == KIND_GAUGE_TO && destination < DESTINATIONS_MAX);
    atomic_store_explicit(&m->values[id][destination], value, memory_order_relaxed);
}

void metrics_step(struct metrics *m, enum metric id, int change)
{
    assert(ROWS[id].kind == KIND_GAUGE);
    /* Unsigned arithmetic wraps, so adding the two's complement of -1 takes one away. */
    atomic_fetch_add_explicit(&m->values[id][0], (uint64_t)(int64_t)change, memory_order_relaxed);
}

void metrics_observe(struct metrics *m, enum metric id, uint64_t value)
{
    const struct row *row = &ROWS[id];
    assert(row->kind == KIND_HISTOGRAM);
    size_t bucket = 0;
    while (row->bounds[bucket] != 0 && value > row->bounds[bucket])
        bucket++;
    if (row->bounds[bucket] == 0)
        bucket = METRICS_BOUNDS_MAX;
    atomic_fetch_add_explicit(&m->values[id][0], value, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->buckets[id][bucket], 1, memory_order_relaxed);
}

uint64_t metrics_value(const struct metrics *m, enum metric id)
{
    return metrics_value_to(m, id, 0);
}

uint64_t metrics_value_to(const struct metrics *m, enum metric id, unsigned destination)
{
    assert(destination < DESTINATIONS_MAX);
    return atomic_load_explicit(&m->values[id][destination], memory_order_relaxed);
}

static uint64_t bucket_count(const struct metrics *m, enum metric id, size_t bucket)
{
    return atomic_load_explicit(&m->buckets[id][bucket], memory_order_relaxed);
}

uint64_t metrics_rejected(const struct metrics *m)
{
    uint64_t sum = 0;
    for (unsigned id = METRIC_REJECTED_MALFORMED; id <= METRIC_REJECTED_GONE; id++) {
        assert(strcmp(ROWS[id].name, "rejected_total") == 0);
        sum += metrics_value(m, (enum metric)id);
    }
    return sum;
}

uint64_t metrics_observed(const struct metrics *m, enum metric id)
{
    assert(ROWS[id].kind == KIND_HISTOGRAM);
    uint64_t sum = 0;
    for (size_t b = 0; b <= METRICS_BOUNDS_MAX; b++)
        sum += bucket_count(m, id, b);
    return sum;
}

/* `value` in units of 10^-decimals as a decimal number, exact and without trailing zeros. */
static void write_number(struct buf *out, uint64_t value, unsigned decimals)
{
    uint64_t unit = 1;
    for (unsigned i = 0; i < decimals; i++)
        unit *= 10;
    buf_add_format(out, "%" PRIu64, value / unit);
    uint64_t rest = value % unit;
    if (rest == 0)
        return;
    buf_add_char(out, '.');
    for (; rest != 0; rest %= unit) {
        unit /= 10;
        buf_add_char(out, (char)('0' + rest / unit));
    }
}

/* A label's value: \, " and line breaks escaped, as the format asks. */
static void write_label(struct buf *out, const char *name, const char *value)
{
    buf_add_format(out, "%s=\"", name);
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\\' || *c == '"')
            buf_add_char(out, '\\');
        if (*c == '\n')
            buf_add_text(out, "\\n");
        else
            buf_add_char(out, *c);
    }
    buf_add_char(out, '"');
}

static void write_head(struct buf *out, const char *name, const char *help, const char *type)
{
    buf_add_format(out, "# HELP camrelay_%s %s\n# TYPE camrelay_%s %s\n", name, help, name, type);
}

/* One line: name{labels,destination="..."} value. */
static void write_series(struct buf *out, const struct row *row, const char *destination,
                         uint64_t value)
{
    buf_add_format(out, "camrelay_%s", row->name);
    bool braces = row->labels[0] != '\0' || destination != NULL;
    if (braces)
        buf_add_format(out, "{%s", row->labels);
    if (row->labels[0] != '\0' && destination != NULL)
        buf_add_char(out, ',');
    if (destination != NULL)
        write_label(out, "destination", destination);
    buf_add_text(out, braces ? "} " : " ");
    write_number(out, value, row->decimals);
    buf_add_char(out, '\n');
}

static void write_histogram(const struct metrics *m, enum metric id, struct buf *out)
{
    const struct row *row = &ROWS[id];
    uint64_t below = 0;
    for (size_t b = 0; row->bounds[b] != 0; b++) {
        below += bucket_count(m, id, b);
        buf_add_format(out, "camrelay_%s_bucket{le=\"", row->name);
        write_number(out, row->bounds[b], row->decimals);
        buf_add_format(out, "\"} %" PRIu64 "\n", below);
    }
    below += bucket_count(m, id, METRICS_BOUNDS_MAX);
    buf_add_format(out, "camrelay_%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", row->name, below);
    buf_add_format(out, "camrelay_%s_sum ", row->name);
    write_number(out, metrics_value(m, id), row->decimals);
    buf_add_format(out, "\ncamrelay_%s_count %" PRIu64 "\n", row->name, below);
}

static const char *type_of(enum kind kind)
{
    switch (kind) {
    case KIND_COUNTER:
    case KIND_COUNTER_TO: return "counter";
    case KIND_GAUGE:
    case KIND_GAUGE_TO: return "gauge";
    case KIND_HISTOGRAM: return "histogram";
    }
    return "untyped";
}

static void write_row(const struct metrics *m, enum metric id, const struct metrics_scrape *s,
                      struct buf *out)
{
    const struct row *row = &ROWS[id];
    if (id == 0 || strcmp(row->name, ROWS[id - 1].name) != 0)
        write_head(out, row->name, row->help, type_of(row->kind));
    switch (row->kind) {
    case KIND_COUNTER:
    case KIND_GAUGE: write_series(out, row, NULL, metrics_value(m, id)); break;
    case KIND_COUNTER_TO:
    case KIND_GAUGE_TO:
        for (unsigned d = 0; d < s->destination_count; d++)
            write_series(out, row, s->destinations[d], metrics_value_to(m, id, d));
        break;
    case KIND_HISTOGRAM: write_histogram(m, id, out); break;
    }
}

enum camera_field { CAMERA_PHOTOS, CAMERA_GAPS, CAMERA_LAST };

static void write_cameras(const struct metrics_scrape *s, const char *name, enum camera_field field,
                          struct buf *out)
{
    for (size_t i = 0; i < s->camera_count && i < METRICS_CAMERAS_MAX; i++) {
        const struct camera_row *c = &s->cameras[i];
        buf_add_format(out, "camrelay_%s{", name);
        write_label(out, "camera", c->camera);
        buf_add_text(out, "} ");
        switch (field) {
        case CAMERA_PHOTOS: write_number(out, c->photos, 0); break;
        case CAMERA_GAPS: write_number(out, c->gaps, 0); break;
        case CAMERA_LAST: write_number(out, (uint64_t)c->last_received.ms, 3); break;
        }
        buf_add_char(out, '\n');
    }
}

void metrics_write(const struct metrics *m, const struct metrics_scrape *s, struct buf *out)
{
    write_head(out, "info", "The program that answers", "gauge");
    buf_add_text(out, "camrelay_info{");
    write_label(out, "version", s->version);
    buf_add_text(out, "} 1\n");
    for (unsigned id = 0; id < METRIC_COUNT; id++)
        write_row(m, (enum metric)id, s, out);
    if (s->camera_count == 0)
        return;
    write_head(out, "camera_photos_total", "Photos ever stored per camera", "counter");
    write_cameras(s, "camera_photos_total", CAMERA_PHOTOS, out);
    write_head(out, "camera_missing_photos", "Numbers a camera gave out that never arrived",
               "gauge");
    write_cameras(s, "camera_missing_photos", CAMERA_GAPS, out);
    write_head(out, "camera_last_received_timestamp_seconds", "When a camera was last heard",
               "gauge");
    write_cameras(s, "camera_last_received_timestamp_seconds", CAMERA_LAST, out);
}
