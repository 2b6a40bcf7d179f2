/* audio/port/cast_sockets.h - struct cast over a UDP socket: Linux and lwIP on the chip alike. */
#pragma once

#include <stdint.h>

#include "audio/logic/ports/cast.h"

struct cast_sockets {
    int fd;           /* -1: closed */
    struct cast cast; /* valid as long as this struct stays where it is */
};

/* `to` is an IPv4 address, of a group as well. */
CHECKED enum err cast_sockets_open(struct cast_sockets *c, const char *to, uint16_t port);
void cast_sockets_close(struct cast_sockets *c);
