#include "camera/logic/health.h"

#include <inttypes.h>

static void put_text(struct buf *out, const char *name, const char *value)
{
    if (value[0] != '\0')
        buf_add_format(out, "X-Camera-%s: %s\r\n", name, value);
}

static void put_number(struct buf *out, const char *name, uint32_t value)
{
    buf_add_format(out, "X-Camera-%s: %" PRIu32 "\r\n", name, value);
}

static void put_known(struct buf *out, const char *name, uint32_t value)
{
    if (value != 0)
        put_number(out, name, value);
}

void health_put(const struct health *h, struct buf *out)
{
    if (h->has_rssi)
        buf_add_format(out, "X-Camera-Rssi: %d\r\n", h->rssi_dbm);
    put_known(out, "Heap", h->heap_free_bytes);
    put_known(out, "Heap-Least", h->heap_least_bytes);
    put_number(out, "Uptime", h->uptime_s);
    put_known(out, "Battery", h->battery_mv);
    put_text(out, "Firmware", h->firmware);
    put_text(out, "Reset", h->reset_reason);
    put_number(out, "Queued", h->queued);
    put_known(out, "Aside", h->aside);
    put_number(out, "Captured", h->captured);
    put_number(out, "Sent", h->sent);
    put_number(out, "Lost", h->lost);
    put_known(out, "Capture-Failures", h->capture_failures);
    put_known(out, "Overflows", h->overflows);
}
