#include "relay/logic/thumb.h"

#include <stdbool.h>

static unsigned two_bytes(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static bool is_frame(uint8_t marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/* Finds the frame header: `*out_at` is its length field, with at least 7 bytes behind. */
static bool find_frame(const uint8_t *jpeg, size_t len, size_t *out_at, uint8_t *out_marker)
{
    if (len < 4 || jpeg[0] != 0xFF || jpeg[1] != 0xD8)
        return false;
    size_t at = 2;
    while (at + 4 <= len && jpeg[at] == 0xFF) {
        uint8_t marker = jpeg[at + 1];
        if (marker == 0xFF) { /* a fill byte */
            at++;
            continue;
        }
        if (is_frame(marker)) {
            *out_at = at + 2;
            *out_marker = marker;
            return at + 9 <= len;
        }
        if (marker == 0xDA || marker < 0xC0) /* a scan without a frame, or no marker at all */
            return false;
        at += 2 + (size_t)two_bytes(jpeg + at + 2);
    }
    return false;
}

enum err thumb_plan(const void *jpeg, size_t len, struct thumb_plan *out_plan)
{
    const uint8_t *bytes = jpeg;
    size_t at;
    uint8_t marker;
    if (!find_frame(bytes, len, &at, &marker))
        return ERR_INPUT;
    struct thumb_plan plan = {
        .height = two_bytes(bytes + at + 3), .width = two_bytes(bytes + at + 5), .eighths = 8};
    if (plan.width == 0 || plan.height == 0)
        return ERR_INPUT;
    bool line_by_line = marker == 0xC0 || marker == 0xC1;
    uint64_t pixels = (uint64_t)plan.width * plan.height;
    if (pixels > (line_by_line ? THUMB_PIXELS_MAX : THUMB_PROGRESSIVE_PIXELS_MAX))
        return ERR_LIMIT;
    uint32_t longer = plan.width > plan.height ? plan.width : plan.height;
    while (plan.eighths > 1 && longer * (plan.eighths - 1) / 8 >= THUMB_SIDE_MIN)
        plan.eighths--;
    *out_plan = plan;
    return ERR_OK;
}
