/* relay/logic/tag.h - what the relay knows of a photo, written down beside the photo itself.
 *
 * The record lies with the file as an extended attribute, or in the journal where there are none,
 * so that the database can be rebuilt from the files. It is one line of text, fields between tabs:
 *
 *   1 sha256 size received captured camera key original boot seq crc32
 *
 * sha256 and crc32 in lower-case hex; size, received and captured (Unix milliseconds, 0 = not
 * known) decimal; boot and seq decimal or both "-"; text fields with bytes below 0x21, "%" and 0x7F
 * as %XX. The CRC-32 (IEEE 802.3) covers everything before the tab in front of it. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "relay/logic/ports/photo.h"

enum {
    TAG_BYTES_MAX = 2560
}; /* the longest record; every field at its longest and fully escaped */

/* Appends the record of `p` (everything but name, id and batch). */
void tag_write(struct buf *out, const struct photo *p);

/* Reads a record; name, id and batch stay empty. ERR_CORRUPT: not a record of ours, or damaged;
 * `*out` is then untouched. Trailing line breaks are not part of a record. */
CHECKED enum err tag_read(struct slice record, struct photo *out);

/* A text field as records hold it, and back. tag_unescape answers false if it does not fit or is
 * not properly escaped. */
void tag_escape(struct buf *out, const char *text);
bool tag_unescape(struct slice field, char *out, size_t cap);
