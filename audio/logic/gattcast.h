/* audio/logic/gattcast.h - the sound over Bluetooth LE: our own GATT service (docs/formats.md).
 *
 * Frames are those of lib/wire/audioframe.h, 20 ms each; a client that can opens an L2CAP channel
 * and gets them there. At most 3 wait in the stack at once; when there is no room, the newest frame
 * is dropped and the next one says so. Where pairing is wanted, nothing is heard before. Paused
 * while somebody is in the set-up portal: an access point in use and BLE do not go together on
 * these chips. One call at a time. */
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
    GATTCAST_PSM = 6,
    GATTCAST_BLOCK = 320, /* samples of a frame */
    GATTCAST_WAITING_MAX = 3,
    GATTCAST_ATT_HEAD = 3,  /* bytes of the MTU that a notification does not have */
    GATTCAST_MTU_MIN = 175, /* ADPCM frames fit from here on */
    GATTCAST_FORMAT_BYTES = 12,
    GATTCAST_STATS_BYTES = 22,
    GATTCAST_STATS_MS = 1000,
    GATTCAST_BAD_OP = 0x80, /* ATT application errors */
    GATTCAST_BAD_VALUE = 0x81,
    GATTCAST_NOT_PAIRED = 0x0F, /* "insufficient encryption" */
};

/* Touch no field but those marked. */
struct gattcast {
    struct studio *studio;     /* borrowed */
    const struct radio *radio; /* borrowed */
    struct stream stream;
    struct deadline stats_due;
    enum audioframe_codec codec;
    struct radio_link link;
    bool pairing; /* set: only who has paired may listen */
    bool paused, connected, secured, subscribed, wants_stats, stopped, listens;
    bool dropped_one;     /* the next frame says so */
    uint16_t psm;         /* set: of the L2CAP channel, 0: there is none */
    uint16_t mtu;         /* of ATT */
    uint16_t channel_mtu; /* of the L2CAP channel, 0: it is not open */
    uint32_t sent;        /* read: frames the stack has taken */
    uint32_t dropped;     /* read */
};

/* Then `pairing` and `psm` are set. Advertises. */
void gattcast_init(struct gattcast *g, struct studio *studio, const struct radio *radio);

/* What the stack tells: see struct radio_ears. */
void gattcast_connected(struct gattcast *g, struct mono now);
void gattcast_gone(struct gattcast *g);
void gattcast_mtu(struct gattcast *g, uint16_t mtu);
void gattcast_subscribed(struct gattcast *g, uint16_t characteristic, bool on);
void gattcast_secured(struct gattcast *g);
void gattcast_channel(struct gattcast *g, uint16_t mtu);
unsigned gattcast_control(struct gattcast *g, const uint8_t *data, size_t len);
size_t gattcast_read(const struct gattcast *g, uint16_t characteristic,
                     uint8_t out[RADIO_VALUE_MAX]);

/* While paused nobody is connected and nobody finds us. */
void gattcast_pause(struct gattcast *g, bool paused);

/* Sends what is due. Every few milliseconds. */
void gattcast_step(struct gattcast *g, struct mono now);
