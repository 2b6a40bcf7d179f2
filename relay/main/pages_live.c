/* What is answered from memory and the last snapshot: the page, health, metrics, status. */

#include <stdlib.h>
#include <time.h>

#include "relay/logic/health.h"
#include "relay/logic/page.h"
#include "relay/main/pages_inside.h"
#include "relay/main/web.h"

/* All that one answer is made of; some 100 KiB for the moment it takes. */
struct live {
    struct overview o;
    struct overview_setting settings[PAGES_SETTINGS_MAX];
    struct soundboard sound;
};

static const char CONTENT_SECURITY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

static int32_t utc_offset_s(struct wall now)
{
    time_t seconds = (time_t)(now.ms / 1000);
    struct tm local;
    return localtime_r(&seconds, &local) == NULL ? 0 : (int32_t)local.tm_gmtoff;
}

static void fill_health(struct pages *p, const struct snapshot *s, struct health_input *in)
{
    const struct clock *clock = p->deps.clock;
    *in = (struct health_input){0};
    p->deps.health(p->deps.ctx, in);
    in->now = clock->wall_now(clock->ctx);
    struct mono now = clock->mono_now(clock->ctx);
    in->age_ms = s->have && now.ms > s->taken.ms ? now.ms - s->taken.ms : 0;
    if (!s->have)
        in->age_ms = HEALTH_STALE_MS;
    in->stored_total = s->counts.stored;
    in->stored_bytes = s->counts.bytes;
    in->disk_free_bytes = s->space.free_bytes;
    in->disk_total_bytes = s->space.total_bytes;
    for (size_t d = 0; d < in->destination_count; d++) {
        in->destinations[d].pending = s->counts.pending[d];
        in->destinations[d].dead = s->counts.dead[d];
        in->destinations[d].sent_total = s->counts.sent[d];
        in->destinations[d].oldest_pending = s->counts.oldest_pending[d];
    }
}

static void fill(struct pages *p, const struct snapshot *s, struct live *l)
{
    struct overview *o = &l->o;
    if (p->deps.sound != NULL)
        p->deps.sound(p->deps.ctx, &l->sound);
    o->sound = &l->sound;
    fill_health(p, s, &o->in);
    o->in.audio_silent = soundboard_is_silent(&l->sound);
    o->in.audio_refused = soundboard_is_refused(&l->sound);
    health_judge(&o->in, &o->health);
    o->duplicates = metrics_value(p->deps.metrics, METRIC_DUPLICATES_TOTAL);
    o->rejected = metrics_rejected(p->deps.metrics);
    o->dir = p->deps.dir;
    o->settings = l->settings;
    o->setting_count = p->deps.settings(p->deps.ctx, l->settings, PAGES_SETTINGS_MAX);
    o->latest = s->latest;
    o->latest_count = s->latest_count;
    o->cameras = s->cameras;
    o->vitals = p->deps.vitals;
    o->vitals_ctx = p->deps.ctx;
    o->camera_count = s->camera_count;
    o->utc_offset_s = utc_offset_s(o->in.now);
}

/* Counted by the forwarder, shown by the metrics: the rows stand in the same order. */
_Static_assert(METRIC_FORWARD_REFUSED - METRIC_FORWARD_SENT == VERDICT_REASON_REFUSED, "order");
_Static_assert(METRIC_FORWARD_AMBIGUOUS - METRIC_FORWARD_SENT == VERDICT_REASON_AMBIGUOUS, "order");
_Static_assert(METRIC_FORWARD_FAILED - METRIC_FORWARD_SENT == VERDICT_REASONS - 1, "order");

