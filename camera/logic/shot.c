#include "camera/logic/shot.h"

#include <inttypes.h>

#include "lib/wire/timestamp.h"

bool shot_put_key(const struct shot *s, const char *device, struct buf *out)
{
    buf_add_format(out, "%s-%016" PRIx64 "-%" PRIu32 "-%" PRIu32, device, s->epoch, s->boot,
                   s->seq);
    return !out->overflowed;
}

bool shot_put_name(const struct shot *s, const char *device, struct buf *out)
{
    if (s->captured_ms > 0) {
        struct timestamp_civil d = timestamp_to_civil((struct wall){s->captured_ms}, 0);
        buf_add_format(out, "%s_%04d%02d%02dT%02d%02d%02dZ_%" PRIu32 ".jpg", device, d.year,
                       d.month, d.day, d.hour, d.minute, d.second, s->seq);
    } else {
        buf_add_format(out, "%s_b%" PRIu32 "_%" PRIu32 ".jpg", device, s->boot, s->seq);
    }
    return !out->overflowed;
}

const char *shot_trigger_name(enum shot_trigger t)
{
    switch (t) {
    case SHOT_BY_INTERVAL: return "interval";
    case SHOT_BY_GPIO: return "gpio";
    case SHOT_BY_REQUEST: return "request";
    case SHOT_BY_BOOT: return "boot";
    }
    return "unknown";
}
