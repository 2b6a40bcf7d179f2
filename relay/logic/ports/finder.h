/* relay/logic/ports/finder.h - what announces itself on the local network. One thread makes all
 * calls; none waits. */
#pragma once

#include "lib/base/err.h"
#include "lib/wire/dnssd.h"

/* Something that answered. */
struct finder_found {
    struct dnssd_service service;
    char address[16]; /* IPv4, of whoever answered */
};

struct finder {
    void *ctx;
    /* Asks the network. ERR_IO: there is none now. */
    CHECKED enum err (*ask)(void *ctx);
    /* Tells of every answer that has come. */
    void (*hear)(void *ctx, void (*each)(void *arg, const struct finder_found *found), void *arg);
};
