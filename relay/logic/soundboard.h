/* relay/logic/soundboard.h - what the pages tell of the audio streamers: each source, and the last
 * loud moments. Plain data, copied under a lock. */
#pragma once

#include "lib/wire/json_out.h"
#include "relay/logic/metrics.h"
#include "relay/logic/ports/soundstream.h"
#include "relay/logic/recorder.h"

enum { SOUNDBOARD_EVENTS = 24 };

struct soundboard_source {
    char name[DESTINATION_NAME_MAX];
    bool found;     /* on the network, nobody named it: it may go as it came */
    bool streaming; /* sound comes */
    bool recording; /* and is written */
    bool refused;   /* the disk takes none of it */
    bool loud;
    unsigned below; /* level now, dB below full scale; SOUNDLEVEL_SILENT also if nothing comes */
    uint64_t recorded_ms, lost_ms, recordings; /* since the start */
    char error[SOUNDSTREAM_ERROR_MAX];         /* why nothing comes; "" = none */
};

struct soundboard_event {
    char source[DESTINATION_NAME_MAX];
    struct recorder_event event;
};

struct soundboard {
    struct soundboard_source sources[SOUNDSTREAM_MAX];
    size_t count;
    struct soundboard_event events[SOUNDBOARD_EVENTS]; /* newest first */
    size_t event_count;
    uint64_t events_total; /* since the start */
    uint64_t waiting;      /* finished recordings that are not in the folder yet */
};

/* Puts an event in front; the oldest goes. */
void soundboard_add(struct soundboard *b, const struct soundboard_event *event);

/* Is sound missing from a source somebody named, or not written? */
bool soundboard_is_silent(const struct soundboard *b);
bool soundboard_is_refused(const struct soundboard *b);

/* The members "audio" and "audio_events" of GET /api/status, into an object that is open. */
void soundboard_write_members(const struct soundboard *b, struct json_out *j);

void soundboard_count(const struct soundboard *b, struct metrics *m);
