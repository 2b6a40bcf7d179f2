/* relay/main/pages_inside.h - what the files of pages share; for relay/main/pages*.c alone. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "relay/logic/catalog.h"
#include "relay/logic/photo_reply.h"
#include "relay/logic/routes.h"
#include "relay/main/pages.h"
#include "relay/main/snapshot.h"
#include "relay/main/thumbs.h"

struct pages {
    struct pages_deps deps;
    struct views *views;
    struct snapshots *snapshots;
    struct thumbs *thumbs;
    struct jobs *slow; /* one thread: decoding and exporting never hold up uploads */
    atomic_uint exports;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    unsigned requests; /* alive; under the lock */
};

/* One request that is answered later. Lives until its exchange is gone and its work is done. */
struct pages_request {
    struct pages *pages;
    enum route route;
    bool head_only;
    bool korean;
    char name[PHOTO_NAME_MAX];
    char if_none_match[PHOTO_REPLY_FIELD_MAX], if_range[PHOTO_REPLY_FIELD_MAX];
    char range[PHOTO_REPLY_FIELD_MAX];
    bool has_if_none_match, has_if_range, has_range;
    struct catalog_query query;
    struct snapshot_wait wait;

    pthread_mutex_t lock;
    struct front_exchange *x; /* NULL once it is gone; under the lock */
    unsigned owners;          /* under the lock */
};

/* pages.c */
/* Gives the answer unless the exchange is gone; a source is closed then. Always consumed. */
void pages_answer(struct pages_request *r, struct front_reply *reply);
void pages_answer_error(struct pages_request *r, unsigned status, const char *code,
                        const char *text);
/* The work is done: the worker lets go of the request. */
void pages_release(struct pages_request *r);
void pages_add_header(struct front_reply *reply, const char *name, const char *value);
/* Makes heap text the body, given away by pieces and freed at the end. `text` is taken. */
void pages_set_text(struct front_reply *reply, char *text, size_t len);

/* pages_live.c: as snapshot_wait.done */
void pages_live_done(void *arg, const struct snapshot *s);

/* pages_files.c: as jobs */
void pages_photo_run(void *arg);
void pages_thumb_run(void *arg);
void pages_catalog_run(void *arg);
void pages_sent_run(void *arg);
