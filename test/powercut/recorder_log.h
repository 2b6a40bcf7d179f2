/* test/powercut/recorder_log.h - the log of what a program did to one folder, and what it sent.
 *
 * Records follow each other in the order of the effects, without gaps; read by record.py. Each is
 * this head, then `len_a` and `len_b` bytes. Numbers lie as this machine has them. */
#pragma once

#include <stdint.h>

enum { RECORDER_MAGIC = 0x43505721 };

enum recorder_kind {
    RECORDER_OPEN = 1,    /* a: path; x: RECORDER_OPEN_*; fd */
    RECORDER_CLOSE = 2,   /* fd */
    RECORDER_WRITE = 3,   /* fd; x: offset; a: bytes */
    RECORDER_SIZE = 4,    /* fd; x: new size (truncate, allocate) */
    RECORDER_RENAME = 5,  /* a: from; b: to */
    RECORDER_LINK = 6,    /* a: from; b: to */
    RECORDER_UNLINK = 7,  /* a: path, file or folder */
    RECORDER_MKDIR = 8,   /* a: path */
    RECORDER_TAG = 9,     /* fd; a: name; b: value */
    RECORDER_BEGIN = 10,  /* a flush begins: fd; x: RECORDER_FLUSH_*; y: its number */
    RECORDER_END = 11,    /* it returned: x: 0 or errno; y: its number */
    RECORDER_ACCEPT = 12, /* fd: a connection came */
    RECORDER_SEND = 13,   /* fd; a: bytes about to be sent (the first ones of many) */
};

enum {
    RECORDER_OPEN_CREATED = 1,
    RECORDER_OPEN_TRUNCATED = 2,
    RECORDER_OPEN_FOLDER = 4,
};

enum { RECORDER_FLUSH_FILE = 1, RECORDER_FLUSH_ALL = 2 };

struct recorder_head {
    uint32_t magic;
    uint32_t kind;
    int32_t fd;
    uint32_t len_a;
    uint32_t len_b;
    uint32_t unused;
    uint64_t x;
    uint64_t y;
};
