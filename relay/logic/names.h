/* relay/logic/names.h - the names photos get.
 *
 * Stem of the sender's name, cleaned, + "_YYYYmmdd_HHMMSS" + extension; a second photo that would
 * get the same name gets "_2", "_3" ... A stem that already ends in such a stamp (with or without a
 * number behind it) keeps it, so names do not grow from hop to hop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum {
    NAMES_STAMP_MAX = 16, /* "YYYYmmdd_HHMMSS" and its NUL */
    NAMES_STEM_MAX = 160, /* bytes of the cleaned stem that are kept */
    NAMES_BASE_MAX = 192, /* stem + stamp, with the NUL */
    NAMES_EXTENSION_MAX = 8,
};

struct names_base {
    char base[NAMES_BASE_MAX];           /* the name without number and extension */
    char extension[NAMES_EXTENSION_MAX]; /* ".jpg" */
    bool stamp_is_senders;               /* the sender's name had one already */
};

/* Makes the base from what the sender called the photo (any bytes; a path is cut to its last part)
 * and the stamp of its receipt. Letters of any script, digits, "-", "_", "." and blanks (as "_")
 * stay; control bytes, separators, invalid UTF-8 and leading dots do not. Nothing left gives
 * "photo". */
void names_make_base(struct slice sender, const char *stamp, struct names_base *out);

/* The name with its number: 1 is the bare name, n > 1 appends "_n". */
void names_number(const struct names_base *base, uint32_t number, char *out, size_t cap);
