/* idf/vault_nvs.h - struct vault over NVS, one blob per record.
 *
 * Encrypted where the image was built with NVS encryption (on ESP32-S2 and S3 by a key derived in
 * the HMAC peripheral; the plain ESP32 has none and needs flash encryption). vault_nvs_note says
 * which, for people. */
#pragma once

#include <stdint.h>

#include "lib/port/vault.h"

struct vault_nvs {
    uint32_t handle;
    struct vault vault; /* valid as long as this struct stays where it is */
};

/* Starts NVS; one that cannot be read is erased, which is said in the log. */
CHECKED enum err vault_nvs_open(struct vault_nvs *v, const char *space);

/* "encrypted in flash", or that they are not. Static text. */
const char *vault_nvs_note(void);
