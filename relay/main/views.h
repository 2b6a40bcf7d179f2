/* relay/main/views.h - a few readers of the database, lent one call at a time.
 *
 * A list that is sent for minutes borrows a reader only for the moments it needs rows, so many
 * slow clients share few readers. */
#pragma once

#include "relay/logic/ports/state_view.h"

enum { VIEWS_MAX = 8 };

struct views;

struct views_opener {
    void *ctx;
    CHECKED enum err (*open)(void *ctx, struct state_view *out_view);
};

/* At most `count` (1..VIEWS_MAX) readers, each opened when it is first needed. ERR_FULL: no memory.
 */
CHECKED enum err views_create(const struct views_opener *opener, unsigned count,
                              struct views **out_views);

/* Waits until a reader is free. ERR_IO and so on: it could not be opened; try again later. */
CHECKED enum err views_take(struct views *v, struct state_view **out_view);
void views_give(struct views *v, struct state_view *view);

/* All readers must have been given back. NULL does nothing. */
void views_destroy(struct views *v);
