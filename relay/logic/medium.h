/* relay/logic/medium.h - what a stored file is: a photo, or a recording of sound.
 *
 * The name's extension says it from the moment a file has its name; before that its first bytes do.
 * Everything that differs between them (type, extension, how its wholeness is judged) stands here;
 * the rest of the relay calls all of them photos. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/wire/audiofile.h"
#include "lib/wire/jpeg.h"

enum medium {
    MEDIUM_JPEG,
    MEDIUM_WAV,
    MEDIUM_FLAC,
};
enum { MEDIUMS = 3, MEDIUM_EXTENSION_MAX = 6 /* with the NUL */ };

#define MEDIUM_BIT(medium) (1u << (medium))

const char *medium_type(enum medium m);      /* "image/jpeg", "audio/wav", "audio/flac" */
const char *medium_extension(enum medium m); /* ".jpg", ".wav", ".flac" */
bool medium_is_sound(enum medium m);

/* By the extension (any case), `.jpeg` too; false if it is none of them. */
bool medium_of_name(struct slice name, enum medium *out);
/* By a Content-Type, also under the other names these types go by; false if it is none of them. */
bool medium_of_type(struct slice content_type, enum medium *out);

/* The setting accept, such as "image/jpeg, audio/wav", as MEDIUM_BITs. ERR_INPUT: empty, or a type
 * that is none of them; the reason goes to `why`. */
CHECKED enum err medium_read_list(struct slice text, unsigned *out_mask, struct buf *why);

enum medium_verdict {
    MEDIUM_INCOMPLETE, /* good so far, the end not seen */
    MEDIUM_WHOLE,
    MEDIUM_ALIEN,   /* begins like none of them */
    MEDIUM_DAMAGED, /* began as one, but its structure is broken */
};

/* Judges a stream by its bytes. The caller owns the memory; a zeroed probe is ready. */
struct medium_probe {
    bool begun;         /* read: `medium` is set */
    enum medium medium; /* read: what the first byte promises */
    bool alien;
    uint8_t fed; /* bytes, up to the few that decide the medium */
    struct jpeg jpeg;
    struct audiofile audio;
};

/* Judges everything fed so far. */
enum medium_verdict medium_feed(struct medium_probe *p, const void *data, size_t len);
/* Have enough bytes come that `medium` is what it is, and not only what the first byte promised? */
bool medium_is_sure(const struct medium_probe *p);
/* The same answer as medium_feed() without more bytes. */
enum medium_verdict medium_verdict(const struct medium_probe *p);
