/* test/fakes/relay/fake_state.h - the relay's state in memory, with levers to break it.
 *
 * Does what state_sqlite does, by the plainest means (test/contract/relay/state_contract.c runs
 * over both). Every call of the writer counts, from 1. Calls may come from several threads. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "relay/logic/ports/state_view.h"

enum { FAKE_STATE_SNAPSHOTS = 16 };

struct fake_state_model;
struct fake_list;

struct fake_state {
    pthread_mutex_t lock;
    struct fake_list *records; /* everything ever made, freed at the end */
    struct fake_state_model *now;
    struct fake_state_model *after[FAKE_STATE_SNAPSHOTS]; /* as the newest commits left it */
    struct state_mark mark;
    unsigned calls;   /* of the writer, so far */
    unsigned fail_at; /* this call fails, and nothing of it happens; 0 = none */
    enum err fail_with;
    bool fail_on; /* every call from fail_at on fails */
};

void fake_state_init(struct fake_state *f);
void fake_state_deinit(struct fake_state *f);

/* Starts a run: the answer of `mark` is what is stored now. Borrows `f`. */
void fake_state_open(struct fake_state *f, struct state *out_state);
void fake_state_view_open(struct fake_state *f, struct state_view *out_view);

/* The writer's call number `nth` from now (1 = the next) fails with `e`. */
void fake_state_fail(struct fake_state *f, unsigned nth, enum err e);

/* A power cut: what came after the commit of batch `batch` is lost (0: everything; it is among the
 * newest FAKE_STATE_SNAPSHOTS). The end was not clean. Open again afterwards. */
void fake_state_reboot(struct fake_state *f, int64_t batch);
/* The process was killed: nothing is lost, the end was not clean. Open again afterwards. */
void fake_state_kill(struct fake_state *f);

/* `out_photo` may be NULL. */
bool fake_state_has(struct fake_state *f, const char *name, struct photo *out_photo);
