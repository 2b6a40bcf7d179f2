/* relay/port/sqlite_view.h - what the two files of the readers share; see sqlite_private.h. */
#pragma once

#include "relay/port/sqlite_private.h"

enum { VIEW_NAMES = 256 }; /* read in one transaction, then told */

struct sqlite_view {
    struct sqlite_conn conn;
    /* As of the transaction that is open. */
    int ids[DESTINATIONS_MAX];
    size_t active;
    int64_t bits;
    bool owed_any;
    char names[VIEW_NAMES][PHOTO_NAME_MAX];
};

/* One call sees one state of things: everything between begin and end is of one moment. */
enum err sqlite_view_begin(struct sqlite_view *v);
/* Answers `e`, or what ending failed with. */
enum err sqlite_view_end(struct sqlite_view *v, enum err e);

/* Binds the first two parameters. */
void sqlite_view_bind(struct sqlite_view *v, int statement, int64_t first, int64_t second);
/* First column of the one row, or `none`. The parameters are bound. */
enum err sqlite_view_number(struct sqlite_view *v, int statement, int64_t none, int64_t *out);

void sqlite_view_outbox_calls(struct state_view *s);
