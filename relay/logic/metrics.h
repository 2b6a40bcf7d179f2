/* relay/logic/metrics.h - what the relay counts, and the text Prometheus reads.
 *
 * The table is metrics.def; add a row there and count it with one call. All calls may come from any
 * thread at any time and never wait; values are read one by one, so a scrape may see a photo
 * counted whose bytes are not yet added.
 *
 * Text format: Prometheus exposition format 0.0.4 (prometheus.io/docs/instrumenting/
 * exposition_formats). */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "relay/logic/ports/state_view.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum {
    METRICS_BOUNDS_MAX = 16,
    METRICS_CAMERAS_MAX = 256,       /* cameras with series of their own, the busiest first */
    METRICS_TEXT_BYTES_MAX = 262144, /* enough for every row, destination and camera */
};

/* Row numbers: METRIC_RECEIVED_TOTAL ... */
enum metric {
#define COUNTER(id, name, labels, help) METRIC_##id,
#define GAUGE(id, name, decimals, help) METRIC_##id,
#define COUNTER_TO(id, name, labels, help) METRIC_##id,
#define GAUGE_TO(id, name, decimals, help) METRIC_##id,
#define HISTOGRAM(id, name, decimals, help, ...) METRIC_##id,
#include "relay/logic/metrics.def"
#undef COUNTER
#undef GAUGE
#undef COUNTER_TO
#undef GAUGE_TO
#undef HISTOGRAM
    METRIC_COUNT
};

/* Zeroed by metrics_init; touched only by the functions here. */
struct metrics {
    _Atomic uint64_t values[METRIC_COUNT][DESTINATIONS_MAX]; /* plain rows use [0]; histograms: the
                                                                sum */
    _Atomic uint64_t buckets[METRIC_COUNT][METRICS_BOUNDS_MAX + 1]; /* the last: above all bounds */
};

void metrics_init(struct metrics *m);

/* Counts `n` more; for COUNTER rows. */
void metrics_add(struct metrics *m, enum metric id, uint64_t n);
/* The same for a COUNTER_TO row; `destination` < DESTINATIONS_MAX. */
void metrics_add_to(struct metrics *m, enum metric id, unsigned destination, uint64_t n);
/* Takes over what is counted elsewhere: the row shows `total` from now on. For COUNTER rows. */
void metrics_carry(struct metrics *m, enum metric id, uint64_t total);
/* The same for a COUNTER_TO row. */
void metrics_carry_to(struct metrics *m, enum metric id, unsigned destination, uint64_t total);
/* Sets a GAUGE row, in the row's own unit. */
void metrics_set(struct metrics *m, enum metric id, uint64_t value);
void metrics_set_to(struct metrics *m, enum metric id, unsigned destination, uint64_t value);
/* Moves a GAUGE row up or down: things that come and go. */
void metrics_step(struct metrics *m, enum metric id, int change);
/* Adds one observation to a HISTOGRAM row, in the row's own unit (mostly microseconds). */
void metrics_observe(struct metrics *m, enum metric id, uint64_t value);

/* The present value of a COUNTER or GAUGE row, or the sum of a HISTOGRAM. */
uint64_t metrics_value(const struct metrics *m, enum metric id);
uint64_t metrics_value_to(const struct metrics *m, enum metric id, unsigned destination);
/* Uploads refused, for whatever reason. */
uint64_t metrics_rejected(const struct metrics *m);
/* Observations of a HISTOGRAM row so far. */
uint64_t metrics_observed(const struct metrics *m, enum metric id);

/* What a scrape needs beyond the counters. Borrowed during the call. */
struct metrics_scrape {
    const char *version;
    const char *destinations[DESTINATIONS_MAX]; /* names, for the label */
    size_t destination_count;
    const struct camera_row *cameras;
    size_t camera_count; /* more than METRICS_CAMERAS_MAX are left out */
};

/* Writes everything as text. Judge `out->overflowed` at the end; METRICS_TEXT_BYTES_MAX is enough.
 */
void metrics_write(const struct metrics *m, const struct metrics_scrape *s, struct buf *out);
