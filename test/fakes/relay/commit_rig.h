/* test/fakes/relay/commit_rig.h - a committer over a disk and a database in memory that can lose
 * power together, and uploads as workers hand them over. */
#pragma once

#include "relay/logic/commit.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/fakes/relay/fake_state.h"

struct commit_rig {
    struct fake_fs disk;
    struct fake_state memory;
    struct state state;
    struct hash hash;
    struct clock clock;
    struct wall now;
    struct mono ticks;
    struct commit commit;
    enum ground_promise promise;
    uint32_t dedupe_window_s;
    uint64_t spools;
    unsigned named; /* names told before they were given */
};

/* What one upload says of itself. */
struct rig_upload {
    const char *bytes;
    const char *key;      /* NULL: none */
    const char *camera;   /* NULL: none */
    const char *original; /* NULL: none */
};

void rig_init(struct commit_rig *r, enum ground_promise promise);
void rig_deinit(struct commit_rig *r);
/* A run begins: what the daemon does before it listens. */
void rig_start(struct commit_rig *r);
/* The power goes: the disk loses as `loss` says, the database what came after `batch`. */
void rig_power_cut(struct commit_rig *r, enum fake_fs_loss loss, int64_t batch);

/* Spools one upload. ERR_OK: `item` may be committed. */
enum err rig_spool(struct commit_rig *r, const struct rig_upload *u, struct commit_item *item);
/* Spools and commits alone. */
void rig_send(struct commit_rig *r, const struct rig_upload *u, struct commit_item *out);

bool rig_file_is(struct commit_rig *r, const char *name, const char *bytes);
