/* camera/logic/nap.h - when a camera that sleeps between photos may go to sleep, and for how long.
 *
 * Asleep nothing runs and RAM is lost, so it sleeps only when no photo lives in RAM alone. After
 * power on or a reset it stays awake for a while, so that its page can be reached. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/instant.h"

enum {
    NAP_LEAST_MS = 5000,             /* for less it is not worth waking up again */
    NAP_AWAKE_MAX_MS = 60 * 1000,    /* then it sleeps although photos wait in flash */
    NAP_SENDING_MAX_MS = 180 * 1000, /* the same while one is under way */
    NAP_POWER_ON_MS = 3 * 60 * 1000, /* awake after anything but a wake-up */
};

#define NAP_FOREVER_MS UINT32_MAX /* until a pin wakes it */

struct nap_facts {
    bool wanted;       /* the owner wants it to sleep */
    bool held;         /* somebody is at it: portal, update, trial, safe mode */
    bool woke;         /* this start is a wake-up, not power on or a reset */
    bool looked;       /* the photo of this wake was taken or decided against */
    bool sending;      /* an upload is under way */
    bool idle;         /* nothing waits to be sent */
    bool only_in_ram;  /* some photo would be lost */
    bool has_pin;      /* a pin can wake it */
    struct mono now;   /* since start */
    uint32_t photo_ms; /* until the next photo is due; UINT32_MAX: none is */
};

/* 0: stay awake; NAP_FOREVER_MS: until the pin; else milliseconds. */
uint32_t nap_wanted_ms(const struct nap_facts *f);
