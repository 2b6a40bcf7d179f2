/* camera/logic/ports/flash.h - NOR flash, or something that behaves like it.
 *
 * A write only clears bits (1 becomes 0); only an erase sets them again, a whole sector at a time.
 * A power cut in the middle of a write leaves a prefix of it, the byte at the cut in any state
 * between old and new; in the middle of an erase it leaves anything in that sector. Nothing outside
 * the bytes of the call is ever touched. What a call wrote is on the medium when it returned
 * ERR_OK. An ESP32 data partition, a file on an SD card and a file on the host all keep this. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct flash {
    void *ctx;             /* the port's own state, handed back to every call */
    uint32_t size_bytes;   /* a multiple of sector_bytes */
    uint32_t sector_bytes; /* 512..32768, a multiple of 16 */
    /* Offsets and lengths lie inside size_bytes; write is called with multiples of 4 only. */
    enum err (*read)(void *ctx, uint32_t offset, void *out, size_t len);
    enum err (*write)(void *ctx, uint32_t offset, const void *data, size_t len);
    enum err (*erase)(void *ctx, uint32_t offset); /* the sector that begins at `offset` */
};
