#include "lib/wire/multipart_writer.h"

#include <string.h>

#include "lib/base/hex.h"

#define PREFIX "camrelay-"

_Static_assert(sizeof PREFIX - 1 + 2 * (size_t)MULTIPART_WRITER_DICE_BYTES ==
                   MULTIPART_WRITER_BOUNDARY_LEN,
               "a boundary is the prefix and the dice in hexadecimal");

void multipart_writer_boundary(const uint8_t dice[MULTIPART_WRITER_DICE_BYTES],
                               char out[MULTIPART_WRITER_BOUNDARY_LEN + 1])
{
    memcpy(out, PREFIX, sizeof PREFIX - 1);
    hex_encode(dice, MULTIPART_WRITER_DICE_BYTES, out + sizeof PREFIX - 1);
}

void multipart_writer_content_type(struct buf *out, struct slice boundary)
{
    buf_add_text(out, "multipart/form-data; boundary=");
    buf_add_slice(out, boundary);
}

static void add_quoted(struct buf *out, struct slice text)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '"': buf_add_text(out, "%22"); break;
        case '\r': buf_add_text(out, "%0D"); break;
        case '\n': buf_add_text(out, "%0A"); break;
        case '\0': buf_add_text(out, "%00"); break; /* no reader takes a NUL in a head */
        default: buf_add_char(out, text.ptr[i]); break;
        }
    }
    buf_add_char(out, '"');
}

static void begin_part(struct buf *out, struct slice boundary, struct slice name)
{
    buf_add_text(out, "--");
    buf_add_slice(out, boundary);
    buf_add_text(out, "\r\nContent-Disposition: form-data; name=");
    add_quoted(out, name);
}

void multipart_writer_field(struct buf *out, struct slice boundary, struct slice name,
                            struct slice value)
{
    begin_part(out, boundary, name);
    buf_add_text(out, "\r\n\r\n");
    buf_add_slice(out, value);
    buf_add_text(out, "\r\n");
}

void multipart_writer_file(struct buf *out, struct slice boundary,
                           const struct multipart_writer_file *file)
{
    begin_part(out, boundary, file->name);
    buf_add_text(out, "; filename=");
    add_quoted(out, file->filename);
    if (file->content_type.len > 0) {
        buf_add_text(out, "\r\nContent-Type: ");
        buf_add_slice(out, file->content_type);
    }
    buf_add_text(out, "\r\n\r\n");
}

void multipart_writer_end(struct buf *out, struct slice boundary)
{
    buf_add_text(out, "\r\n--");
    buf_add_slice(out, boundary);
    buf_add_text(out, "--\r\n");
}
