/* lib/base/base64.h - bytes as base64 text (RFC 4648 section 4) and back.
 *
 * The verbs are not encode and decode, because ESP-IDF's wpa_supplicant exports those names. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

/* Characters that `len` bytes become, without a NUL. */
#define BASE64_TEXT_LEN(len) (((len) + 2) / 3 * 4)

/* Writes BASE64_TEXT_LEN(len) characters, padded, and a NUL. */
void base64_write(const void *data, size_t len, char *out);

/* Strict: full groups of four, padding only at the end, unused bits zero, no blanks or line breaks.
 * False on anything else or when the bytes do not fit in `cap`; `out` may then hold some of them.
 */
bool base64_read(struct slice text, void *out, size_t cap, size_t *out_len);
