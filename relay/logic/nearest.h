/* relay/logic/nearest.h - "did you mean": the known word closest to a mistyped one. */
#pragma once

#include <stddef.h>

#include "lib/base/slice.h"

enum { NEAREST_WORD_MAX = 64 }; /* longer words have no neighbours */

/* The word of `words` that needs the fewest changes (a letter added, lost, replaced, or two
 * swapped), if that is at most a third of its length and at least one is allowed; NULL if none is
 * near. */
const char *nearest_find(struct slice typed, const char *const *words, size_t count);
