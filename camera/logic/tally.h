/* camera/logic/tally.h - how many photos were taken, sent and lost, exact across power cuts.
 *
 * Notes of 32 bytes are appended to a small ring of flash sectors, two per photo; the newest sound
 * one counts. With four sectors of 4 KiB and a photo a minute a sector is erased about six times a
 * day, far below the 100,000 that NOR flash is rated for. A torn note does not count and is stepped
 * over. Without a flash the counters live in RAM only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/ports/flash.h"

enum { TALLY_SECTORS_MIN = 2, TALLY_NOTE_BYTES = 32 };

/* What a note was written for: after a power cut it says which step may be half done. */
enum tally_step {
    TALLY_TAKEN,
    TALLY_SENT,
    TALLY_DROPPED,
    TALLY_SETTLED, /* after a reboot: everything is accounted for */
};

struct tally_counts {
    uint32_t captured;
    uint32_t sent;
    uint32_t dropped; /* lost, and known to be: no room, no power, damaged, refused for good */
};

/* The caller owns the memory and reads only `now`, `last` and `last_ref`. */
struct tally {
    struct tally_counts now;
    enum tally_step last;
    uint32_t last_ref;         /* what `last` was about, as tally_count was told */
    const struct flash *flash; /* borrowed; NULL: RAM only */
    uint32_t serial;
    uint32_t slot; /* where the next note goes */
    uint32_t slots;
    bool failed; /* the flash could not be written: counters live in RAM from here on */
};

/* Reads the newest note. `flash` may be NULL. ERR_INPUT: too small. ERR_IO: cannot be read; the
 * counters then start at zero and stay in RAM. */
CHECKED enum err tally_mount(struct tally *t, const struct flash *flash);

/* Counts one step; durable when it returns, unless `failed`. `ref` names what the step is about, so
 * that a start can finish what a power cut broke off; 0: nothing to finish. */
void tally_count(struct tally *t, enum tally_step step, uint32_t ref);

/* Sets the counters to what a start found out (TALLY_SETTLED). */
void tally_settle(struct tally *t, struct tally_counts counts);
