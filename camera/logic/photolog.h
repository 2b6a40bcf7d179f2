/* camera/logic/photolog.h - photos kept on raw flash until a relay has them.
 *
 * An endless log laid over a ring of sectors: photos are appended, never moved, and a sector is
 * erased only when nothing in it is wanted any more, so every sector is erased equally often.
 *
 * Promise: once photolog_append() returned ERR_OK the photo survives a power cut; a cut at any byte
 * of any operation leaves every such photo readable and shows no half one. A damaged photo is never
 * handed out: photolog_verify() says ERR_CORRUPT.
 *
 * Format, little endian. Sector g (g counts up without end) lies at g mod sectors, its 16 bytes
 * head: magic "CRL2", g, offset of the first record that begins here (all ones: none), CRC-32 of
 * these. Record: 112 bytes of head (see photolog.c), then the JPEG, running over into the following
 * sectors behind their heads, then zero to 15 unused bytes. Three words at the end of a record's
 * head are cleared later in place: complete, done (sent or dropped), aside. Each counts as cleared
 * when more than half of its bits are, so that no single flipped bit changes it. After a mount the
 * log goes on in a fresh sector: bytes a power cut may have touched are never written over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/ports/flash.h"
#include "camera/logic/shot.h"

enum {
    PHOTOLOG_SECTORS_MIN = 4,
    PHOTOLOG_SECTOR_HEAD_BYTES = 16,
    PHOTOLOG_RECORD_HEAD_BYTES = 112,
};

/* One photo in the log that is still wanted. */
struct photolog_entry {
    uint64_t at; /* position in the endless log: names the photo as long as it is here */
    uint32_t length_bytes;
    uint32_t boot;
    uint32_t seq;
    bool aside; /* the relay refused it for good: kept until room is needed */
};

/* The caller owns the memory and touches no field. Not for use from two threads. */
struct photolog {
    const struct flash *flash;      /* borrowed: outlives the log */
    struct photolog_entry *entries; /* borrowed: oldest first */
    uint32_t entries_max;
    uint32_t count;
    uint32_t sectors;
    uint64_t head;    /* where the next record begins */
    bool head_opened; /* the sector of `head` is erased and has its head */
    uint32_t damaged; /* complete photos that the mount found unreadable, since mount */
};

/* Reads the log back. `entries` is borrowed. A log without a single sound sector is taken as empty.
 * ERR_INPUT: the flash is too small or its sector size is not usable. ERR_IO: it cannot be read. */
CHECKED enum err photolog_mount(struct photolog *l, const struct flash *flash,
                                struct photolog_entry *entries, uint32_t entries_max);

/* Can a photo of this size ever be kept, in an empty log? */
bool photolog_fits(const struct photolog *l, uint32_t length_bytes);

/* Keeps a photo of s->length_bytes. ERR_FULL: no room now (drop the oldest and try again);
 * ERR_LIMIT: never fits; ERR_IO: the flash failed, nothing was kept. */
CHECKED enum err photolog_append(struct photolog *l, const struct shot *s, const void *jpeg);

/* What was said about the photo at append. ERR_CORRUPT: its head does not read back. */
CHECKED enum err photolog_load(const struct photolog *l, const struct photolog_entry *e,
                               struct shot *out_shot);

/* Part of the photo's bytes, offset + len <= length. */
CHECKED enum err photolog_read(const struct photolog *l, const struct photolog_entry *e,
                               uint32_t offset, void *out, size_t len);

/* ERR_CORRUPT: the bytes are not those that were appended. */
CHECKED enum err photolog_verify(const struct photolog *l, const struct photolog_entry *e);

/* The entry at position `at`, or NULL. Borrowed until the next change of the log. */
const struct photolog_entry *photolog_find(const struct photolog *l, uint64_t at);

/* The photo is sent or given up: its room may be used again. On ERR_IO it is forgotten here as
 * well, but may be back after a reboot. Does nothing if there is none at `at`. */
enum err photolog_forget(struct photolog *l, uint64_t at);

/* The relay refused it for good: it stays, marked, until room is needed. */
enum err photolog_set_aside(struct photolog *l, uint64_t at);

/* Sectors that can be written without forgetting anything. */
uint32_t photolog_free_sectors(const struct photolog *l);
