/* camera/logic/health.h - what a camera tells about itself with every photo. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum { HEALTH_TEXT_MAX = 32 };

/* Zeroed: nothing is known, and nothing is said. */
struct health {
    bool has_rssi;
    int16_t rssi_dbm;
    uint32_t heap_free_bytes;
    uint32_t heap_least_bytes; /* ever since start */
    uint32_t uptime_s;
    uint32_t battery_mv;
    char firmware[HEALTH_TEXT_MAX];
    char reset_reason[HEALTH_TEXT_MAX]; /* "poweron", "brownout", "watchdog" ... */
    uint32_t queued;                    /* photos waiting, this one included */
    uint32_t aside;                     /* refused for good by the relay */
    uint32_t captured;
    uint32_t sent;
    uint32_t lost;
    uint32_t capture_failures;
    uint32_t overflows; /* frames too large for the buffer: quality was lowered */
};

/* Header lines "X-Camera-...: ...\r\n". */
void health_put(const struct health *h, struct buf *out);
