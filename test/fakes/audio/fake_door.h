/* test/fakes/audio/fake_door.h - a listening socket in memory, with peers as slow, as silent and as
 * broken as a test wants them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/logic/ports/door.h"

enum {
    FAKE_DOOR_PEERS = 8,
    FAKE_DOOR_HEARD_MAX = 131072,
};

struct fake_door_peer {
    /* levers */
    const void *says; /* borrowed */
    size_t says_len;
    size_t says_each;  /* bytes of one read */
    size_t takes_each; /* bytes of one write; 0: it takes nothing */
    bool hangs_up;     /* its side is closed behind what it says */
    bool broken;       /* reading fails */
    bool breaks_write; /* writing fails */
    /* what happened */
    size_t said;
    unsigned reads;
    bool waits, inside, ended, closed;
    uint8_t heard[FAKE_DOOR_HEARD_MAX];
    size_t heard_len; /* more than fits is thrown away, and counted */
};

struct fake_door {
    struct door door;
    struct fake_door_peer peers[FAKE_DOOR_PEERS];
    size_t count;
    bool broken; /* accepting fails */
};

void fake_door_init(struct fake_door *f);
/* Somebody comes who says that and takes everything. Its number is the next from 0 on. */
struct fake_door_peer *fake_door_knock(struct fake_door *f, const void *says, size_t len);
