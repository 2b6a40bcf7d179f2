/* relay/main/adopter.h - takes files that lie in the folder without a row: copied in by hand, left
 * by a crash, or all of them when the database had to be made anew.
 *
 * One thread of its own (the keeper's) makes all calls but those that say otherwise.
 */
#pragma once

#include <stdbool.h>

#include "relay/logic/metrics.h"
#include "relay/main/committer.h"

struct adopter;

struct adopter_deps { /* all borrowed */
    const struct fs *fs;
    const struct hash *hash;
    const struct clock *clock;
    struct committer *committer;
    const struct state_view *view; /* the caller's thread's own */
    struct metrics *metrics;
    bool (*stop)(void *ctx); /* long work ends soon after this answers true */
    void *ctx;
    uint32_t still_ms; /* a copied file must not have changed for so long */
    unsigned accept;   /* MEDIUM_BITs */
};

CHECKED enum err adopter_create(const struct adopter_deps *deps, bool rebuilding,
                                struct adopter **out);
void adopter_destroy(struct adopter *a);

/* Until this is false, keys of stored photos may still be unknown. Any thread. */
bool adopter_is_rebuilding(const struct adopter *a);

/* New settings (adopter_deps.still_ms, accept). Any thread. */
void adopter_set_rules(struct adopter *a, uint32_t still_ms, unsigned accept);

/* This name is our own doing, no need to look at it when the watch tells or told of it. Any thread.
 */
void adopter_note(struct adopter *a, const char *name);

/* Brings the rows back from the records: journal and tags first (fast, by size), then checks every
 * photo's bytes. Does nothing unless rebuilding. */
void adopter_rebuild(struct adopter *a);
/* Looks through the whole folder. */
void adopter_scan(struct adopter *a);
/* A file was written or moved in. */
void adopter_hear(struct adopter *a, const char *name);
/* The watch lost some: the folder is looked through soon. */
void adopter_missed(struct adopter *a);
/* Looks at what was heard of; answers when to call again (ms from now). */
uint32_t adopter_step(struct adopter *a);
