/* lib/wire/multipart_writer.h - writes what stands before and behind a file in a
 * multipart/form-data body (RFC 7578; names escaped as WHATWG HTML 4.10.21.8 says).
 *
 *     prefix = text fields, then the head of the file part;  the file;  suffix = the end
 *
 * so that Content-Length is prefix + file + suffix, known before the first byte is sent. What does
 * not fit sets `overflowed` of the buffer. */
#pragma once

#include <stdint.h>

#include "lib/base/buf.h"

enum {
    MULTIPART_WRITER_DICE_BYTES = 16,
    MULTIPART_WRITER_BOUNDARY_LEN = 41, /* without the NUL */
};

struct multipart_writer_file {
    struct slice name;         /* of the field; any bytes */
    struct slice filename;     /* any bytes */
    struct slice content_type; /* written as it is: no CR or LF; empty: no such line */
};

/* A boundary that no file holds by chance: 128 random bits. */
void multipart_writer_boundary(const uint8_t dice[MULTIPART_WRITER_DICE_BYTES],
                               char out[MULTIPART_WRITER_BOUNDARY_LEN + 1]);

/* The value of the Content-Type field. The boundary is written without quotes. */
void multipart_writer_content_type(struct buf *out, struct slice boundary);

/* One whole text field. `value` is written as it is and must not hold the delimiter. */
void multipart_writer_field(struct buf *out, struct slice boundary, struct slice name,
                            struct slice value);

/* The head of the last part; the file's bytes come next. */
void multipart_writer_file(struct buf *out, struct slice boundary,
                           const struct multipart_writer_file *file);

/* What comes after the file's bytes. */
void multipart_writer_end(struct buf *out, struct slice boundary);
