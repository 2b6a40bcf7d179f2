/* relay/main/keeper.h - the thread for everything that may wait for a disk and is no upload:
 * adopting files, watching free space, retention, old keys, rows owed to new
 * destinations. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/port/fs.h"
#include "relay/logic/metrics.h"
#include "relay/logic/ports/watch.h"
#include "relay/logic/retention.h"
#include "relay/main/adopter.h"
#include "relay/main/committer.h"

struct keeper;

/* All borrowed until keeper_destroy(). */
struct keeper_deps {
    const struct fs *fs;
    const struct hash *hash;
    const struct clock *clock;
    struct committer *committer;
    const struct state_view *view; /* the keeper's own */
    const struct watch *watch;     /* tells of new files, and is what the keeper sleeps on */
    struct metrics *metrics;
    bool adopt;
    bool rebuilding;
    uint32_t adopt_still_ms;
    unsigned accept; /* MEDIUM_BITs */
    struct retention_rules rules;
};

/* The disk as it was a moment ago; never waits. */
struct keeper_space {
    struct fs_space space;
    uint32_t age_ms;
};

CHECKED enum err keeper_start(const struct keeper_deps *deps, struct keeper **out);
struct keeper_space keeper_space(const struct keeper *k);
bool keeper_is_rebuilding(const struct keeper *k);
/* New settings. Any thread. */
void keeper_set_rules(struct keeper *k, const struct retention_rules *rules);
void keeper_set_adopting(struct keeper *k, uint32_t still_ms, unsigned accept);
/* A photo got this name, by our own doing. Any thread. */
void keeper_note_name(struct keeper *k, const char *name);
/* Ends the thread. */
void keeper_stop(struct keeper *k);
void keeper_destroy(struct keeper *k);
