#include "relay/logic/recordname.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool recordname_is_source(struct slice text)
{
    static const char ALLOWED[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (text.len == 0 || text.len >= DESTINATION_NAME_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\0' || strchr(ALLOWED, text.ptr[i]) == NULL)
            return false;
    }
    return true;
}

void recordname_write(const struct recordname *n, char out[RECORDNAME_MAX])
{
    assert(n->began.ms >= 0 && recordname_is_source(slice_of(n->source)));
    int len = snprintf(out, RECORDNAME_MAX, "%" PRId64 "-%s%s", n->began.ms, n->source,
                       medium_extension(n->medium));
    assert(len > 0 && len < RECORDNAME_MAX);
    (void)len;
}

bool recordname_read(struct slice text, struct recordname *out)
{
    struct recordname n = {0};
    uint64_t ms;
    if (!medium_of_name(text, &n.medium) || !medium_is_sound(n.medium))
        return false;
    struct slice source;
    struct slice digits = slice_cut(text, '-', &source);
    size_t extension = strlen(medium_extension(n.medium));
    if (source.len <= extension || !slice_to_u64(digits, &ms) || ms > INT64_MAX)
        return false;
    source.len -= extension;
    if (!recordname_is_source(source) || !slice_to_text(source, n.source, sizeof n.source))
        return false;
    n.began = (struct wall){(int64_t)ms};
    *out = n;
    return true;
}
