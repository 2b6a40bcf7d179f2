/* audio/port/door_sockets.h - struct door over BSD sockets: Linux and lwIP on the chip alike. */
#pragma once

#include <stdint.h>

#include "audio/logic/ports/door.h"

enum { DOOR_SOCKETS_MAX = 16 };

struct door_sockets {
    int listener;                /* -1: closed */
    int peers[DOOR_SOCKETS_MAX]; /* by id; -1: free */
    uint16_t port;               /* read: where it listens */
    struct door door;            /* valid as long as this struct stays where it is */
};

/* `host` is an IPv4 address; `port` 0: one the system picks. */
CHECKED enum err door_sockets_open(struct door_sockets *d, const char *host, uint16_t port);
/* Sleeps until somebody comes or says something, at most `ms`. */
void door_sockets_wait(struct door_sockets *d, int ms);
void door_sockets_close(struct door_sockets *d);
