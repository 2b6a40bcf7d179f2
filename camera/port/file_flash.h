/* camera/port/file_flash.h - struct flash over a file: on a host, and on an SD card of the chip.
 *
 * The file has its full size from the start, so that later writes change bytes in place and no
 * folder entry. It behaves like NOR: a write clears bits, an erase sets them. */
#pragma once

#include <stdbool.h>

#include "camera/logic/ports/flash.h"

enum { FILE_FLASH_SECTOR = 4096 };

struct file_flash {
    int fd;
    bool durable;
    struct flash flash; /* valid as long as this struct stays where it is */
};

/* Opens or makes the file; `size_bytes` is rounded down to sectors. `durable`: every write reaches
 * the medium before it returns. ERR_IO: cannot. ERR_FULL: no room for it. */
CHECKED enum err file_flash_open(struct file_flash *f, const char *path, uint32_t size_bytes,
                                 bool durable);
void file_flash_close(struct file_flash *f); /* a zeroed one, too */
