/* relay/main/forwarder.h - the thread that forwards photos and keeps sent_files.json.
 *
 * It runs relay/logic/dispatch.h and survives every error. Other threads tell it what became
 * durable and what was written, and read what it knows about its destinations; none of these calls
 * waits for the network or a disk.
 *
 * Order at the end: forwarder_stop(), then the writer writes what was posted last, then
 * forwarder_close(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "relay/logic/dispatch.h"
#include "relay/logic/sentfile.h"

enum {
    FORWARDER_PAUSE_MS = 1000,      /* after the uplink itself failed */
    FORWARDER_LAST_WRITE_MS = 3000, /* sent_files.json at the end may take so long */
};

struct forwarder;

/* Everything is borrowed until forwarder_close(), but `targets` and `names`, which are copied; the
 * texts they point to are borrowed too. The view, the uplink and the sentfile belong to the thread
 * alone while it runs. */
struct forwarder_setup {
    const struct dispatch_target *targets;
    const char *const *names; /* of the targets, for the log */
    size_t count;             /* ..DESTINATIONS_MAX; 0: keeps the sentfile only */
    struct dispatch_ports
        ports;                 /* its `post` is called on the forwarder's thread: copy and return */
    struct sentfile *sentfile; /* imported already; NULL: none */
    int64_t seen;              /* durable at start */
};

/* ERR_FULL: no memory, or no thread. */
CHECKED enum err forwarder_start(const struct forwarder_setup *setup, struct forwarder **out);

/* Photos up to `seen` are durable. From any thread. */
void forwarder_wake(struct forwarder *f, int64_t seen);

/* These posted results were written, or never will be. Every posted result comes back once; until
 * then its photo is taken to be on its way. From any thread. */
void forwarder_written(struct forwarder *f, const struct delivery_result *results, size_t count);

/* Tries everything now: dead letters were revived, or a person asked. From any thread. */
void forwarder_retry(struct forwarder *f);

/* The list of sent names changed without us (an import). From any thread. */
void forwarder_note_sent(struct forwarder *f);

/* New settings for the same destinations in the same order. From any thread. */
void forwarder_set_targets(struct forwarder *f, const struct dispatch_target *targets);

/* What pages show. From any thread. False if there is no such destination. */
bool forwarder_status(struct forwarder *f, unsigned destination,
                      struct destination_status *out_status);

/* Ends the thread within a second: transfers are cut, and posted as waiting and ambiguous. */
void forwarder_stop(struct forwarder *f);

/* Brings sent_files.json up to date and frees everything. Stops first if need be. NULL is
 * harmless. */
void forwarder_close(struct forwarder *f);
