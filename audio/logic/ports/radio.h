/* audio/logic/ports/radio.h - what the BLE streamer needs of a Bluetooth stack with one connection,
 * and what it wants to hear of it.
 *
 * Nothing here waits longer than the stack's own lock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { RADIO_VALUE_MAX = 24 }; /* bytes of a value that can be read */

/* Of the connection, as far as the stack knows; 0: unknown. */
struct radio_link {
    int8_t rssi_dbm;
    uint8_t phy;       /* 1, 2, 3: 1M, 2M, coded */
    uint16_t interval; /* in 1.25 ms */
};

struct radio {
    void *ctx;
    /* Notifies the value of the characteristic with this 16-bit part. ERR_FULL: no buffer now;
     * ERR_IO: there is no connection. ERR_OK says nothing about its arrival. */
    enum err (*notify)(void *ctx, uint16_t characteristic, const void *data, size_t len);
    /* The same over the L2CAP channel. ERR_FULL: also while the peer gives no credits. */
    enum err (*push)(void *ctx, const void *data, size_t len);
    /* How many packets of ours wait in the stack for the air. */
    unsigned (*waiting)(void *ctx);
    struct radio_link (*look)(void *ctx);
    /* Asks for 2M PHY, long packets and an interval of 15 to 30 ms; the peer may say no. */
    void (*hurry)(void *ctx);
    /* Asks the peer to pair. */
    void (*secure)(void *ctx);
    /* Lets a new peer find us. */
    void (*advertise)(void *ctx);
    /* Ends advertising and the connection. */
    void (*quiet)(void *ctx);
};

/* What the stack tells, from a thread of its own: whoever fills this in sees to it that no two of
 * these and no gattcast_step run at once. None is called from within a call of struct radio. */
struct radio_ears {
    void *ctx;
    void (*connected)(void *ctx);
    void (*gone)(void *ctx);
    void (*mtu)(void *ctx, uint16_t mtu);
    void (*subscribed)(void *ctx, uint16_t characteristic, bool on);
    void (*secured)(void *ctx);               /* the connection is encrypted now */
    void (*channel)(void *ctx, uint16_t mtu); /* the L2CAP channel is open; 0: it is closed */
    /* A write to Control: 0, or an ATT error. */
    unsigned (*control)(void *ctx, const uint8_t *data, size_t len);
    /* A read: the length of the value, 0 for an unknown characteristic. */
    size_t (*read)(void *ctx, uint16_t characteristic, uint8_t out[RADIO_VALUE_MAX]);
};
