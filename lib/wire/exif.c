#include "lib/wire/exif.h"

#include <string.h>

enum {
    TIFF_AT = 6, /* behind "Exif", NUL, NUL */
    TIFF_HEAD_BYTES = 8,
    ENTRY_BYTES = 12,
    ENTRY_VALUE_AT = 8,
    TAG_ORIENTATION = 0x0112,
    TYPE_SHORT = 3,
    ORIENTATIONS = 8,
};

struct tiff {
    const unsigned char *bytes;
    size_t len;
    bool little;
};

/* 0 beyond the end: no number looked for here is 0. */
static uint32_t number(const struct tiff *t, size_t at, size_t width)
{
    uint32_t value = 0;
    if (at > t->len || t->len - at < width)
        return 0;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | t->bytes[t->little ? at + width - 1 - i : at + i];
    return value;
}

static bool is_orientation(const struct tiff *t, size_t entry)
{
    return number(t, entry, 2) == TAG_ORIENTATION && number(t, entry + 2, 2) == TYPE_SHORT &&
           number(t, entry + 4, 4) == 1;
}

unsigned exif_orientation(struct slice segment)
{
    static const char mark[TIFF_AT] = "Exif\0";
    if (segment.len < TIFF_AT + TIFF_HEAD_BYTES || memcmp(segment.ptr, mark, TIFF_AT) != 0)
        return EXIF_UPRIGHT;
    struct tiff t = {(const unsigned char *)segment.ptr + TIFF_AT, segment.len - TIFF_AT, false};
    t.little = t.bytes[0] == 'I' && t.bytes[1] == 'I';
    if ((!t.little && (t.bytes[0] != 'M' || t.bytes[1] != 'M')) || number(&t, 2, 2) != 42)
        return EXIF_UPRIGHT;
    size_t folder = number(&t, 4, 4);
    uint32_t count = number(&t, folder, 2);
    for (uint32_t i = 0; i < count; i++) {
        size_t entry = folder + 2 + (size_t)i * ENTRY_BYTES;
        uint32_t value = is_orientation(&t, entry) ? number(&t, entry + ENTRY_VALUE_AT, 2) : 0;
        if (value >= 1 && value <= ORIENTATIONS)
            return value;
    }
    return EXIF_UPRIGHT;
}
