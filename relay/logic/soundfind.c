#include "relay/logic/soundfind.h"

#include <stdio.h>
#include <string.h>

#include "lib/wire/url.h"
#include "relay/logic/recordname.h"

void soundfind_init(struct soundfind *f, struct mono now)
{
    *f = (struct soundfind){deadline_in(now, 0), SOUNDFIND_FIRST_MS};
}

bool soundfind_is_due(struct soundfind *f, struct mono now)
{
    if (!deadline_passed(f->due, now))
        return false;
    f->due = deadline_in(now, f->wait_ms);
    f->wait_ms = f->wait_ms * 2 < SOUNDFIND_LAST_MS ? f->wait_ms * 2 : SOUNDFIND_LAST_MS;
    return true;
}

static void make_name(const char *instance, char out[DESTINATION_NAME_MAX])
{
    size_t n = 0;
    for (; instance[n] != '\0' && n < DESTINATION_NAME_MAX - 1; n++)
        out[n] = recordname_is_source((struct slice){instance + n, 1}) ? instance[n] : '_';
    out[n] = '\0';
}

bool soundfind_read(const struct finder_found *found, struct soundfind_source *out)
{
    const struct dnssd_service *s = &found->service;
    struct soundfind_source source;
    struct url url;
    const char *path = s->path[0] == '\0' ? "/stream.wav" : s->path;
    int n = snprintf(source.url, sizeof source.url, "http://%s:%u%s", found->address,
                     (unsigned)s->port, path);
    if (path[0] != '/' || n < 0 || (size_t)n >= sizeof source.url ||
        url_split(slice_of(source.url), &url) != ERR_OK)
        return false;
    make_name(s->instance, source.name);
    *out = source;
    return true;
}
