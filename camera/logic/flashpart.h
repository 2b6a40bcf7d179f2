/* camera/logic/flashpart.h - a piece of a flash, used as a flash of its own. */
#pragma once

#include "camera/logic/ports/flash.h"

struct flashpart {
    const struct flash *whole; /* borrowed */
    uint32_t base_bytes;
    struct flash flash; /* valid as long as this struct stays where it is */
};

/* `base` and `size` are multiples of the sector and lie inside `whole`. */
void flashpart_init(struct flashpart *p, const struct flash *whole, uint32_t base_bytes,
                    uint32_t size_bytes);
