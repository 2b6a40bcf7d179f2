#include "camera/port/host_link.h"

enum { SLICE_MS = 20 }; /* bandwidth comes in portions of that time */

static struct mono now(const struct host_link *l)
{
    return l->clock.mono_now(l->clock.ctx);
}

static bool throws(struct host_link *l, uint32_t permille)
{
    l->dice = l->dice * 1664525 + 1013904223;
    return (l->dice >> 8) % 1000 < permille;
}

bool host_link_is_out(const struct host_link *l)
{
    if (l->config.outage_every_ms == 0)
        return false;
    return (now(l).ms - l->start.ms) % l->config.outage_every_ms < l->config.outage_ms;
}

static enum err link_open(void *ctx, const struct stream_target *target)
{
    struct host_link *l = ctx;
    l->broken = host_link_is_out(l);
    l->paused_until = (struct mono){0};
    return l->broken ? ERR_IO : l->inner->open(l->inner->ctx, target);
}

static enum err link_ready(void *ctx, bool *out_ready)
{
    struct host_link *l = ctx;
    return l->broken || host_link_is_out(l) ? ERR_IO : l->inner->ready(l->inner->ctx, out_ready);
}

/* How many of `len` bytes may go now. */
static size_t allowance(struct host_link *l, size_t len)
{
    if (l->config.bytes_per_s == 0)
        return len;
    struct mono t = now(l);
    uint64_t gained = (t.ms - l->budget_at.ms) * l->config.bytes_per_s / 1000;
    uint64_t most = (uint64_t)l->config.bytes_per_s * SLICE_MS / 1000 + 1;
    if (gained > 0) {
        l->budget_bytes += gained;
        l->budget_at = t;
    }
    l->budget_bytes = l->budget_bytes < most ? l->budget_bytes : most;
    size_t n = len < l->budget_bytes ? len : (size_t)l->budget_bytes;
    l->budget_bytes -= n;
    return n;
}

static enum err link_write(void *ctx, const void *data, size_t len, size_t *out_len)
{
    struct host_link *l = ctx;
    *out_len = 0;
    if (!l->broken && throws(l, l->config.break_permille)) {
        l->broken = true;
        l->breaks++;
        l->inner->close(l->inner->ctx);
    }
    if (l->broken)
        return ERR_IO;
    if (now(l).ms < l->paused_until.ms || host_link_is_out(l))
        return ERR_OK;
    if (throws(l, l->config.pause_permille)) {
        l->paused_until.ms = now(l).ms + l->config.pause_ms;
        l->pauses++;
        return ERR_OK;
    }
    size_t n = allowance(l, len);
    return n == 0 ? ERR_OK : l->inner->write(l->inner->ctx, data, n, out_len);
}

static enum err link_read(void *ctx, void *out, size_t cap, size_t *out_len, bool *out_end)
{
    struct host_link *l = ctx;
    *out_len = 0;
    *out_end = false;
    if (l->broken)
        return ERR_IO;
    if (host_link_is_out(l))
        return ERR_OK;
    return l->inner->read(l->inner->ctx, out, cap, out_len, out_end);
}

static void link_close(void *ctx)
{
    struct host_link *l = ctx;
    l->broken = false;
    l->inner->close(l->inner->ctx);
}

struct mono host_link_wake(const struct host_link *l)
{
    struct mono t = now(l);
    if (t.ms < l->paused_until.ms)
        return l->paused_until;
    if (l->config.bytes_per_s > 0 || l->config.outage_every_ms > 0)
        return (struct mono){t.ms + SLICE_MS / 4};
    return (struct mono){0};
}

void host_link_init(struct host_link *l, const struct stream *inner, struct clock clock,
                    const struct host_link_config *config)
{
    *l = (struct host_link){.config = *config, .inner = inner, .clock = clock};
    l->start = now(l);
    l->budget_at = l->start;
    l->dice = config->seed;
    l->stream = (struct stream){.ctx = l,
                                .open = link_open,
                                .ready = link_ready,
                                .write = link_write,
                                .read = link_read,
                                .close = link_close};
}
