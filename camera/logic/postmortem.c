#include "camera/logic/postmortem.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "camera/logic/verdict.h"
#include "lib/pace/backoff.h"

void postmortem_init(struct postmortem *p, const struct dump *dump, const struct random *random)
{
    *p = (struct postmortem){.dump = dump, .random = random};
    p->bytes = dump == NULL ? 0 : dump->bytes(dump->ctx);
    p->waiting = p->bytes > 0 && p->bytes <= POSTMORTEM_BYTES_MAX;
}

void postmortem_lend(struct postmortem *p, const struct stream *stream, uint8_t *piece,
                     uint32_t piece_cap)
{
    webcall_init(&p->call, stream, piece, piece_cap);
}

bool postmortem_is_due(const struct postmortem *p, struct mono now)
{
    return p->waiting && !p->in_flight &&
           (!p->not_before.set || deadline_passed(p->not_before, now));
}

/* ---- the request ---- */

bool postmortem_put_path(const char *upload_path, struct buf *out)
{
    const char *slash = strrchr(upload_path, '/');
    size_t stem = slash == NULL ? 0 : (size_t)(slash - upload_path);
    buf_add(out, upload_path, stem);
    buf_add_text(out, "/crash");
    return !out->overflowed;
}

static bool put_lead(struct postmortem *p, const struct postmortem_address *to, struct buf *out)
{
    bool v6 = strchr(to->host, ':') != NULL;
    buf_init(out, p->lead, sizeof p->lead);
    buf_add_text(out, "POST ");
    (void)postmortem_put_path(to->upload_path, out); /* the whole is judged at the end */
    buf_add_format(out, " HTTP/1.1\r\nHost: %s%s%s:%u\r\n", v6 ? "[" : "", to->host, v6 ? "]" : "",
                   to->port);
    buf_add_text(out, "User-Agent: camrelay-camera\r\nContent-Type: application/octet-stream\r\n");
    buf_add_format(out, "Content-Length: %" PRIu32 "\r\nConnection: close\r\n", p->bytes);
    if (to->token[0] != '\0')
        buf_add_format(out, "Authorization: Bearer %s\r\n", to->token);
    buf_add_format(out, "X-Camera-Id: %s\r\nX-Camera-Boot: %" PRIu32 "\r\n", to->device, to->boot);
    if (to->firmware[0] != '\0')
        buf_add_format(out, "X-Camera-Firmware: %s\r\n", to->firmware);
    if (to->reset_reason[0] != '\0')
        buf_add_format(out, "X-Camera-Reset: %s\r\n", to->reset_reason);
    buf_add_text(out, "\r\n");
    return !out->overflowed;
}

static enum err read_dump(void *ctx, uint32_t offset, void *out, size_t len)
{
    const struct dump *d = ctx;
    return d->read(d->ctx, offset, out, len);
}

void postmortem_begin(struct postmortem *p, const struct postmortem_address *to,
                      const struct webcall_limits *limits, struct mono now)
{
    assert(postmortem_is_due(p, now) && to->host[0] != '\0');
    struct buf lead;
    if (!put_lead(p, to, &lead)) {
        p->waiting = false; /* settings are limited so that it fits */
        return;
    }
    struct webcall_request request = {
        .target = {.host = to->host, .port = to->port, .tls = to->tls, .ca_pem = to->ca_pem},
        .lead = buf_slice(&lead),
        .trail = SLICE(""),
        .body_bytes = p->bytes,
        .read = read_dump,
        .read_ctx = (void *)(uintptr_t)p->dump, /* not written to */
    };
    p->in_flight = true;
    webcall_begin(&p->call, &request, limits, now);
}

/* ---- the answer ---- */

static void rest(struct postmortem *p, struct mono now)
{
    struct backoff_config pace = {.base_ms = POSTMORTEM_RETRY_BASE_MS,
                                  .cap_ms = POSTMORTEM_RETRY_CAP_MS};
    uint32_t dice;
    p->random->fill(p->random->ctx, &dice, sizeof dice);
    p->failures++;
    p->not_before = deadline_in(now, backoff_wait_ms(&pace, p->failures, dice));
}

static void settle(struct postmortem *p, struct mono now)
{
    p->in_flight = false;
    p->status = p->call.state == WEBCALL_ANSWERED ? p->call.reply.status : 0;
    bool whole = p->call.sent_bytes == p->call.request.lead.len + p->bytes;
    webcall_abort(&p->call); /* the connection goes back to the courier */
    switch (p->status == 0 ? VERDICT_RETRY : verdict_of_status(p->status)) {
    case VERDICT_SENT:
        if (!whole) {
            rest(p, now); /* nobody can have kept what was not sent */
            return;
        }
        p->waiting = false;
        p->sent = true;
        p->dump->erase(p->dump->ctx);
        return;
    case VERDICT_RETRY: rest(p, now); return;
    case VERDICT_HOLD:
        p->waiting = p->status != 404 && p->status != 405;
        rest(p, now);
        return;
    case VERDICT_PHOTO: p->waiting = false; return;
    }
}

void postmortem_step(struct postmortem *p, struct mono now)
{
    if (!p->in_flight)
        return;
    enum webcall_state s = webcall_step(&p->call, now);
    if (s == WEBCALL_ANSWERED || s == WEBCALL_FAILED)
        settle(p, now);
}
