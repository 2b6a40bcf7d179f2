/* relay/port/state_sqlite.h - the relay's state in a SQLite database (https://sqlite.org/wal.html).
 *
 * Write-ahead log, readers never block the writer. The log is moved into the database by
 * state.checkpoint alone, never by a commit. Memory stays within a few MiB however much is stored.
 *
 * A power cut keeps a prefix of the transactions, at least those a flush of the file system
 * covered; with `sync_each` every transaction is flushed before its call returns. */
#pragma once

#include <stdbool.h>

#include "lib/base/err.h"
#include "relay/logic/ports/state.h"
#include "relay/logic/ports/state_view.h"

/* Opens or makes the database at `path` (copied); its folder must exist. One writer at a time: the
 * caller holds the lock of the folder.
 *
 * A database that is damaged, or not ours, is renamed with its log to "PATH.broken-TIME" (UTC) and
 * a new one is made, with mark.rebuilt set. After an unclean end up to STATE_SQLITE_CHECK_BYTES of
 * it are checked first; a larger one only where it was written last, and whole once damage was met.
 *
 * ERR_INPUT: made by a newer program; it is left as it is. ERR_IO: the folder is missing or cannot
 * be written. ERR_FULL: no space. Each is logged with its reason. */
CHECKED enum err state_sqlite_open(const char *path, bool sync_each, struct state *out_state);

/* Opens the database for reading, from the thread that will use it; the writer is open and stays so
 * until the view is closed. */
CHECKED enum err state_sqlite_view_open(const char *path, struct state_view *out_view);

#define STATE_SQLITE_CHECK_BYTES (256LL << 20)
