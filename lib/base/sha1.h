/* lib/base/sha1.h - SHA-1 (FIPS 180-4) of a short text, for the WebSocket handshake only.
 *
 * SHA-1 is broken as a signature; RFC 6455 uses it where nothing depends on that. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SHA1_BYTES = 20 };

void sha1_digest(const void *data, size_t len, uint8_t out[SHA1_BYTES]);
