/* relay/logic/sentfile.h - sent_files.json, kept for the scripts that read it.
 *
 * The database decides what was sent; this file follows it. An existing one is taken over at start:
 * an array of names, or an object with one. It is rewritten beside itself and renamed, never in
 * place, when something changed, at most once per max(SENTFILE_PAUSE_MS, 100 x the time the last
 * writing took), and at exit. A file that could not be understood to its end, or that holds more
 * than an array of names, is moved aside to NAME.unreadable (.unreadable2, 3 ...) before ours takes
 * its place; nothing of it is lost. A file that could not be read at all is never replaced.
 *
 * `fs` is rooted in the file's own folder, which is not the photos'. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/port/clock.h"
#include "lib/port/fs.h"
#include "relay/logic/ports/json.h"
#include "relay/logic/ports/state_view.h"

enum {
    SENTFILE_PAUSE_MS = 60 * 1000,
    SENTFILE_PAUSE_FACTOR = 100,
    SENTFILE_NAMES_AT_ONCE = 256, /* handed to the sink */
    SENTFILE_ASIDE_MAX = 1000,    /* copies kept aside before import refuses to add one more */
    SENTFILE_BUFFER_BYTES = 32768,
    SENTFILE_NAME_MAX = 240, /* bytes of the file's name, with its NUL */
};

struct sentfile {
    const struct fs *fs;     /* borrowed */
    const struct json *json; /* borrowed */
    char name[SENTFILE_NAME_MAX];
    bool unread;  /* never read to an end: may not be touched */
    bool strange; /* what is there now holds more than the names we took from it: kept aside */
    bool changed; /* since the last writing began */
    struct mono not_before;
    char buffer[SENTFILE_BUFFER_BYTES];
};

/* Where imported names go: copied by the sink. */
struct sentfile_sink {
    void *ctx;
    CHECKED enum err (*names)(void *ctx, const char *const *names, size_t count);
};

/* What an import found, for the log. */
struct sentfile_found {
    bool there;
    uint64_t names;
    struct json_trouble trouble; /* text "" = understood to the end */
};

/* Where the names to write come from, and when to stop (may be NULL: never). */
struct sentfile_writing {
    const struct state_view *view;
    int64_t seen;
    const struct clock *clock;
    bool (*stop)(void *arg);
    void *stop_arg;
};

/* ERR_LIMIT: the name is too long or holds a '/'. */
CHECKED enum err sentfile_init(struct sentfile *s, const struct fs *fs, const struct json *json,
                               const char *name);

/* Reads the file, at start. ERR_OK also if there is none, or not one that can be understood: then
 * what came before the trouble was imported. ERR_IO, ERR_FULL: it could not be read. Errors of the
 * sink end the import and are returned. After an error it may be tried again. */
CHECKED enum err sentfile_import(struct sentfile *s, const struct sentfile_sink *sink,
                                 struct sentfile_found *out_found);

/* Something was sent. */
void sentfile_note(struct sentfile *s);
/* Is a rewriting due? */
bool sentfile_due(const struct sentfile *s, struct mono now);
/* When it will be, if nothing more happens; UINT64_MAX: not. */
struct mono sentfile_next(const struct sentfile *s);
/* Writes now, whether due or not. On an error, or when stopped (ERR_LIMIT), the old file is still
 * there and the next writing is due after the pause. ERR_CORRUPT: not without an import before. */
CHECKED enum err sentfile_write(struct sentfile *s, const struct sentfile_writing *w);
