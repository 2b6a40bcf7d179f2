/* lib/wire/framing.h - is this request head proper HTTP/1.x, and where does its body end?
 *
 * RFC 9112, read strictly: whatever two readers could understand differently (and so smuggle a
 * second request past one of them) is refused instead of repaired:
 * - Content-Length twice, even with the same value; a list; anything but digits
 * - Content-Length together with Transfer-Encoding; Transfer-Encoding twice, in HTTP/1.0, or
 *   anything but "chunked"
 * - a field name that is not a token (blanks in or behind it), a control byte, bare CR or NUL in a
 *   value or in the request line
 * - no Host in HTTP/1.1, two of them, or one that is no host at all
 * - a version other than HTTP/1.0 and HTTP/1.1
 * Targets are taken in origin, absolute and asterisk form: see target.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

/* The caller owns the memory and reads only the fields marked so. */
struct framing {
    bool http_1_0;         /* read */
    bool has_length;       /* read */
    uint64_t length;       /* read: of the body, 0 unless has_length */
    bool chunked;          /* read */
    bool expects_continue; /* read: never with HTTP/1.0 */
    unsigned status;       /* read: 0 while all is well, else what to answer: 400, 417 or 505 */
    const char *code;      /* read: with `status`: a word for programs; static text */
    const char *error;     /* read: with `status`: a sentence for people; static text */
    bool has_host;
    bool has_encoding;
};

/* The request line. */
void framing_begin(struct framing *f, struct slice method, struct slice target,
                   struct slice version);
/* One field after the other, in any order; blanks around the value are allowed. */
void framing_header(struct framing *f, struct slice name, struct slice value);
/* Once after the last. True if the request may be handed on. The first fault found stays. */
bool framing_end(struct framing *f);
