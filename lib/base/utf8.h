/* lib/base/utf8.h - UTF-8 (RFC 3629): no surrogates, no overlong forms, nothing above U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

enum { UTF8_REPLACEMENT = 0xFFFD };

/* Takes one character from the front of `*rest`, which must not be empty, and moves it on. What is
 * not UTF-8 gives UTF8_REPLACEMENT and skips the longest piece that could have begun a character
 * (Unicode 15, table 3-8), so every decoder agrees on the number of replacements. `*out_valid`
 * tells a real U+FFFD from a replacement. */
uint32_t utf8_next(struct slice *rest, bool *out_valid);

bool utf8_valid(struct slice s);

/* Length of the longest prefix of at most `max` bytes that does not cut a character in two. */
size_t utf8_cut(struct slice s, size_t max);
