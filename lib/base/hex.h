/* lib/base/hex.h - bytes as hexadecimal text (RFC 4648 section 8) and back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

/* Writes 2 * len lower-case digits and a NUL. */
void hex_encode(const void *data, size_t len, char *out);

/* Exactly 2 * len digits of either case, nothing else. False on anything else; `out` is then
 * untouched. */
bool hex_decode(struct slice text, void *out, size_t len);
