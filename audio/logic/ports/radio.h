/* audio/logic/ports/radio.h - what the BLE streamer needs of a GATT stack with one connection.
 *
 * Nothing here waits. What the stack tells comes as calls of the functions in gattcast.h, from the
 * thread that also calls gattcast_step. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct radio {
    void *ctx;
    /* Notifies the value of the characteristic with this 16-bit part. ERR_FULL: no buffer now;
     * ERR_IO: there is no connection. ERR_OK says nothing about its arrival: gattcast_sent does. */
    enum err (*notify)(void *ctx, uint16_t characteristic, const void *data, size_t len);
    /* Asks for 2M PHY, long packets and an interval of 15 to 30 ms; the peer may say no. */
    void (*hurry)(void *ctx);
    /* Lets a new peer find us. */
    void (*advertise)(void *ctx);
};
