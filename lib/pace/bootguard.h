/* lib/pace/bootguard.h - after several crashes in a row a device starts in safe mode: set-up and
 * update only, so that a bad setting or image can be put right from afar. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/instant.h"

enum {
    BOOTGUARD_CRASHES_MAX = 4,            /* in a row, then safe mode */
    BOOTGUARD_HEALTHY_MS = 5 * 60 * 1000, /* up for so long: not a crash loop */
    BOOTGUARD_SAFE_MS = 30 * 60 * 1000,   /* safe mode ends with a normal start */
    BOOTGUARD_PAUSE_MIN_MS = 1000,        /* what crashes in safe mode, too, starts more slowly: */
    BOOTGUARD_PAUSE_MAX_MS = 60 * 1000,   /* each crash costs an erase of the flash it is kept in */
};

/* Crashes in a row after this start. */
uint32_t bootguard_count(uint32_t crashes_before, bool was_crash);
bool bootguard_is_safe_mode(uint32_t crashes);
/* Wait so long before anything that may crash is started: 0 until safe mode was tried once, then
 * twice as long each time. */
uint32_t bootguard_pause_ms(uint32_t crashes);
/* Safe mode has lasted long enough: start normally. */
bool bootguard_safe_mode_ends(struct mono since_start);
/* The count may go back to 0. */
bool bootguard_is_healthy(struct mono since_start);
