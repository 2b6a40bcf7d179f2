/* audio/logic/gattcast.h - the sound over Bluetooth LE: our own GATT service (docs/formats.md).
 *
 * Frames are those of lib/wire/audioframe.h, 20 ms each. At most 3 are under way at once; when the
 * stack has no room, the newest frame is dropped and the next one says so. Calls come from one
 * thread. */
#pragma once

#include "audio/logic/ports/radio.h"
#include "audio/logic/stream.h"
#include "audio/logic/studio.h"
#include "lib/pace/deadline.h"

enum {
    GATTCAST_AUDIO = 2, /* the 16-bit parts of the UUIDs */
    GATTCAST_FORMAT = 3,
    GATTCAST_CONTROL = 4,
    GATTCAST_STATS = 5,
    GATTCAST_BLOCK = 320, /* samples of a frame */
    GATTCAST_UNDER_WAY_MAX = 3,
    GATTCAST_ATT_HEAD = 3,  /* bytes of the MTU that a notification does not have */
    GATTCAST_MTU_MIN = 175, /* ADPCM frames fit from here on */
    GATTCAST_FORMAT_BYTES = 12,
    GATTCAST_STATS_BYTES = 18,
    GATTCAST_STATS_MS = 1000,
    GATTCAST_BAD_OP = 0x80, /* ATT application errors */
    GATTCAST_BAD_VALUE = 0x81,
};

/* Touch no field but those marked. */
struct gattcast {
    struct studio *studio;     /* borrowed */
    const struct radio *radio; /* borrowed */
    struct stream stream;
    struct deadline stats_due;
    enum audioframe_codec codec;
    bool connected, subscribed, wants_stats, stopped, listens;
    bool dropped_one; /* the next frame says so */
    uint16_t mtu;
    unsigned under_way;
    uint32_t sent;    /* read: frames the stack has taken and sent */
    uint32_t dropped; /* read */
};

void gattcast_init(struct gattcast *g, struct studio *studio, const struct radio *radio);

/* What the stack tells. */
void gattcast_connected(struct gattcast *g, struct mono now);
void gattcast_gone(struct gattcast *g);
void gattcast_mtu(struct gattcast *g, uint16_t mtu);
void gattcast_subscribed(struct gattcast *g, uint16_t characteristic, bool on);
void gattcast_sent(struct gattcast *g, uint16_t characteristic); /* a notification left the chip */
/* A write to Control: 0, or an ATT error. */
unsigned gattcast_control(struct gattcast *g, const uint8_t *data, size_t len);
/* A read: answers the length of the value, 0 for an unknown characteristic. */
size_t gattcast_read(const struct gattcast *g, uint16_t characteristic,
                     uint8_t out[GATTCAST_STATS_BYTES]);

/* Sends what is due. Every few milliseconds. */
void gattcast_step(struct gattcast *g, struct mono now);
