/* lib/wire/jpeg.h - is this stream one whole JPEG? (ITU T.81 annex B)
 *
 * Walks markers and segment lengths and does not decode: SOI first, well-formed segments with a
 * frame header before the first scan, entropy-coded data with stuffing and restarts, EOI. Baseline,
 * progressive and lossless pass alike; thumbnails inside APP segments are skipped by their length.
 * Bytes behind EOI are counted, not judged: cameras pad, and multi-picture files go on there.
 * Any split of the input gives the same answer; work is linear, and bound by memchr in the data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum jpeg_verdict {
    JPEG_INCOMPLETE, /* good so far, EOI not seen */
    JPEG_WHOLE,      /* from SOI to EOI */
    JPEG_ALIEN,      /* does not begin with FF D8 FF: not a JPEG at all */
    JPEG_DAMAGED,    /* began as one, but `damage`; whether it is all there is then not known */
};

/* The caller owns the memory and reads only the fields marked so. */
struct jpeg {
    uint16_t width;     /* read: 0 until the frame header was seen */
    uint16_t height;    /* read: 0 also if the file leaves it to a DNL segment */
    uint64_t bytes;     /* read: fed up to and with EOI; all of them before that */
    uint64_t trailing;  /* read: bytes behind EOI */
    const char *damage; /* read: at JPEG_DAMAGED: what is wrong, static text */
    uint8_t step;
    uint8_t marker;     /* of the segment being read */
    uint8_t components; /* as the segment says */
    bool has_frame;
    bool has_data;   /* the scan had at least one byte */
    uint16_t length; /* of the segment, with its own two bytes */
    uint16_t at;     /* bytes of it seen, likewise */
};

void jpeg_init(struct jpeg *j);

/* Judges everything fed so far. Once ALIEN or DAMAGED, it stays so and looks at nothing more. */
enum jpeg_verdict jpeg_feed(struct jpeg *j, const void *data, size_t len);

/* The same answer without more bytes. */
enum jpeg_verdict jpeg_verdict(const struct jpeg *j);
