#include "relay/logic/thumb.h"

#include <stdbool.h>

#include "lib/wire/exif.h"

static unsigned two_bytes(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static bool is_frame(uint8_t marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

struct frame {
    size_t at; /* of its length field, with at least 7 bytes behind */
    uint8_t marker;
    unsigned orientation; /* as an APP1 segment before it says */
};

/* The body of the segment whose length field is at `at`, as much of it as is there. */
static struct slice body_of(const uint8_t *jpeg, size_t len, size_t at)
{
    size_t body = two_bytes(jpeg + at);
    size_t left = len - at;
    body = body < left ? body : left;
    return (struct slice){(const char *)jpeg + at + 2, body > 2 ? body - 2 : 0};
}

static bool find_frame(const uint8_t *jpeg, size_t len, struct frame *out)
{
    if (len < 4 || jpeg[0] != 0xFF || jpeg[1] != 0xD8)
        return false;
    size_t at = 2;
    out->orientation = EXIF_UPRIGHT;
    while (at + 4 <= len && jpeg[at] == 0xFF) {
        uint8_t marker = jpeg[at + 1];
        if (marker == 0xFF) { /* a fill byte */
            at++;
            continue;
        }
        if (is_frame(marker)) {
            out->at = at + 2;
            out->marker = marker;
            return at + 9 <= len;
        }
        if (marker == 0xDA || marker < 0xC0) /* a scan without a frame, or no marker at all */
            return false;
        if (marker == 0xE1 && out->orientation == EXIF_UPRIGHT)
            out->orientation = exif_orientation(body_of(jpeg, len, at + 2));
        at += 2 + (size_t)two_bytes(jpeg + at + 2);
    }
    return false;
}

enum err thumb_plan(const void *jpeg, size_t len, struct thumb_plan *out_plan)
{
    const uint8_t *bytes = jpeg;
    struct frame frame;
    if (!find_frame(bytes, len, &frame))
        return ERR_INPUT;
    struct thumb_plan plan = {.height = two_bytes(bytes + frame.at + 3),
                              .width = two_bytes(bytes + frame.at + 5),
                              .eighths = 8,
                              .orientation = frame.orientation};
    if (plan.width == 0 || plan.height == 0)
        return ERR_INPUT;
    bool line_by_line = frame.marker == 0xC0 || frame.marker == 0xC1;
    uint64_t pixels = (uint64_t)plan.width * plan.height;
    if (pixels > (line_by_line ? THUMB_PIXELS_MAX : THUMB_PROGRESSIVE_PIXELS_MAX))
        return ERR_LIMIT;
    uint32_t longer = plan.width > plan.height ? plan.width : plan.height;
    while (plan.eighths > 1 && longer * (plan.eighths - 1) / 8 >= THUMB_SIDE_MIN)
        plan.eighths--;
    *out_plan = plan;
    return ERR_OK;
}
