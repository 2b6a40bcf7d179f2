#include "camera/logic/courier.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/pace/backoff.h"
#include "lib/wire/http_field.h"
#include "lib/wire/multipart_writer.h"
#include "lib/wire/timestamp.h"

void courier_init(struct courier *c, const struct courier_config *config, struct backlog *backlog,
                  const struct stream *stream, const struct random *random)
{
    *c = (struct courier){.config = *config,
                          .backlog = backlog,
                          .random = random,
                          .last_problem = "",
                          .mood = COURIER_NO_RELAY};
    c->call.stream = stream;
}

void courier_lend_piece(struct courier *c, uint8_t *piece, uint32_t piece_cap)
{
    webcall_init(&c->call, c->call.stream, piece, piece_cap);
}

/* ---- the request ---- */

static enum err read_photo(void *ctx, uint32_t offset, void *out, size_t len)
{
    struct courier *c = ctx;
    return backlog_read(c->backlog, &c->item, offset, out, len);
}

/* A photo taken before the clock was right gets its time now, if it is of this boot. */
static void put_captured(const struct courier *c, struct buf *out)
{
    const struct shot *s = &c->item.shot;
    int64_t at = s->captured_ms;
    bool sure = s->clock_sure;
    if (!sure && c->clock_sure && s->boot == c->backlog->config.boot &&
        s->mono_ms <= c->taken_now.ms) {
        at = c->taken_wall.ms - (int64_t)(c->taken_now.ms - s->mono_ms);
        sure = true;
    }
    if (at <= 0)
        return;
    char text[TIMESTAMP_TEXT_MAX];
    timestamp_format((struct wall){at}, true, text);
    buf_add_format(out, "X-Captured-At: %s\r\nX-Camera-Clock: %s\r\n", text,
                   sure ? "sure" : "unsure");
}

static void put_identity(const struct courier *c, struct buf *out)
{
    const struct shot *s = &c->item.shot;
    char digest[BASE64_TEXT_LEN(SHOT_DIGEST_BYTES) + 1];
    base64_write(s->digest, SHOT_DIGEST_BYTES, digest);
    buf_add_text(out, "Idempotency-Key: ");
    (void)shot_put_key(s, c->config.device, out); /* the whole is judged at the end */
    buf_add_format(out, "\r\nRepr-Digest: sha-256=:%s:\r\nX-Camera-Id: %s\r\n", digest,
                   c->config.device);
    buf_add_format(out, "X-Camera-Boot: %" PRIu32 "\r\nX-Camera-Seq: %" PRIu32 "\r\n", s->boot,
                   s->seq);
    buf_add_format(out, "X-Camera-Trigger: %s\r\n", shot_trigger_name(s->trigger));
    put_captured(c, out);
}

static void put_part(const struct courier *c, struct slice boundary, struct buf *out)
{
    char memory[SHOT_NAME_MAX];
    struct buf name;
    buf_init(&name, memory, sizeof memory);
    (void)shot_put_name(&c->item.shot, c->config.device, &name); /* an empty name is legal, too */
    struct multipart_writer_file file = {
        .name = SLICE("file"), .filename = buf_slice(&name), .content_type = SLICE("image/jpeg")};
    multipart_writer_file(out, boundary, &file);
}

static void put_host(const struct courier *c, struct buf *out)
{
    bool v6 = strchr(c->host, ':') != NULL;
    buf_add_format(out, "Host: %s%s%s", v6 ? "[" : "", c->host, v6 ? "]" : "");
    if (c->port != (c->config.tls ? 443 : 80))
        buf_add_format(out, ":%u", c->port);
    buf_add_text(out, "\r\n");
}

static void put_head(const struct courier *c, struct slice boundary, uint64_t length,
                     struct buf *out)
{
    buf_add_format(out, "POST %s HTTP/1.1\r\n", c->config.path);
    put_host(c, out);
    buf_add_text(out, "User-Agent: camrelay-camera\r\nAccept: application/json\r\nContent-Type: ");
    multipart_writer_content_type(out, boundary);
    buf_add_format(out, "\r\nContent-Length: %" PRIu64 "\r\n", length);
    if (c->config.token[0] != '\0')
        buf_add_format(out, "Authorization: Bearer %s\r\n", c->config.token);
    put_identity(c, out);
    health_put(&c->health, out);
    buf_add_text(out, "\r\n");
}

/* Everything before and after the photo's bytes. False: it does not fit (settings are limited so
 * that it does). */
