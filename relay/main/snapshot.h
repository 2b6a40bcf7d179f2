/* relay/main/snapshot.h - the numbers of /health and the page, however sick the disk is.
 *
 * One thread reads database and disk when somebody asks; all who asked before it began share what
 * it finds. A second thread answers with the numbers of the last time whoever has waited for
 * SNAPSHOT_WAIT_MS, so that a disk that hangs does not silence /health. */
#pragma once

#include "lib/port/fs.h"
#include "relay/logic/metrics.h"
#include "relay/logic/overview.h"
#include "relay/main/views.h"

enum { SNAPSHOT_WAIT_MS = 500 };

struct snapshot {
    bool have; /* false: nothing could be read yet, everything is 0 */
    struct mono taken;
    struct state_counts counts;
    struct fs_space space;
    struct listed_photo latest[OVERVIEW_LATEST];
    size_t latest_count;
    struct camera_row cameras[METRICS_CAMERAS_MAX];
    size_t camera_count;
};

/* Memory of whoever asks, untouched until `done` was called. */
struct snapshot_wait {
    /* Called once, on another thread; must not wait. The snapshot is borrowed for the call. */
    void (*done)(void *arg, const struct snapshot *s);
    void *arg;
    /* For snapshot_ask alone: */
    struct snapshot_wait *next;
    struct mono deadline;
    uint64_t round;
};

struct snapshot_deps {
    const struct fs *fs;
    const struct clock *clock;
    struct views *views;
    void *ctx;
    int64_t (*seen)(void *ctx); /* highest photo that may be shown; never waits */
};

struct snapshots;

/* `deps` is copied, what it points to outlives the snapshots. */
CHECKED enum err snapshot_create(const struct snapshot_deps *deps, struct snapshots **out);
/* Never waits. */
void snapshot_ask(struct snapshots *s, struct snapshot_wait *w);
/* Answers everybody who waits, ends both threads and frees. NULL does nothing. */
void snapshot_destroy(struct snapshots *s);