static void set_gauges(struct metrics *m, const struct overview *o)
{
    const struct health_input *in = &o->in;
    metrics_set(m, METRIC_HEALTH, (uint64_t)o->health.status);
    metrics_set(m, METRIC_UPTIME_SECONDS, in->uptime_s);
    metrics_set(m, METRIC_STORED_PHOTOS, in->stored_total);
    metrics_set(m, METRIC_STORED_BYTES, in->stored_bytes);
    metrics_set(m, METRIC_DISK_FREE_BYTES, in->disk_free_bytes);
    metrics_set(m, METRIC_DISK_TOTAL_BYTES, in->disk_total_bytes);
    for (unsigned d = 0; d < in->destination_count; d++) {
        const struct health_destination *to = &in->destinations[d];
        metrics_set_to(m, METRIC_BACKLOG, d, to->pending);
        metrics_set_to(m, METRIC_DEAD, d, to->dead);
        metrics_set_to(m, METRIC_SENT, d, to->sent_total);
        metrics_set_to(m, METRIC_OLDEST_PENDING_SECONDS, d, health_oldest_pending_s(in, d));
        metrics_set_to(m, METRIC_DESTINATION_UP, d, to->link == HEALTH_LINK_UP);
        for (unsigned reason = 0; reason < VERDICT_REASONS; reason++)
            metrics_carry_to(m, (enum metric)(METRIC_FORWARD_SENT + reason), d,
                             to->attempts[reason]);
    }
}

static void write_metrics(struct pages *p, const struct overview *o, struct buf *out)
{
    set_gauges(p->deps.metrics, o);
    soundboard_count(o->sound, p->deps.metrics);
    struct metrics_scrape scrape = {.version = o->in.version,
                                    .destination_count = o->in.destination_count,
                                    .cameras = o->cameras,
                                    .camera_count = o->camera_count};
    for (size_t d = 0; d < o->in.destination_count; d++)
        scrape.destinations[d] = o->in.destinations[d].name;
    metrics_write(p->deps.metrics, &scrape, out);
}

static void write_page(const struct pages_request *r, const struct overview *o,
                       struct front_reply *reply, struct buf *out)
{
    const struct web_file *file = web_find(SLICE("index.html"));
    struct page_text text = {{(const char *)file->plain, file->plain_len}, r->korean};
    if (!page_render(o, &text, out))
        reply->status = 500;
    reply->content_type = file->type;
    pages_add_header(reply, "Content-Security-Policy", CONTENT_SECURITY);
    pages_add_header(reply, "Referrer-Policy", "no-referrer");
    pages_add_header(reply, "Content-Language", r->korean ? "ko" : "en");
    pages_add_header(reply, "Vary", "Accept-Language");
}

static void write_body(struct pages_request *r, const struct overview *o, struct front_reply *reply,
                       struct buf *out)
{
    reply->content_type = "application/json";
    if (r->route == ROUTE_HOME) {
        write_page(r, o, reply, out);
    } else if (r->route == ROUTE_METRICS) {
        reply->content_type = METRICS_CONTENT_TYPE;
        write_metrics(r->pages, o, out);
    } else if (r->route == ROUTE_CAMERAS) {
        overview_write_cameras(o, out);
    } else if (r->route == ROUTE_STATUS) {
        overview_write_status(o, out);
    } else {
        reply->status = health_http_status(o->health.status);
        health_write(&o->in, &o->health, out);
    }
    if (out->overflowed)
        reply->status = 500;
    if (reply->status == 503)
        pages_add_header(reply, "Retry-After", "10");
    pages_add_header(reply, "Cache-Control", "no-store");
}

void pages_live_done(void *arg, const struct snapshot *s)
{
    struct pages_request *r = arg;
    struct live *l = calloc(1, sizeof *l);
    char *memory = malloc(OVERVIEW_TEXT_BYTES_MAX);
    if (l == NULL || memory == NULL) {
        pages_answer_error(r, 503, "busy", "The relay is short of memory; try again shortly.");
    } else {
        struct front_reply reply = {.status = 200};
        struct buf out;
        buf_init(&out, memory, OVERVIEW_TEXT_BYTES_MAX);
        fill(r->pages, s, l);
        write_body(r, &l->o, &reply, &out);
        reply.body = memory;
        reply.body_len = out.len;
        pages_answer(r, &reply);
    }
    free(memory);
    free(l);
    pages_release(r);
}
