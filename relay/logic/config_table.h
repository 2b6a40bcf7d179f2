/* relay/logic/config_table.h - the rows of config.def as data: for whoever reads, prints or
 * explains settings without knowing one by name. */
#pragma once

#include "relay/logic/config.h"

enum config_kind {
    CONFIG_KIND_NUMBER,
    CONFIG_KIND_SIZE,
    CONFIG_KIND_DURATION,
    CONFIG_KIND_FLAG,
    CONFIG_KIND_TEXT,
    CONFIG_KIND_ADDRESS,
    CONFIG_KIND_URL,
    CONFIG_KIND_SECRET,
    CONFIG_KIND_LIST,
    CONFIG_KIND_CHOICE,
};

enum { CONFIG_FLAG_RELOAD = 1, CONFIG_FLAG_SECRET = 2 };

struct config_key {
    const char *name;     /* with underscores */
    const char *fallback; /* as a person writes it */
    const char *words;    /* CHOICE: "auto|yes|no" in the order of the enum; else NULL */
    const char *help;     /* full sentences */
    size_t offset;        /* of its field, in struct config or struct config_destination; LIST: 0 */
    uint64_t min, max;    /* in the unit of the field; for texts their bytes */
    enum config_kind kind;
    unsigned flags;
};

/* Static tables: settings in the order of enum config_id, and the keys of [destination NAME]. */
const struct config_key *config_table(size_t *out_count);
const struct config_key *config_table_destination(size_t *out_count);

/* The heading that stands right above setting `id`, or NULL. */
const char *config_table_heading(size_t id);

/* The row of that name, '-' counting as '_'; NULL if there is none. */
const struct config_key *config_table_find(const struct config_key *rows, size_t count,
                                           struct slice name);
