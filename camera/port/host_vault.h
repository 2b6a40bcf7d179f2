/* camera/port/host_vault.h - struct vault over a folder: one file per record, replaced by rename.
 */
#pragma once

#include <stdbool.h>

#include "lib/port/vault.h"

enum { HOST_VAULT_PATH_MAX = 512 };

struct host_vault {
    char folder[HOST_VAULT_PATH_MAX];
    bool durable;
    struct vault vault; /* valid as long as this struct stays where it is */
};

/* Makes the folder if it is missing. `durable`: a put is on the medium when it returns; without, it
 * survives the end of the program but perhaps not of the machine. ERR_IO: cannot. ERR_LIMIT: the
 * path is too long. */
CHECKED enum err host_vault_open(struct host_vault *v, const char *folder, bool durable);
