#include "camera/logic/ident.h"

#include "camera/logic/le.h"
#include "lib/base/crc32.h"

/* Record "ident": version 1 (4 bytes), epoch (8), boot (4), CRC-32 of these (4). */
enum { IDENT_VERSION = 1, IDENT_BYTES = 20 };

static bool read_record(const struct vault *vault, struct ident *id)
{
    uint8_t r[IDENT_BYTES];
    size_t len = 0;
    if (vault->get(vault->ctx, "ident", r, sizeof r, &len) != ERR_OK || len != sizeof r)
        return false;
    if (le_get32(r) != IDENT_VERSION || le_get32(r + 16) != crc32_add(0, r, 16))
        return false;
    id->epoch = le_get64(r + 4);
    id->boot = le_get32(r + 12);
    return id->boot != UINT32_MAX;
}

static uint64_t random_epoch(const struct random *random)
{
    uint8_t bytes[8];
    random->fill(random->ctx, bytes, sizeof bytes);
    return le_get64(bytes);
}

void ident_start(struct ident *id, const struct vault *vault, const struct random *random)
{
    *id = (struct ident){0};
    if (!read_record(vault, id))
        *id = (struct ident){.epoch = random_epoch(random)};
    id->boot++;
    uint8_t r[IDENT_BYTES];
    le_put32(r, IDENT_VERSION);
    le_put64(r + 4, id->epoch);
    le_put32(r + 12, id->boot);
    le_put32(r + 16, crc32_add(0, r, 16));
    id->kept = vault->put(vault->ctx, "ident", r, sizeof r) == ERR_OK;
    if (!id->kept)
        *id = (struct ident){.epoch = random_epoch(random), .boot = 1};
}

void ident_give(struct ident *id, struct shot *s)
{
    id->seq++;
    s->epoch = id->epoch;
    s->boot = id->boot;
    s->seq = id->seq;
}
