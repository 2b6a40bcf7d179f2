/* lib/base/slice.h - borrowed bytes: pointer and length, no NUL promised.
 *
 * Bytes from outside stay slices until they are checked; text with a NUL exists only inside.
 * Every function here treats ASCII letters only, never the locale. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *ptr; /* borrowed; may be NULL when len is 0 */
    size_t len;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
/* The same as an initialiser of static tables. */
#define SLICE_INIT(literal)                                                                        \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* Borrows a NUL-terminated text; NULL gives the empty slice. */
struct slice slice_of(const char *text);

bool slice_eq(struct slice a, struct slice b);
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_starts_nocase(struct slice s, struct slice prefix);

/* Without blanks and tabs (RFC 9110 OWS) at both ends. */
struct slice slice_trim(struct slice s);

/* Index of the first `c`, or s.len. */
size_t slice_find(struct slice s, char c);

/* The part before the first `c`; `*rest` becomes what stands behind it (empty when there is none).
 */
struct slice slice_cut(struct slice s, char c, struct slice *rest);

/* All of `s` as an unsigned decimal number: digits only, no sign, no blanks, at least one digit.
 * False on anything else or on overflow; `*out` is then untouched. */
bool slice_to_u64(struct slice s, uint64_t *out);

/* Copies at most cap - 1 bytes and a NUL. False (and an empty text) when it does not fit or holds a
 * NUL. */
bool slice_to_text(struct slice s, char *out, size_t cap);
