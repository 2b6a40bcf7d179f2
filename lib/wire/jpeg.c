#include "lib/wire/jpeg.h"

#include <string.h>

enum step {
    SOI_FIRST,
    SOI_SECOND,
    FIRST_FF,    /* the FF behind SOI; without it this is no JPEG at all */
    MARKER_FF,   /* the FF before a marker */
    MARKER_CODE, /* behind it; more FF are padding */
    SEGMENT,     /* length and what it counts */
    DATA,        /* entropy-coded */
    DATA_FF,     /* FF in it */
    DONE,
    ALIEN,
    DAMAGED,
};

enum marker {
    SOF0 = 0xC0,
    DHT = 0xC4,
    DAC = 0xCC,
    SOF15 = 0xCF,
    RST0 = 0xD0,
    RST7 = 0xD7,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    DQT = 0xDB,
    APP15 = 0xEF,
    COM = 0xFE,
};

void jpeg_init(struct jpeg *j)
{
    *j = (struct jpeg){.step = SOI_FIRST};
}

static void damage(struct jpeg *j, const char *what)
{
    j->step = DAMAGED;
    j->damage = what;
}

static void expect(struct jpeg *j, uint8_t byte, uint8_t want, enum step next)
{
    j->step = (uint8_t)(byte == want ? next : ALIEN);
}

static bool is_frame(uint8_t marker)
{
    /* C8 is reserved, C4 and CC are tables */
    return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != 0xC8 && marker != DAC;
}

static bool is_table(uint8_t marker)
{
    /* DQT, DNL, DRI, DHP, EXP and the application segments lie next to each other */
    return marker == DHT || marker == DAC || (marker >= DQT && marker <= APP15) || marker == COM;
}

static void begin_segment(struct jpeg *j, uint8_t marker)
{
    j->step = SEGMENT;
    j->marker = marker;
    j->length = 0;
    j->at = 0;
}

static void take_marker(struct jpeg *j, uint8_t marker)
{
    if (marker == EOI) {
        if (!j->has_data)
            damage(j, "it ends before any image data");
        else
            j->step = DONE;
    } else if (is_frame(marker)) {
        if (j->has_frame)
            damage(j, "it has two frame headers");
        else
            begin_segment(j, marker);
    } else if (marker == SOS) {
        if (!j->has_frame)
            damage(j, "image data comes before the frame header");
        else
            begin_segment(j, marker);
    } else if (is_table(marker)) {
        begin_segment(j, marker);
    } else {
        damage(j, "it holds a marker that has no place there");
    }
}

/* The bytes of SOFn and SOS that matter stand at fixed places (ITU T.81 B.2.2, B.2.3). `j->at`
 * counts this byte already. */
static void read_frame_byte(struct jpeg *j, uint8_t byte)
{
    switch (j->at) {
    case 4: j->height = (uint16_t)(byte << 8); break;
    case 5: j->height = (uint16_t)(j->height | byte); break;
    case 6: j->width = (uint16_t)(byte << 8); break;
    case 7: j->width = (uint16_t)(j->width | byte); break;
    case 8: j->components = byte; break;
    default: break;
    }
}

static void end_frame(struct jpeg *j)
{
    j->has_frame = true;
    if (j->length < 11 || j->length != 8 + 3 * j->components || j->width == 0)
        damage(j, "the frame header is malformed");
}

static void end_scan_header(struct jpeg *j)
{
    j->step = DATA;
    if (j->length < 8 || j->components > 4 || j->length != 6 + 2 * j->components)
        damage(j, "a scan header is malformed");
}

static void end_segment(struct jpeg *j)
{
    j->step = MARKER_FF;
    if (is_frame(j->marker))
        end_frame(j);
    else if (j->marker == SOS)
        end_scan_header(j);
}

static void read_segment_byte(struct jpeg *j, uint8_t byte)
{
    j->at++;
    if (j->at <= 2) {
        j->length = (uint16_t)(j->length << 8 | byte);
        if (j->at < 2)
            return;
        if (j->length < 2) {
            damage(j, "a segment says it is shorter than its own length");
            return;
        }
        j->components = 0;
    } else if (j->marker == SOS) {
        if (j->at == 3)
            j->components = byte;
    } else if (is_frame(j->marker)) {
        read_frame_byte(j, byte);
    }
    if (j->at == j->length)
        end_segment(j);
}

/* Takes a run of bytes at once where none of them matters; answers how many. */
static size_t skip_segment(struct jpeg *j, size_t len)
{
    if (j->at < 2 || j->marker == SOS || is_frame(j->marker))
        return 0;
    size_t left = (size_t)(j->length - j->at);
    size_t n = len < left ? len : left;
    j->at = (uint16_t)(j->at + n);
    if (j->at == j->length)
        end_segment(j);
    return n;
}

static size_t skip_data(struct jpeg *j, const uint8_t *bytes, size_t len)
{
    const uint8_t *ff = memchr(bytes, 0xFF, len);
    size_t n = ff == NULL ? len : (size_t)(ff - bytes);
    if (n > 0)
        j->has_data = true;
    return n;
}

static void read_byte(struct jpeg *j, uint8_t byte)
{
    switch ((enum step)j->step) {
    case SOI_FIRST: expect(j, byte, 0xFF, SOI_SECOND); break;
    case SOI_SECOND: expect(j, byte, SOI, FIRST_FF); break;
    case FIRST_FF: expect(j, byte, 0xFF, MARKER_CODE); break;
    case MARKER_FF:
        j->step = MARKER_CODE;
        if (byte != 0xFF)
            damage(j, "a segment does not end where it says");
        break;
    case MARKER_CODE:
        if (byte != 0xFF)
            take_marker(j, byte);
        break;
    case SEGMENT: read_segment_byte(j, byte); break;
    case DATA: j->step = DATA_FF; break; /* skip_data stopped at an FF */
    case DATA_FF:
        if (byte == 0x00 || (byte >= RST0 && byte <= RST7)) {
            j->step = DATA;
            j->has_data = true;
        } else if (byte != 0xFF) {
            take_marker(j, byte);
        }
        break;
    case DONE:
    case ALIEN:
    case DAMAGED: break;
    }
}

enum jpeg_verdict jpeg_feed(struct jpeg *j, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    size_t at = 0;
    while (at < len && j->step < DONE) {
        size_t skipped = 0;
        if (j->step == SEGMENT)
            skipped = skip_segment(j, len - at);
        else if (j->step == DATA)
            skipped = skip_data(j, bytes + at, len - at);
        at += skipped;
        if (skipped == 0)
            read_byte(j, bytes[at++]);
    }
    j->bytes += at;
    if (j->step == DONE)
        j->trailing += len - at;
    return jpeg_verdict(j);
}

enum jpeg_verdict jpeg_verdict(const struct jpeg *j)
{
    switch ((enum step)j->step) {
    case DONE: return JPEG_WHOLE;
    case ALIEN: return JPEG_ALIEN;
    case DAMAGED: return JPEG_DAMAGED;
    case SOI_FIRST:
    case SOI_SECOND:
    case FIRST_FF:
    case MARKER_FF:
    case MARKER_CODE:
    case SEGMENT:
    case DATA:
    case DATA_FF: break;
    }
    return JPEG_INCOMPLETE;
}
