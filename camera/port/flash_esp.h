/* camera/port/flash_esp.h - struct flash over a data partition of the chip's flash. */
#pragma once

#include "camera/logic/ports/flash.h"

struct flash_esp {
    const void *partition; /* const esp_partition_t * */
    struct flash flash;    /* valid as long as this struct stays where it is */
};

/* The partition "queue", or "fr" of the sketch's table. ERR_IO: there is neither, or it is
 * encrypted (its words could not be cleared in place). */
CHECKED enum err flash_esp_open(struct flash_esp *f);
