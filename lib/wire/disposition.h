/* lib/wire/disposition.h - reads the value of Content-Disposition as browsers, tools and cameras
 * write it (RFC 6266, RFC 7578 4.2, RFC 8187 for filename*, WHATWG escapes).
 *
 * Taken: "quoted" with \" and \\ (another backslash is itself, so that full paths of IE survive)
 * and with %22 %0D %0A (other percent signs are themselves); 'single-quoted'; bare up to the next
 * semicolon. filename* in UTF-8 wins over filename; one in another charset, or broken, is ignored.
 * Unknown parameters are skipped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

/* Slices point into the memory that was parsed; any byte but NUL can stand in them. */
struct disposition {
    struct slice type; /* "form-data", as sent */
    struct slice name;
    struct slice filename; /* data only, never a path */
    bool has_name;
    bool has_filename;
};

/* Decodes in place: `value` is overwritten. ERR_INPUT: no type, a quote that never closes, text
 * behind a closing quote, a NUL, or name, filename or filename* given twice. */
CHECKED enum err disposition_parse(char *value, size_t len, struct disposition *out);
