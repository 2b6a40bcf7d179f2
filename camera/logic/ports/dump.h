/* camera/logic/ports/dump.h - what the last crash left behind: a core dump in flash, or a file. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct dump {
    void *ctx;                    /* the port's own state, handed back to every call */
    uint32_t (*bytes)(void *ctx); /* its size; 0: there is none */
    /* offset + len <= bytes. */
    enum err (*read)(void *ctx, uint32_t offset, void *out, size_t len);
    void (*erase)(void *ctx); /* if that fails it is found, and sent, once more */
};
