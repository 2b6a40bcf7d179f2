/* A stream fed whole and in pieces must be judged the same, and every byte counted once.
 *
 * Input: one byte, the length of the pieces, then the stream. */
#include "lib/wire/jpeg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed_copy(struct jpeg *j, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    if (copy == NULL)
        abort();
    memcpy(copy, data, len);
    if (jpeg_feed(j, copy, len) != jpeg_verdict(j))
        abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t step = (size_t)data[0] + 1;
    data++;
    size--;
    struct jpeg whole;
    struct jpeg pieces;
    jpeg_init(&whole);
    jpeg_init(&pieces);
    feed_copy(&whole, data, size);
    for (size_t at = 0; at < size; at += step)
        feed_copy(&pieces, data + at, size - at < step ? size - at : step);
    if (jpeg_verdict(&whole) != jpeg_verdict(&pieces) || whole.width != pieces.width ||
        whole.height != pieces.height || whole.trailing != pieces.trailing ||
        whole.damage != pieces.damage)
        abort();
    if (jpeg_verdict(&whole) == JPEG_WHOLE &&
        (whole.bytes + whole.trailing != size || whole.bytes != pieces.bytes || whole.width == 0))
        abort();
    if ((whole.damage != NULL) != (jpeg_verdict(&whole) == JPEG_DAMAGED))
        abort();
    return 0;
}
