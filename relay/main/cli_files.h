/* relay/main/cli_files.h - the files `camrelay send` is to send, in order. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/instant.h"
#include "relay/port/hash_openssl.h"

struct cli_file {
    char *path;       /* on the heap */
    const char *name; /* its last part */
};

struct cli_files {
    struct cli_file *list; /* on the heap */
    size_t count, cap;
};

/* Adds a file, or every .jpg and .jpeg below a folder, sorted. "-" is standard input, read to its
 * end into a temporary file. False: it cannot be read, which was said. */
bool cli_files_add(struct cli_files *f, const char *path);
void cli_files_free(struct cli_files *f);

/* Opened for reading, with what an upload says about it. */
struct cli_opened {
    int fd; /* the caller's */
    uint64_t size_bytes;
    uint8_t sha256[HASH_BYTES];
    struct wall modified; /* 0: not told, standard input */
};
bool cli_files_open(const struct cli_file *file, struct hash_openssl *hashes,
                    struct cli_opened *out);
