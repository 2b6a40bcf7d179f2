/* relay/port/content_index.h - which recent photos may hold this content, in fixed memory.
 *
 * Remembers a fingerprint of the last STATE_CONTENT_MAX receipt numbers. An index in the database
 * would cost every photo a page at a random place; this costs none, and is filled again at start. A
 * candidate must be compared with its row: fingerprints may agree by chance, rows may be gone. */
#pragma once

#include <stdint.h>

#include "relay/logic/ports/state.h"

/* About 1 MiB; zeroed = empty. */
struct content_index {
    int64_t newest;                          /* highest id noted; 0 = none */
    uint64_t fingerprint[STATE_CONTENT_MAX]; /* by id modulo STATE_CONTENT_MAX; 0 = none */
    uint32_t before[STATE_CONTENT_MAX];      /* low bits of the id noted before it in its chain */
    uint32_t head[STATE_CONTENT_MAX];        /* low bits of the newest id of a chain; 0 = none */
};

uint64_t content_index_fingerprint(const char *camera, const uint8_t sha256[32]);

/* Ids rise from call to call. */
void content_index_note(struct content_index *x, int64_t id, uint64_t fingerprint);

/* The newest candidate below `below` (INT64_MAX at first); 0 when there is none. */
int64_t content_index_next(const struct content_index *x, uint64_t fingerprint, int64_t below);
