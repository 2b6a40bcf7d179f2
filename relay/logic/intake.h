/* relay/logic/intake.h - finds the photo in an upload's body, whatever form the sender chose.
 *
 * Forms (design: the upload contract): multipart/form-data with the photo as the part named "file"
 * (or imageFile, image, photo, upfile; else the only part with a file name); a bare JPEG under
 * image/jpeg, application/octet-stream or no type; a bare JPEG under multipart/form-data without a
 * boundary. Recordings of sound (WAV, FLAC) come the same ways where they are accepted; which of
 * them it is, its bytes tell, and not what the sender calls it. Pure: no I/O, no allocation; any
 * split of the body gives the same photo. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/wire/multipart.h"
#include "relay/logic/medium.h"
#include "relay/logic/ports/photo.h"
#include "relay/logic/refusal.h"

enum {
    /* Room that `out` must have beyond the bytes fed: what looked like a delimiter and was data. */
    INTAKE_SLACK = MULTIPART_BOUNDARY_MAX + 8,
};

/* Header values as they came; empty = absent. Borrowed during intake_begin. */
struct intake_request {
    struct slice content_type;
    struct slice key;         /* Idempotency-Key */
    struct slice digest;      /* Repr-Digest */
    struct slice camera;      /* X-Camera-Id */
    struct slice captured_at; /* X-Captured-At */
    struct slice boot;        /* X-Camera-Boot */
    struct slice seq;         /* X-Camera-Seq */
    bool has_length;
    uint64_t length; /* Content-Length */
};

/* What is taken here. */
struct intake_limits {
    unsigned accept; /* MEDIUM_BITs */
    uint64_t photo_bytes_max;
    uint64_t sound_bytes_max;
};

/* The caller owns the memory (about 4 KiB) and reads only the fields marked so. */
struct intake {
    struct photo photo; /* read: what the headers told; after intake_end the original name too */
    bool has_digest;    /* read: `digest` is what the photo's SHA-256 must be */
    uint8_t digest[32];
    enum refusal refusal; /* read: set once the upload is refused */
    bool restart;         /* read and cleared by the caller: photo bytes before `out` are void */
    uint64_t photo_bytes; /* read */
    struct intake_limits limits;
    uint64_t body_bytes;
    struct medium_probe probe; /* read: `medium`, after intake_end */
    struct multipart multipart;
    bool is_multipart;
    bool is_declared; /* a bare body under a type of `declared` */
    enum medium declared;
    bool is_unbounded; /* says multipart, but names no boundary */
    bool ended;        /* the closing delimiter was seen */
    bool taking;       /* the part at hand is the photo */
    bool rival;        /* the part at hand would be a second photo, if it has bytes */
    bool two_photos;
    uint8_t rank; /* of the part the photo comes from */
};

/* Judges the head. What it says (also in in->refusal) is REFUSAL_NONE if the body may come. */
CHECKED enum refusal intake_begin(struct intake *in, const struct intake_request *r,
                                  const struct intake_limits *limits);

/* Takes bytes of the body and appends the photo's to `out`, which needs room for `bytes.len` +
 * INTAKE_SLACK. Stops at the first refusal. */
CHECKED enum refusal intake_feed(struct intake *in, struct slice bytes, struct buf *out);

/* The body is complete: is there a photo, and a whole one? */
CHECKED enum refusal intake_end(struct intake *in);
