/* idf/keep.h - what a device keeps in its vault besides its work: the owner's settings, a password
 * of its own, and how often it crashed in a row.
 *
 * Nothing here fails towards the caller: a vault that cannot be read is said in the log, and the
 * device goes on with what it has. */
#pragma once

#include <stdbool.h>

#include "lib/base/instant.h"
#include "lib/port/random.h"
#include "lib/port/vault.h"
#include "lib/wire/prefs.h"

enum {
    KEEP_TEXT_BYTES_MAX = 3072, /* of all settings as text */
    KEEP_PASSWORD_LEN = 12,
    KEEP_PASSWORD_MAX = KEEP_PASSWORD_LEN + 1,
};

/* Replaces `values` by what was saved; leaves them where nothing was, or nothing readable. */
void keep_load(const struct vault *v, const struct prefs_table *t, void *values);
/* ERR_FULL: no room; else as the vault. */
CHECKED enum err keep_save(const struct vault *v, const struct prefs_table *t, const void *values);

/* Twelve letters and digits that are hard to mix up, made once and kept. */
void keep_password(const struct vault *v, const struct random *r, char out[KEEP_PASSWORD_MAX]);

struct keep_crashes {
    uint32_t count; /* in a row, this start included */
    bool safe_mode; /* too many: set-up and update only */
};

/* Once, at start. `was_crash`: a fault of the program ended the last run. */
struct keep_crashes keep_count_crashes(const struct vault *v, bool was_crash);
/* From time to time: up long enough, the count goes back to 0. */
void keep_settle(struct keep_crashes *c, const struct vault *v, struct mono since_start);