static bool build_request(struct courier *c, struct webcall_request *out)
{
    uint8_t dice[MULTIPART_WRITER_DICE_BYTES];
    c->random->fill(c->random->ctx, dice, sizeof dice);
    char text[MULTIPART_WRITER_BOUNDARY_LEN + 1];
    multipart_writer_boundary(dice, text);
    struct slice boundary = {text, MULTIPART_WRITER_BOUNDARY_LEN};

    char part_memory[256];
    struct buf part, trail, lead;
    buf_init(&part, part_memory, sizeof part_memory);
    put_part(c, boundary, &part);
    buf_init(&trail, c->trail, sizeof c->trail);
    multipart_writer_end(&trail, boundary);
    buf_init(&lead, c->lead, sizeof c->lead);
    put_head(c, boundary, (uint64_t)part.len + c->item.shot.length_bytes + trail.len, &lead);
    buf_add_slice(&lead, buf_slice(&part));
    *out = (struct webcall_request){
        .target = {.host = c->host,
                   .port = c->port,
                   .tls = c->config.tls,
                   .ca_pem = c->config.ca_pem},
        .lead = buf_slice(&lead),
        .trail = buf_slice(&trail),
        .body_bytes = c->item.shot.length_bytes,
        .read = read_photo,
        .read_ctx = c,
    };
    return !part.overflowed && !trail.overflowed && !lead.overflowed;
}

struct webcall_limits courier_limits(const struct courier *c, uint32_t bytes)
{
    const struct courier_config *k = &c->config;
    uint64_t body_ms = (uint64_t)bytes * 1000 / (k->least_bytes_per_s + 1);
    uint64_t total = (uint64_t)k->connect_ms + k->stall_ms + k->reply_ms + body_ms;
    return (struct webcall_limits){
        .connect_ms = k->connect_ms,
        .stall_ms = k->stall_ms,
        .reply_ms = k->reply_ms,
        .total_ms = total > UINT32_MAX ? UINT32_MAX : (uint32_t)total,
    };
}

/* ---- settling ---- */

static uint32_t dice(struct courier *c)
{
    uint32_t d;
    c->random->fill(c->random->ctx, &d, sizeof d);
    return d;
}

static void rest(struct courier *c, uint32_t base_ms, uint32_t cap_ms, struct mono now)
{
    struct backoff_config pace = {.base_ms = base_ms, .cap_ms = cap_ms};
    c->failures++;
    c->not_before = deadline_in(now, backoff_wait_ms(&pace, c->failures, dice(c)));
}

static void obey_retry_after(struct courier *c, struct mono now)
{
    uint32_t s;
    const struct reply *r = &c->call.reply;
    if (!r->has_retry_after ||
        http_field_retry_after(slice_of(r->retry_after), c->taken_wall, &s) != ERR_OK)
        return;
    s = s < COURIER_RETRY_AFTER_MAX_S ? s : COURIER_RETRY_AFTER_MAX_S;
    struct deadline asked = deadline_in(now, (uint64_t)s * 1000);
    if (deadline_left_ms(asked, now) > deadline_left_ms(c->not_before, now))
        c->not_before = asked;
}

static void note_date(struct courier *c)
{
    struct wall w;
    if (c->call.reply.date[0] != '\0' &&
        timestamp_parse_http(slice_of(c->call.reply.date), c->taken_wall, &w) == ERR_OK)
        c->news.relay_time_ms = w.ms;
}

static void settle_answer(struct courier *c, struct mono now)
{
    const struct courier_config *k = &c->config;
    c->last_status = c->call.reply.status;
    c->news.answered = true;
    note_date(c);
    enum verdict v = verdict_of_reply(&c->call.reply, &c->item.shot);
    c->holding = v == VERDICT_HOLD;
    switch (v) {
    case VERDICT_SENT:
        if (c->item.shot.boot == c->backlog->config.boot && now.ms >= c->item.shot.mono_ms)
            c->ack_ms = (uint32_t)(now.ms - c->item.shot.mono_ms);
        backlog_sent(c->backlog, &c->item);
        c->news.sent = true;
        c->failures = 0;
        c->not_before = deadline_never();
        c->last_problem = "";
        return;
    case VERDICT_RETRY:
        backlog_failed(c->backlog, &c->item);
        c->last_problem = "the relay asks to try again later";
        rest(c, k->retry_base_ms, k->retry_cap_ms, now);
        obey_retry_after(c, now);
        return;
    case VERDICT_HOLD:
        backlog_failed(c->backlog, &c->item);
        c->last_problem = "the relay's address or token is not right";
        rest(c, k->hold_base_ms, k->hold_cap_ms, now);
        obey_retry_after(c, now);
        return;
    case VERDICT_PHOTO:
        c->last_problem = "the relay refuses this photo";
        if (backlog_refused(c->backlog, &c->item)) {
            c->failures = 0; /* the next photo is another matter */
            c->not_before = deadline_never();
        } else {
            rest(c, k->retry_base_ms, k->retry_cap_ms, now);
        }
        return;
    }
}

static void settle_failure(struct courier *c, struct mono now)
{
    c->last_status = 0;
    c->last_problem = webcall_cause_text(c->call.cause);
    c->news.unreachable = true;
    c->holding = false;
    backlog_failed(c->backlog, &c->item);
    rest(c, c->config.retry_base_ms, c->config.retry_cap_ms, now);
}

