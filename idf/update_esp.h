/* idf/update_esp.h - over-the-air updates with two slots, and the core dump of the last crash.
 *
 * A new image runs on trial: update_esp_confirm() is called once it proved itself (the first
 * acknowledged upload); if it never is, the next reset goes back to the old one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* NULL if updates are possible; else the reason for a person. Static text. */
const char *update_esp_refusal(void);

CHECKED enum err update_esp_begin(void);
CHECKED enum err update_esp_write(const void *data, size_t len);
/* Checks the image and starts from it after the next reset. ERR_CORRUPT: not a sound image. */
CHECKED enum err update_esp_finish(void);
void update_esp_abort(void);

void update_esp_confirm(void);
/* It has not proved itself yet: any reset, a wake-up from deep sleep included, brings the old one
 * back. */
bool update_esp_is_on_trial(void);

/* Size of the core dump in flash, 0: none. */
uint32_t update_esp_dump_bytes(void);
CHECKED enum err update_esp_dump_read(uint32_t offset, void *out, size_t len);
void update_esp_dump_erase(void);
