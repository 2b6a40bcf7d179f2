/* relay/main/app_sound.h - the part of the daemon that records audio streamers; nothing of it runs
 * where none is named and no recording was left behind. For relay/main/app*.c. */
#pragma once

#include <limits.h>

#include "relay/main/archive.h"
#include "relay/main/sounds.h"
#include "relay/port/finder_mdns.h"
#include "relay/port/recordfile_posix.h"
#include "relay/port/soundstream_curl.h"

struct app;

/* Part of struct app; zeroed it may be closed. */
struct app_sound {
    char path[PATH_MAX];
    struct soundstream_curl *reader;
    struct soundstream stream;
    struct finder_mdns *finder_mdns;
    struct finder finder;
    struct recordfile_posix *files[SOUNDSTREAM_MAX];
    struct archive *archive;
    struct sounds *sounds;
    bool refusing; /* the disk was full at the last look */
};

CHECKED enum err app_sound_start(struct app *a);
/* See pages_deps.sound. */
void app_sound_tell(void *ctx, struct soundboard *out);
/* Ends the threads; before the committer's. */
void app_sound_stop(struct app *a);
void app_sound_close(struct app *a);
