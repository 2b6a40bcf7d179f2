/* relay/main/web.h - the files of relay/web, embedded when the program is built (tools/embed). */
#pragma once

#include <stddef.h>

#include "lib/base/slice.h"

struct web_file {
    const char *name; /* without folder */
    const char *type; /* Content-Type */
    const char *etag; /* strong, with its quotes; of the plain bytes */
    const unsigned char *plain;
    size_t plain_len;
    const unsigned char *gzip; /* NULL where that is not smaller */
    size_t gzip_len;
};

/* NULL if there is no such file. Static. */
const struct web_file *web_find(struct slice name);
