/* test/fakes/relay/fake_outbox.h - the part of struct state_view that forwarding reads, over rows
 * in memory, and the writer that puts results into them. One thread. */
#pragma once

#include "relay/logic/ports/state_view.h"
#include "test/fakes/lib/fake_clock.h"

enum fake_outbox_place {
    FAKE_OUTBOX_PENDING,
    FAKE_OUTBOX_SENT,
    FAKE_OUTBOX_DEAD,
};

struct fake_outbox_row {
    struct outbox_row row;
    enum fake_outbox_place place;
};

struct fake_outbox {
    struct state_view view; /* outbox_due and sent_names only; hand it to the module under test */

    /* Levers. */
    unsigned fail_reads; /* so many next calls answer ERR_IO */
    size_t slow_by_ms;   /* sent_names moves this clock so far per name */
    struct fake_clock *clock;

    /* Counters. */
    unsigned reads;
    unsigned strange_results; /* recorded for a row that is not pending: a bug of the caller */

    struct fake_outbox_row *rows; /* in order of photo id, then destination */
    size_t count, cap;
};

void fake_outbox_init(struct fake_outbox *o);
void fake_outbox_deinit(struct fake_outbox *o);

/* Ids must not fall. */
void fake_outbox_add(struct fake_outbox *o, const struct photo *photo, unsigned destination);
/* As deliveries_record of the writer does. */
void fake_outbox_record(struct fake_outbox *o, const struct delivery_result *results, size_t count);

struct fake_outbox_row *fake_outbox_find(struct fake_outbox *o, int64_t photo,
                                         unsigned destination);
size_t fake_outbox_count(const struct fake_outbox *o, enum fake_outbox_place place);
