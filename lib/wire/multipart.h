/* lib/wire/multipart.h - reads a multipart/form-data body as it arrives (RFC 7578, RFC 2046 5.1).
 *
 * Feed it whatever the socket gave; it hands back one event at a time and points into your bytes
 * instead of copying. No allocation, no I/O, no clock. Any split of the input gives the same parts
 * and the same bytes. Work is linear in the input whatever it holds.
 *
 * Strict where a guess could store other bytes than the sender meant:
 * - A delimiter is CRLF "--" boundary, then "--" (the end), or blanks and CRLF (the next part).
 *   "--" boundary without CRLF before it is data: a close delimiter glued to the photo never ends
 *   the body, and a body that never ends must not be stored.
 * - If anything else stands right behind the boundary, the line is data. Blanks, CR or LF that do
 *   not end it properly are BAD.
 * - Lines end in CRLF. A bare LF or CR around a delimiter or in a part head is BAD, not a line end.
 * - A part that is base64 or quoted-printable is BAD (RFC 7578 4.7 forbids it to senders).
 * Lenient where nothing can be mistaken: text before the first delimiter (up to a limit) and after
 * the last is skipped, part headers come in any case and order, folded lines are unfolded, unknown
 * ones are skipped, a part may have no headers at all. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

enum {
    MULTIPART_BOUNDARY_MAX = 70, /* bytes; RFC 2046 5.1.1 */
    MULTIPART_HEAD_MAX = 2048,   /* bytes of one part head with its line ends: room for a file name
                                    of 255 bytes both raw and percent-encoded */
    MULTIPART_PARTS_MAX = 16,
    MULTIPART_PREAMBLE_MAX = 1024, /* bytes before the first delimiter */
};

enum multipart_event {
    MULTIPART_MORE,  /* everything was used up: feed the next bytes */
    MULTIPART_PART,  /* a part begins: `part` is set */
    MULTIPART_BYTES, /* the next piece of this part, in `bytes`, never empty */
    MULTIPART_END,   /* closing delimiter seen: the body is complete; stays END, the rest is skipped
                      */
    MULTIPART_BAD,   /* not multipart, or a limit was passed: see `fault`; stays BAD */
};

enum multipart_fault {
    MULTIPART_FAULT_NONE,
    MULTIPART_FAULT_DELIMITER, /* a delimiter line does not end as it must */
    MULTIPART_FAULT_PREAMBLE,  /* no delimiter in the first MULTIPART_PREAMBLE_MAX bytes */
    MULTIPART_FAULT_HEAD,      /* a part head is malformed */
    MULTIPART_FAULT_HEAD_MAX,
    MULTIPART_FAULT_PARTS_MAX,
    MULTIPART_FAULT_ENCODING, /* a part has a Content-Transfer-Encoding that is not plain */
};

/* Decoded; may hold any byte but NUL. Borrowed until the next part begins. */
struct multipart_part {
    struct slice name;         /* empty if there is none */
    struct slice filename;     /* data, never a path to use; a full path of IE stays as it came */
    bool has_filename;         /* filename="" is a file field left empty */
    struct slice content_type; /* as sent; empty if there is none */
};

/* The caller owns the memory (about 2 KiB) and reads only the fields marked so. */
struct multipart {
    struct multipart_part part; /* read: since MULTIPART_PART */
    struct slice bytes;         /* read: at MULTIPART_BYTES; points into the fed bytes or, for what
                                   looked like a delimiter, into this struct; until the next call */
    enum multipart_fault fault; /* read: at MULTIPART_BAD */
    unsigned parts;             /* read: begun so far */
    unsigned char state;
    unsigned char delimiter_len;
    unsigned char matched; /* bytes of `delimiter` that the input has just shown */
    unsigned char ghost;   /* of these, the leading ones that are not data */
    unsigned char head_tail;
    uint16_t head_len;
    uint16_t preamble_len;
    char delimiter[MULTIPART_BOUNDARY_MAX + 5]; /* CRLF "--" boundary "-" */
    char head[MULTIPART_HEAD_MAX];
};

/* `boundary` is copied. False if it is empty, longer than MULTIPART_BOUNDARY_MAX, ends in a blank
 * or holds anything but visible ASCII and blanks. */
bool multipart_init(struct multipart *m, struct slice boundary);

/* Uses up `*out_used` of the bytes and says what they were. Call again with the rest until it says
 * MORE, END or BAD, which use up everything. `len` may be 0. */
enum multipart_event multipart_feed(struct multipart *m, const char *data, size_t len,
                                    size_t *out_used);

/* One sentence about `fault` for the sender. Static text. */
const char *multipart_fault_text(enum multipart_fault fault);

enum multipart_kind {
    MULTIPART_KIND_OTHER,     /* not multipart/form-data at all */
    MULTIPART_KIND_UNBOUNDED, /* no boundary parameter: some cameras then send a bare JPEG */
    MULTIPART_KIND_BOUNDED,   /* `*out_boundary` is fit for multipart_init */
    MULTIPART_KIND_BAD,       /* multipart/form-data, but the boundary is unusable or given twice */
};

/* Judges the value of a Content-Type field, which may as a whole stand in quotes (one camera
 * firmware sends it so). `*out_boundary` points into it; set only for BOUNDED. */
enum multipart_kind multipart_boundary(struct slice content_type, struct slice *out_boundary);
