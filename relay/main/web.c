#include "relay/main/web.h"

#include "web_files.h"

const struct web_file *web_find(struct slice name)
{
    for (size_t i = 0; i < sizeof WEB_FILES / sizeof WEB_FILES[0]; i++)
        if (slice_eq(name, slice_of(WEB_FILES[i].name)))
            return &WEB_FILES[i];
    return NULL;
}
