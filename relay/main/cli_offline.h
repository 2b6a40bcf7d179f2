/* relay/main/cli_offline.h - lists read straight from a database, in the words of the daemon's own
 * answers, for when none runs. Destinations have no names there: they are numbered from 1. */
#pragma once

#include "relay/logic/catalog.h"
#include "relay/main/cli_link.h"

/* The same as the answer of GET /list, /api/pending and /api/dead. False if the database cannot be
 * read; that is said. `out` is to be freed in any case. */
bool cli_offline_list(const char *database, enum catalog_kind kind, unsigned limit,
                      struct cli_answer *out);
/* The same as GET /api/sent. */
bool cli_offline_sent(const char *database, struct cli_answer *out);
/* Counters, as members of GET /health: "stored_total", "destinations". */
bool cli_offline_counts(const char *database, struct cli_answer *out);
