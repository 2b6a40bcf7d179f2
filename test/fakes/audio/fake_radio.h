/* test/fakes/audio/fake_radio.h - a GATT stack that remembers what it was told, and has as few
 * buffers as a test wants. */
#pragma once

#include <stdbool.h>

#include "audio/logic/gattcast.h"

enum { FAKE_RADIO_KEPT = 64 };

struct fake_radio {
    unsigned buffers; /* notifications it takes before some are sent */
    bool broken;      /* there is no connection */
    bool no_credits;  /* the peer takes nothing over the channel */
    struct radio_link link;
    unsigned advertised, hurried, secured, quieted;
    unsigned pushed;  /* of `kept`, over the channel: characteristic 0 */
    unsigned waiting; /* taken and not sent yet */
    unsigned count;   /* of `kept` */
    struct {
        uint16_t characteristic;
        size_t len;
        uint8_t bytes[STREAM_PACKET_MAX];
    } kept[FAKE_RADIO_KEPT];
    struct radio radio;
};

void fake_radio_init(struct fake_radio *f);
/* All that waits is on the air. */
void fake_radio_send(struct fake_radio *f);
