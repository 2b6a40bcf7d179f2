/* relay/logic/soundfind.h - when to look for audio streamers on the network, and what one that
 * answered is called and read from. Time is an argument. */
#pragma once

#include "lib/pace/deadline.h"
#include "relay/logic/ports/finder.h"
#include "relay/logic/ports/photo.h"

#define SOUNDFIND_SERVICE "_camrelay-audio._tcp.local"

enum {
    SOUNDFIND_FIRST_MS = 1000,     /* doubles from question to question ... */
    SOUNDFIND_LAST_MS = 60 * 1000, /* ... up to this */
    SOUNDFIND_URL_MAX = 160,
};

struct soundfind {
    struct deadline due;
    uint32_t wait_ms;
};

void soundfind_init(struct soundfind *f, struct mono now);
/* Is it time to ask? Then the next time is set. */
bool soundfind_is_due(struct soundfind *f, struct mono now);

struct soundfind_source {
    char name[DESTINATION_NAME_MAX]; /* a source's name made of what it calls itself */
    char url[SOUNDFIND_URL_MAX];
};

/* False: its path cannot be asked for. */
bool soundfind_read(const struct finder_found *found, struct soundfind_source *out);
