/* relay/logic/ports/json.h - reading the three kinds of JSON that come from outside (RFC 8259).
 *
 * The port finds fields; what they mean is decided in relay/logic. Every call is bounded in memory
 * whatever comes: arrays are read element by element, never as a whole. Safe from any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "relay/logic/ports/photo.h"

enum {
    JSON_CODE_MAX = 33,             /* "code" of an error answer, with its NUL */
    JSON_TEXT_MAX = 120,            /* "error" of an answer; longer ones are cut */
    JSON_NAMES_MAX = 1000000,       /* names taken from one sent_files.json */
    JSON_NAMES_BYTES_MAX = 1 << 28, /* bytes read from one sent_files.json */
    JSON_PATH_MAX = 512,            /* bytes of a path with its NUL */
    JSON_VALUE_MAX = 32768,         /* bytes of one array element or skipped value */
};

/* The fields of an answer to an upload that say something about it. A field of another type than
 * the contract's counts as absent. */
struct json_receipt {
    bool is_object; /* the body is one JSON object; else nothing below is set */
    bool has_success;
    bool success; /* a boolean, or a number (0 is false) */
    bool has_size;
    uint64_t size_bytes;
    bool has_sha256;
    bool sha256_readable; /* 64 hexadecimal digits; else it agrees with nothing */
    uint8_t sha256[32];
    bool has_filename;
    char filename[PHOTO_NAME_MAX]; /* cut to what fits */
    bool duplicate;
    char code[JSON_CODE_MAX];  /* "" = none */
    char error[JSON_TEXT_MAX]; /* "" = none; control characters are blanks */
};

/* One entry of GET /list that has a name. */
struct json_listed {
    char filename[PHOTO_NAME_MAX];
    bool has_size;
    uint64_t size_bytes;
    bool has_sha256;
    uint8_t sha256[32];
};

/* What is to be said about a text of names; where it stopped being what was expected, if it did. */
struct json_trouble {
    bool is_object;           /* the array stood in an object: the text holds more than names */
    uint64_t offset;          /* bytes from the start of the text */
    uint64_t line;            /* from 1 */
    char text[JSON_TEXT_MAX]; /* "" = nothing wrong */
};

/* A text that is pulled while it is read: fills up to `cap` bytes; 0 = the end. */
struct json_source {
    void *ctx;
    CHECKED enum err (*read)(void *ctx, void *out, size_t cap, size_t *out_len);
};

struct json {
    void *ctx;
    /* Never fails: what is not an object leaves `is_object` false. */
    void (*receipt)(void *ctx, const char *text, size_t len, struct json_receipt *out_receipt);

    /* Calls `each` for the entries of the array "files" (or of a bare array); stops when it answers
     * false. Both objects with "filename" (or "name") and "size", and bare names, are entries;
     * others are passed over. A text that was cut gives the entries before the cut and ERR_OK with
     * `*out_whole` false. ERR_INPUT: not a list at all. */
    CHECKED enum err (*listing)(void *ctx, struct slice text,
                                bool (*each)(void *arg, const struct json_listed *entry), void *arg,
                                bool *out_whole);

    /* Calls `each` for every name of an array of names, or of the first array in an object, in the
     * order of the text; ends with ERR_LIMIT when it answers false. What cannot be the name of a
     * file (empty, too long, with '/' or NUL) is passed over. What came before an error was handed
     * out. `*out_trouble` is always set.
     * ERR_CORRUPT: not such a text (see out_trouble); ERR_LIMIT: a maximum above was passed;
     * ERR_FULL: no memory; else what the source said. */
    CHECKED enum err (*names)(void *ctx, const struct json_source *source,
                              bool (*each)(void *arg, const char *name), void *arg,
                              struct json_trouble *out_trouble);

    /* Calls `each` for every value that is no object and no array, in the order of the text, with
     * its path from the root such as "files.0.filename", and as text; null is NULL. Stops when it
     * answers false. A path longer than JSON_PATH_MAX is passed over. The text is held as a whole:
     * for answers of our own programs. ERR_INPUT: not one JSON value; ERR_FULL: no memory. */
    CHECKED enum err (*values)(void *ctx, const char *text, size_t len,
                               bool (*each)(void *arg, const char *path, const char *value),
                               void *arg);
};
