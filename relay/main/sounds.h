/* relay/main/sounds.h - listens to audio streamers and records them, on one thread of its own:
 * those that are named, and those that announce themselves, as far as there is room for them.
 *
 * Nothing here is waited for by uploads, pages or the committer. Where the disk has no room left
 * for photos, sound is not written and counted as lost. */
#pragma once

#include "lib/port/random.h"
#include "relay/logic/ports/finder.h"
#include "relay/logic/soundboard.h"
#include "relay/main/archive.h"

struct sounds;

struct sounds_source {
    const char *name;
    const char *url; /* copied */
};

/* Makes what writes a source's recordings, and undoes it. */
struct sounds_files {
    void *ctx;
    CHECKED enum err (*create)(void *ctx, unsigned source, struct recordfile *out_calls);
};

struct sounds_deps { /* borrowed until sounds_destroy() */
    const struct clock *clock;
    const struct random *random;
    const struct soundstream *stream;
    const struct finder *finder; /* NULL: only the sources that are named */
    struct sounds_files files;
    struct archive *archive;
    struct sounds_source sources[SOUNDSTREAM_MAX];
    size_t count;
    struct recorder_rules rules;
    /* Is there room beyond what is kept for photos? Must not wait. */
    bool (*has_room)(void *ctx);
    int32_t (*utc_offset_s)(struct wall now);
    void *ctx; /* of has_room */
};

CHECKED enum err sounds_start(const struct sounds_deps *deps, struct sounds **out);
/* As it was a moment ago; never waits. Any thread. */
void sounds_tell(struct sounds *s, struct soundboard *out);
/* Finishes what is recorded and ends the thread. */
void sounds_stop(struct sounds *s);
void sounds_destroy(struct sounds *s); /* NULL does nothing */
