/* relay/logic/overview.h - everything the page shows, as data; and as JSON for GET /api/status and
 * GET /cameras. Nothing secret comes in here. */
#pragma once

#include "relay/logic/health.h"
#include "relay/logic/ports/state_view.h"
#include "relay/logic/soundboard.h"
#include "relay/logic/vitals.h"

enum {
    OVERVIEW_LATEST = 12, /* photos shown as pictures */
    OVERVIEW_KEY_MAX = 48,
    OVERVIEW_VALUE_MAX = 640,
    OVERVIEW_TEXT_BYTES_MAX = 1048576, /* enough for any of the texts below */
};

/* One setting in force, as the owner would write it. */
struct overview_setting {
    char key[OVERVIEW_KEY_MAX];
    char value[OVERVIEW_VALUE_MAX];
};

/* Everything borrowed during the call it is given to. */
struct overview {
    struct health_input in;
    struct health health;
    uint64_t duplicates; /* this session */
    uint64_t rejected;   /* this session */
    const char *dir;     /* where the photos lie */
    const struct overview_setting *settings;
    size_t setting_count;
    const struct listed_photo *latest; /* newest first */
    size_t latest_count;
    const struct camera_row *cameras;
    size_t camera_count;
    /* What a camera last said of itself; false if nothing. NULL: nobody knows. */
    bool (*vitals)(void *ctx, const char *camera, struct vitals_camera *out);
    void *vitals_ctx;
    const struct soundboard *sound;
    int32_t utc_offset_s; /* of the relay's clock, for times people read */
};

uint64_t overview_forwarded(const struct overview *o); /* deliveries made, over all destinations */
uint64_t overview_pending(const struct overview *o);
uint64_t overview_failed(const struct overview *o); /* dead letters */

void overview_write_status(const struct overview *o, struct buf *out);
void overview_write_cameras(const struct overview *o, struct buf *out);
