#include "camera/logic/tally.h"

#include <assert.h>

#include "camera/logic/le.h"
#include "lib/base/crc32.h"

/* Note: magic, serial, captured, sent, dropped, step, ref, CRC-32 of all before it. */
enum { NOTE_MAGIC = 0x31594C54 }; /* "TLY1" */

static uint32_t slot_offset(const struct tally *t, uint32_t slot)
{
    uint32_t per_sector = t->flash->sector_bytes / TALLY_NOTE_BYTES;
    return slot / per_sector * t->flash->sector_bytes + slot % per_sector * TALLY_NOTE_BYTES;
}

static bool begins_sector(const struct tally *t, uint32_t slot)
{
    return slot % (t->flash->sector_bytes / TALLY_NOTE_BYTES) == 0;
}

static bool parse_note(struct tally *t, const uint8_t *n, uint32_t slot)
{
    uint32_t serial = le_get32(n + 4), step = le_get32(n + 20);
    if (le_get32(n) != NOTE_MAGIC || le_get32(n + 28) != crc32_add(0, n, 28) ||
        step > TALLY_SETTLED || serial <= t->serial)
        return false;
    t->serial = serial;
    t->now = (struct tally_counts){le_get32(n + 8), le_get32(n + 12), le_get32(n + 16)};
    t->last = (enum tally_step)step;
    t->last_ref = le_get32(n + 24);
    t->slot = slot + 1;
    return true;
}

static bool is_blank(const uint8_t *n)
{
    for (unsigned i = 0; i < TALLY_NOTE_BYTES; i++) {
        if (n[i] != 0xFF)
            return false;
    }
    return true;
}

/* The slot after the newest note may hold a torn one: go on at the first blank one, or at the next
 * sector, which is erased before use. */
static enum err skip_torn(struct tally *t)
{
    while (t->slot < t->slots && !begins_sector(t, t->slot)) {
        uint8_t n[TALLY_NOTE_BYTES];
        enum err e = t->flash->read(t->flash->ctx, slot_offset(t, t->slot), n, sizeof n);
        if (e != ERR_OK)
            return e;
        if (is_blank(n))
            return ERR_OK;
        t->slot++;
    }
    assert(t->slots > 0);
    t->slot %= t->slots;
    return ERR_OK;
}

enum err tally_mount(struct tally *t, const struct flash *flash)
{
    *t = (struct tally){.flash = flash, .last = TALLY_SETTLED};
    if (flash == NULL)
        return ERR_OK;
    uint32_t sectors = flash->size_bytes / flash->sector_bytes;
    if (sectors < TALLY_SECTORS_MIN || flash->sector_bytes % TALLY_NOTE_BYTES != 0)
        return ERR_INPUT;
    t->slots = sectors * (flash->sector_bytes / TALLY_NOTE_BYTES);
    for (uint32_t slot = 0; slot < t->slots; slot++) {
        uint8_t n[TALLY_NOTE_BYTES];
        enum err e = flash->read(flash->ctx, slot_offset(t, slot), n, sizeof n);
        if (e != ERR_OK) {
            *t = (struct tally){.failed = true, .last = TALLY_SETTLED};
            return e;
        }
        (void)parse_note(t, n, slot); /* false: blank, torn or older */
    }
    return skip_torn(t);
}

static void write_note(struct tally *t)
{
    if (t->flash == NULL || t->failed)
        return;
    uint8_t n[TALLY_NOTE_BYTES] = {0};
    le_put32(n, NOTE_MAGIC);
    le_put32(n + 4, ++t->serial);
    le_put32(n + 8, t->now.captured);
    le_put32(n + 12, t->now.sent);
    le_put32(n + 16, t->now.dropped);
    le_put32(n + 20, (uint32_t)t->last);
    le_put32(n + 24, t->last_ref);
    le_put32(n + 28, crc32_add(0, n, 28));
    uint32_t offset = slot_offset(t, t->slot);
    enum err e = ERR_OK;
    if (begins_sector(t, t->slot))
        e = t->flash->erase(t->flash->ctx, offset);
    if (e == ERR_OK)
        e = t->flash->write(t->flash->ctx, offset, n, sizeof n);
    t->failed = e != ERR_OK;
    t->slot = (t->slot + 1) % t->slots;
}

void tally_count(struct tally *t, enum tally_step step, uint32_t ref)
{
    switch (step) {
    case TALLY_TAKEN: t->now.captured++; break;
    case TALLY_SENT: t->now.sent++; break;
    case TALLY_DROPPED: t->now.dropped++; break;
    case TALLY_SETTLED: break;
    }
    t->last = step;
    t->last_ref = ref;
    write_note(t);
}

void tally_settle(struct tally *t, struct tally_counts counts)
{
    t->now = counts;
    t->last = TALLY_SETTLED;
    t->last_ref = 0;
    write_note(t);
}
