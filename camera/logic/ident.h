/* camera/logic/ident.h - which boot this is, so that no two photos ever share a key.
 *
 * The boot counter is kept in the vault together with a random 64-bit epoch. Erasing the vault
 * starts the counter again, but with a new epoch, so that an old key cannot come back. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/shot.h"
#include "lib/port/random.h"
#include "lib/port/vault.h"

struct ident {
    uint64_t epoch;
    uint32_t boot;
    uint32_t seq; /* the last one given out, 0 before the first */
    bool kept;    /* the counter is on the medium; if not, the epoch is this boot's alone */
};

/* Counts this boot and keeps it before returning. Whatever the vault does, the identity is unique:
 * if it cannot be kept, a fresh epoch is used for this boot only. */
void ident_start(struct ident *id, const struct vault *vault, const struct random *random);

/* Gives the photo the next identity. */
void ident_give(struct ident *id, struct shot *s);
