/* relay/port/hash_openssl.h - struct hash over libcrypto's EVP interface.
 *
 * Contexts are kept and used again, so beginning a stream allocates nothing once as many were open
 * at a time as ever will be; at most HASH_OPENSSL_SPARE_MAX idle ones are kept. */
#pragma once

#include "relay/logic/ports/hash.h"

enum { HASH_OPENSSL_SPARE_MAX = 64 };

struct hash_openssl;

/* NULL: no memory, or this libcrypto has no SHA-256. */
struct hash_openssl *hash_openssl_create(void);
/* Every stream must be over. NULL is harmless. */
void hash_openssl_destroy(struct hash_openssl *h);

/* Borrowed until destroy. */
const struct hash *hash_openssl_calls(const struct hash_openssl *h);
