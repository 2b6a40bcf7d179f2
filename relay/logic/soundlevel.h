/* relay/logic/soundlevel.h - how loud it is, and when it was louder than somebody asked to know.
 *
 * The level is the root mean square of a tenth of a second, in whole decibels below full scale (a
 * full-scale sine is 3, a full-scale square 0; SOUNDLEVEL_SILENT: 96 or more). An event begins with
 * the first tenth at or above the threshold and ends with the last before SOUNDLEVEL_HOLD_TENTHS
 * quieter ones. Whole numbers only; time is counted in samples. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SOUNDLEVEL_SILENT = 96,
    SOUNDLEVEL_HOLD_TENTHS = 20,
    SOUNDLEVEL_THRESHOLD_MAX = 60,
};

struct soundlevel_event {
    uint64_t at;     /* sample of its first tenth, counted from the start */
    uint64_t length; /* samples, up to the end of its last loud tenth */
    unsigned below;  /* loudest tenth, dB below full scale */
};

/* The caller owns the memory and reads only the fields marked so. */
struct soundlevel {
    unsigned below; /* read: the last whole tenth, dB below full scale */
    bool loud;      /* read: an event goes on; `event` is what it is so far */
    struct soundlevel_event event;
    uint32_t tenth; /* samples */
    uint64_t threshold, at;
    uint64_t squares; /* of the tenth being gathered */
    uint32_t gathered;
    uint32_t quiet; /* tenths */
};

/* `threshold_db`: dB below full scale, 0..SOUNDLEVEL_THRESHOLD_MAX; 0: no events. */
void soundlevel_init(struct soundlevel *l, uint32_t rate_hz, unsigned threshold_db);

/* Calls `ended` for each event that ended within these samples. */
void soundlevel_feed(struct soundlevel *l, const int16_t *samples, size_t count,
                     void (*ended)(void *ctx, const struct soundlevel_event *event), void *ctx);

/* The stream ends here, and so does an event that goes on. */
void soundlevel_end(struct soundlevel *l,
                    void (*ended)(void *ctx, const struct soundlevel_event *event), void *ctx);
