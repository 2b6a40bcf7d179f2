/* relay/logic/recorder.h - one source of sound made into recordings: when one ends and the next
 * begins, and what is done about sound that did not come. Time is an argument.
 *
 * A recording covers one period of local time (an hour: from xx:00:00). Sound that is missing, be
 * it that the connection was cut or that the streamer left samples out, becomes silence of the same
 * length, so that a place in the file is a time of day; where more than RECORDER_SILENCE_MAX_MS is
 * missing, the recording ends and the next begins with the sound. Samples left out within a
 * connection are noticed up to RECORDER_WINDOW_MS later, and the silence then stands there. The
 * streamer's clock may differ from ours by as much as crystals do without becoming a gap. */
#pragma once

#include "relay/logic/ports/recordfile.h"
#include "relay/logic/recordname.h"
#include "relay/logic/soundlevel.h"

enum {
    RECORDER_FLUSH_MS = 10 * 1000,
    RECORDER_SILENCE_MAX_MS = 60 * 1000,
    RECORDER_WINDOW_MS = 5 * 1000,
    RECORDER_GAP_MS_MIN = 250,     /* less is the network's doing and comes later */
    RECORDER_RETRY_MS = 10 * 1000, /* after the disk refused */
    RECORDER_RATE_MIN = 8000,      /* Hz */
    RECORDER_RATE_MAX = 48000,
    RECORDER_SILENCE_SAMPLES = 4096, /* written at once */
};

struct recorder_moment {
    struct mono mono;
    struct wall wall;
    int32_t utc_offset_s; /* of local time */
};

struct recorder_rules {
    uint64_t period_ms;  /* 1000..a day */
    unsigned loud_below; /* soundlevel.h; 0: no events */
    enum medium medium;  /* of sound */
};

/* Something loud that ended. */
struct recorder_event {
    struct wall at;
    uint64_t lasted_ms;
    unsigned below; /* loudest, dB below full scale */
};

struct recorder_sink {
    void *ctx;
    void (*finished)(void *ctx); /* a recording lies under its name; NULL: nobody wants to know */
    void (*loud)(void *ctx, const struct recorder_event *event); /* NULL likewise */
};

/* The caller owns the memory and reads only the fields marked so. */
struct recorder {
    bool recording;                /* read: a file is open */
    bool refused;                  /* read: the disk took none of it lately */
    uint64_t recorded_ms, lost_ms; /* read: since the start; lost_ms: what became silence or less */
    uint64_t recordings;           /* read: finished */
    struct soundlevel level;       /* read: `below`, `loud` */
    const struct recordfile *file;
    struct recorder_sink sink;
    struct recorder_rules rules;
    char source[DESTINATION_NAME_MAX];
    uint32_t rate_hz; /* 0: no stream yet */
    int64_t slot;     /* the period being recorded */
    struct wall level_began;
    struct mono began; /* of the recording */
    uint64_t written;  /* samples of the recording */
    bool joining;      /* the next samples are the first of a connection */
    int64_t lag_ms,
        lag_low_ms; /* how far the samples are behind the clock: normal, and lowest now */
    struct mono window_end, flush_at, retry_at;
    struct mono last; /* when samples came last */
};

void recorder_init(struct recorder *r, const char *source, const struct recorder_rules *rules,
                   const struct recordfile *file, const struct recorder_sink *sink);

/* A connection stands. ERR_INPUT: a rate that is not recorded. */
CHECKED enum err recorder_join(struct recorder *r, uint32_t rate_hz,
                               const struct recorder_moment *now);
/* Samples came. */
void recorder_take(struct recorder *r, const int16_t *samples, size_t count,
                   const struct recorder_moment *now);
/* To be called every second or so: flushes, and ends what nothing comes for any more. */
void recorder_tick(struct recorder *r, const struct recorder_moment *now);
/* Finishes what is open. */
void recorder_end(struct recorder *r);
