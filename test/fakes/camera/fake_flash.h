/* test/fakes/camera/fake_flash.h - NOR flash in memory that loses power at a chosen byte.
 *
 * A write only clears bits; setting one is a mistake of the caller and fails the test. Every byte
 * written and every sector erased costs one unit of `power`; when it runs out the operation stops
 * there and control goes to `on_cut`. */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/ports/flash.h"

enum { FAKE_FLASH_SECTOR = 512, FAKE_FLASH_SECTORS_MAX = 64 };

/* What the byte at the cut holds afterwards, and a sector whose erase was cut. */
enum fake_flash_tear {
    FAKE_FLASH_TEAR_NOTHING, /* as before; the erase did nothing */
    FAKE_FLASH_TEAR_HALF,    /* half of the bits changed; the first half is erased */
    FAKE_FLASH_TEAR_BACK,    /* as after; the second half is erased */
};

struct fake_flash {
    struct flash flash;
    uint8_t bytes[FAKE_FLASH_SECTOR * FAKE_FLASH_SECTORS_MAX];
    uint32_t erased[FAKE_FLASH_SECTORS_MAX]; /* how often each sector was */
    uint64_t power;                          /* units left; UINT64_MAX: no end */
    uint64_t spent;
    enum fake_flash_tear tear;
    int fail_writes_from; /* sector from which writes fail, -1: none */
    int fail_writes_to;
    jmp_buf on_cut;
};

void fake_flash_init(struct fake_flash *f, uint32_t sectors);
/* Power is back, without an end. */
void fake_flash_reboot(struct fake_flash *f);
void fake_flash_flip(struct fake_flash *f, uint64_t bit);