static void settle(struct courier *c, struct mono now)
{
    if (c->call.state == WEBCALL_ANSWERED)
        settle_answer(c, now);
    else
        settle_failure(c, now);
    c->in_flight = false;
}

/* ---- stepping ---- */

static bool begin(struct courier *c, struct mono now)
{
    if (!backlog_take(c->backlog, &c->item))
        return false;
    struct webcall_request request;
    if (!build_request(c, &request)) {
        c->last_problem = "the request does not fit; shorten token, path or name";
        backlog_kept(c->backlog, &c->item);
        rest(c, c->config.hold_base_ms, c->config.hold_cap_ms, now);
        return false;
    }
    struct webcall_limits limits = courier_limits(c, c->item.shot.length_bytes);
    c->tries++;
    c->retries += c->failures > 0 ? 1 : 0;
    c->in_flight = true;
    c->keep_end = deadline_never();
    webcall_begin(&c->call, &request, &limits, now);
    return true;
}

static void show(struct courier *c, enum courier_mood mood, struct deadline wake)
{
    c->mood = mood;
    c->wake = wake;
    c->wants_stream = mood == COURIER_SENDING;
    c->wants_write = mood == COURIER_SENDING && c->call.wants_write;
}

static void show_idle(struct courier *c, struct mono now)
{
    bool later = c->not_before.set && !deadline_passed(c->not_before, now);
    if (later) {
        show(c, COURIER_HOLDING, c->not_before);
        return;
    }
    if (!c->call.connected)
        c->keep_end = deadline_never();
    else if (!c->keep_end.set)
        c->keep_end = deadline_in(now, COURIER_KEEP_MS);
    if (c->keep_end.set && deadline_passed(c->keep_end, now)) {
        webcall_abort(&c->call);
        c->keep_end = deadline_never();
    }
    show(c, COURIER_IDLE, c->keep_end);
}

/* False: nothing more can be done now, and `mood` and `wake` say so. */
static bool go_on(struct courier *c, struct mono now)
{
    if (c->in_flight) {
        enum webcall_state s = webcall_step(&c->call, now);
        if (s != WEBCALL_ANSWERED && s != WEBCALL_FAILED) {
            show(c, COURIER_SENDING, c->call.wake);
            return false;
        }
        settle(c, now);
    }
    if (!c->online || c->host[0] == '\0') {
        show(c, COURIER_NO_RELAY, deadline_never());
        return false;
    }
    if (c->not_before.set && !deadline_passed(c->not_before, now)) {
        show(c, c->holding ? COURIER_HOLDING : COURIER_RESTING, c->not_before);
        return false;
    }
    if (!c->paused && begin(c, now))
        return true;
    show_idle(c, now);
    return false;
}

void courier_step(struct courier *c, struct mono now, struct wall wall, bool clock_sure)
{
    c->taken_now = now;
    c->taken_wall = wall;
    c->clock_sure = clock_sure && wall.ms > 0;
    while (go_on(c, now))
        continue;
}

static void give_up_call(struct courier *c)
{
    webcall_abort(&c->call);
    if (c->in_flight)
        backlog_failed(c->backlog, &c->item);
    c->in_flight = false;
}

void courier_pause(struct courier *c, bool paused)
{
    c->paused = paused;
}

bool courier_free_stream(struct courier *c)
{
    if (c->in_flight)
        return false;
    webcall_abort(&c->call);
    c->keep_end = deadline_never();
    return true;
}

void courier_hurry(struct courier *c)
{
    c->not_before = deadline_never();
    c->failures = 0;
    c->holding = false;
}

void courier_reconfigure(struct courier *c, const struct courier_config *config)
{
    give_up_call(c);
    c->config = *config;
    courier_hurry(c);
}

void courier_set_relay(struct courier *c, const char *host, uint16_t port)
{
    host = host == NULL ? "" : host;
    assert(strlen(host) < sizeof c->host);
    if (port == c->port && strcmp(host, c->host) == 0)
        return;
    give_up_call(c);
    memcpy(c->host, host, strlen(host) + 1);
    c->port = port;
    courier_hurry(c);
}

void courier_set_online(struct courier *c, bool online)
{
    if (online == c->online)
        return;
    c->online = online;
    if (online) {
        courier_hurry(c);
        return;
    }
    give_up_call(c);
    backlog_offline(c->backlog);
}

struct courier_news courier_take_news(struct courier *c)
{
    struct courier_news news = c->news;
    c->news = (struct courier_news){0};
    return news;
}

const char *courier_mood_name(enum courier_mood m)
{
    switch (m) {
    case COURIER_IDLE: return "idle";
    case COURIER_NO_RELAY: return "no relay";
    case COURIER_SENDING: return "sending";
    case COURIER_RESTING: return "resting";
    case COURIER_HOLDING: return "holding";
    }
    return "unknown";
}
