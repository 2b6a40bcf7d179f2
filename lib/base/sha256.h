/* lib/base/sha256.h - SHA-256 (FIPS 180-4) in plain C, small enough for the chip.
 *
 * The relay hashes with libcrypto, which uses the processor's own instructions. The verbs are not
 * init, process and done, because ESP-IDF's wpa_supplicant exports those names. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_BLOCK_BYTES = 64 };

/* The caller owns the memory and touches no field. */
struct sha256 {
    uint32_t words[8];
    uint64_t bytes; /* added so far */
    uint8_t block[SHA256_BLOCK_BYTES];
};

void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
/* Writes the digest. To use `s` again, start it again. */
void sha256_finish(struct sha256 *s, uint8_t out[SHA256_BYTES]);
