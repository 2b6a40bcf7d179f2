#include "camera/logic/relayfind.h"

#include <string.h>

#include "lib/base/buf.h"

static const char RECORD[] = "relay"; /* "host port" */

static void recall(struct relayfind *r)
{
    char text[RELAYFIND_HOST_MAX + 8];
    size_t len = 0;
    if (r->vault->get(r->vault->ctx, RECORD, text, sizeof text, &len) != ERR_OK)
        return;
    struct slice port_text;
    struct slice host = slice_cut((struct slice){text, len}, ' ', &port_text);
    uint64_t port;
    if (host.len == 0 || !slice_to_u64(port_text, &port) || port == 0 || port > 65535 ||
        !slice_to_text(host, r->host, sizeof r->host))
        return;
    r->port = (uint16_t)port;
    r->kept = true;
}

void relayfind_init(struct relayfind *r, const char *host, uint16_t port, const struct vault *vault)
{
    *r = (struct relayfind){.vault = vault, .fixed = host[0] != '\0'};
    if (!r->fixed) {
        recall(r);
        return;
    }
    (void)slice_to_text(slice_of(host), r->host, sizeof r->host); /* settings are shorter */
    r->port = port;
}

void relayfind_answered(struct relayfind *r)
{
    r->failures = 0;
    r->browses = 0;
    r->next_browse = deadline_never();
    if (r->fixed || r->kept)
        return;
    char text[RELAYFIND_HOST_MAX + 8];
    struct buf b;
    buf_init(&b, text, sizeof text);
    buf_add_format(&b, "%s %u", r->host, r->port);
    r->kept = r->vault->put(r->vault->ctx, RECORD, b.ptr, b.len) == ERR_OK;
}

void relayfind_unreachable(struct relayfind *r)
{
    r->failures++;
}

bool relayfind_wants_browse(const struct relayfind *r, struct mono now)
{
    if (r->fixed || (r->host[0] != '\0' && r->failures < RELAYFIND_FAILURES))
        return false;
    return !r->next_browse.set || deadline_passed(r->next_browse, now);
}

void relayfind_found(struct relayfind *r, const char *host, uint16_t port)
{
    if (port == 0 || strlen(host) >= sizeof r->host)
        return;
    if (strcmp(r->host, host) != 0 || r->port != port)
        r->kept = false;
    memcpy(r->host, host, strlen(host) + 1);
    r->port = port;
    r->failures = 0;
    r->browses = 0;
    r->next_browse = deadline_never();
}

void relayfind_not_found(struct relayfind *r, struct mono now)
{
    uint64_t wait = RELAYFIND_BROWSE_BASE_MS;
    for (uint32_t i = 0; i < r->browses && wait < RELAYFIND_BROWSE_CAP_MS; i++)
        wait *= 2;
    r->browses++;
    r->next_browse =
        deadline_in(now, wait < RELAYFIND_BROWSE_CAP_MS ? wait : RELAYFIND_BROWSE_CAP_MS);
}
