/* test/contract/relay/state_contract_world.h - what the suites of the contract share. */
#pragma once

#include "test/contract/relay/state_contract.h"
#include "test/unit/unit.h"

enum { WORLD_ROWS = 64 };

struct world {
    const struct state_contract *contract;
    struct state state;
    struct state_view view;

    int64_t photo; /* receipt numbers given out */
    int64_t batch;
    struct listed_photo listed[WORLD_ROWS];
    struct outbox_row outbox[WORLD_ROWS];
    struct photo photos[WORLD_ROWS];
    size_t count; /* rows the last look found */
};

extern struct world world;

int world_begin(void **state);
int world_end(void **state);
void world_reopen_clean(void);
void world_reopen_killed(void);

/* A photo that differs from every other one in name, content and time; not stored yet. */
struct photo world_photo(const char *name, const char *camera, const char *key);
/* Stores them in one batch; ids are set. */
void world_commit(struct photo *photos, size_t count);
/* Makes and stores one. */
struct photo world_put(const char *name, const char *camera, const char *key);
void world_forget(int64_t id, bool keep_key);
void world_destinations(const char *a, const char *b); /* NULL: fewer */
void world_backfill(void);
void world_record(int64_t photo, unsigned destination, enum delivery_outcome outcome);

/* Looks: what they found is in `world`. */
size_t world_list(int64_t before, const char *camera);
size_t world_due(unsigned destination, bool newest_first, int64_t bound);
size_t world_undelivered(bool dead_only);
size_t world_oldest_sent(const char *camera);
struct state_counts world_counts(void);
enum delivery_state world_delivery(const char *name, unsigned destination);
bool world_sent_name(const char *name); /* told exactly once */
bool world_key(const char *camera, const char *key, struct photo *out);

extern const struct CMUnitTest state_photo_tests[];
extern const size_t state_photo_test_count;
extern const struct CMUnitTest state_outbox_tests[];
extern const size_t state_outbox_test_count;
