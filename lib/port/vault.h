/* lib/port/vault.h - a few small named records that survive a power cut (NVS, a file). */
#pragma once

#include <stddef.h>

#include "lib/base/err.h"

enum {
    VAULT_NAME_MAX = 15,        /* bytes of a record's name without NUL: the limit of NVS */
    VAULT_BYTES_MAX = 3 * 1024, /* bytes of a record */
};

struct vault {
    void *ctx; /* the port's own state, handed back to every call */
    /* `*out_len` is 0 (and ERR_OK) if there is no such record; ERR_LIMIT if it is over `cap`. */
    enum err (*get)(void *ctx, const char *name, void *out, size_t cap, size_t *out_len);
    /* Replaces the record whole: after a power cut either the old or the new one is there. */
    enum err (*put)(void *ctx, const char *name, const void *data, size_t len);
    enum err (*clear)(void *ctx); /* removes every record */
};
