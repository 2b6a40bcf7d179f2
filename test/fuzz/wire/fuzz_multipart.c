/* A body fed whole and the same body fed in pieces must give the same parts, bytes and end.
 *
 * Input: one byte that seeds the lengths of the pieces, then the body; the boundary is "sep". */
#include "lib/wire/multipart.h"
#include "test/unit/wire/multipart_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct multipart_record whole;
static struct multipart_record pieces;

static void feed_pieces(struct slice body, uint32_t dice)
{
    while (body.len > 0) {
        dice = dice * 1664525 + 1013904223;
        size_t n = (dice >> 24) % 3 == 0 ? 1 : (dice >> 16) % 40;
        n = n < body.len ? n : body.len;
        multipart_record_feed(&pieces, (struct slice){body.ptr, n});
        body = (struct slice){body.ptr + n, body.len - n};
    }
}

/* What ended said everything there was: no part is missing behind it. */
static void check_end(void)
{
    size_t used = 1;
    if (multipart_feed(&whole.reader, "\r\n--sep\r\n\r\n", 11, &used) != MULTIPART_END ||
        used != 11)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > MULTIPART_RECORD_MAX / 8)
        return 0;
    struct slice body = {(const char *)data + 1, size - 1};
    if (!multipart_record_begin(&whole, SLICE("sep")) ||
        !multipart_record_begin(&pieces, SLICE("sep")))
        abort();
    multipart_record_feed(&whole, body);
    feed_pieces(body, data[0]);
    if (whole.log.overflowed || !multipart_record_equal(&whole, &pieces))
        abort();
    if (whole.reader.parts > MULTIPART_PARTS_MAX)
        abort();
    if (whole.last == MULTIPART_END)
        check_end();
    return 0;
}
