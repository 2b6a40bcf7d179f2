/* camera/port/sd_esp.h - an SD card in 1-bit mode (the lamp keeps its pin), for a large queue. */
#pragma once

#include "camera/port/file_flash.h"

enum { SD_ESP_QUEUE_BYTES = 64 * 1024 * 1024 };

/* Mounts the card and opens its queue file, as large as there is room for up to
 * SD_ESP_QUEUE_BYTES; the first time that takes about a minute. ERR_IO: no card, or it cannot be
 * used. */
CHECKED enum err sd_esp_open(struct file_flash *f);
