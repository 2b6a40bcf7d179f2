#include "relay/logic/health.h"

#include <assert.h>
#include <string.h>

struct reason_row {
    enum health_status status;
    const char *english;
    const char *korean;
};

static const struct reason_row REASONS[HEALTH_REASON_COUNT] = {
#define HEALTH_REASON(id, status, english, korean) {HEALTH_##status, english, korean},
#include "relay/logic/health.def"
#undef HEALTH_REASON
};

static void note(struct health *h, enum health_reason reason, size_t destination)
{
    assert(h->count < HEALTH_REASONS_MAX);
    h->items[h->count++] = (struct health_item){reason, destination};
    if (REASONS[reason].status > h->status)
        h->status = REASONS[reason].status;
}

static void judge_disk(const struct health_input *in, struct health *h)
{
    if (in->disk_total_bytes == 0)
        return;
    if (in->disk_free_bytes < in->floor_bytes)
        note(h, HEALTH_DISK_FULL, 0);
    else if (in->disk_free_bytes / HEALTH_DISK_LOW_FACTOR < in->floor_bytes)
        note(h, HEALTH_DISK_LOW, 0);
}

static void judge_destination(const struct health_input *in, size_t d, struct health *h)
{
    switch (in->destinations[d].link) {
    case HEALTH_LINK_UP:
    case HEALTH_LINK_PAUSED: break;
    case HEALTH_LINK_DOWN: note(h, HEALTH_DESTINATION_DOWN, d); break;
    case HEALTH_LINK_HELD: note(h, HEALTH_DESTINATION_HELD, d); break;
    }
    if (in->destinations[d].dead > 0)
        note(h, HEALTH_DEAD_LETTERS, d);
}

void health_judge(const struct health_input *in, struct health *out)
{
    assert(in->destination_count <= DESTINATIONS_MAX);
    *out = (struct health){0};
    if (in->flush_failed)
        note(out, HEALTH_FLUSH_FAILED, 0);
    if (in->flush_running_ms >= HEALTH_FLUSH_STUCK_MS)
        note(out, HEALTH_FLUSH_STUCK, 0);
    if (in->state_failed)
        note(out, HEALTH_STATE_FAILED, 0);
    if (in->write_failed)
        note(out, HEALTH_WRITE_FAILED, 0);
    if (in->stopping)
        note(out, HEALTH_STOPPING, 0);
    judge_disk(in, out);
    if (in->durability == HEALTH_DURABILITY_NONE)
        note(out, HEALTH_NOT_DURABLE, 0);
    if (in->age_ms >= HEALTH_STALE_MS)
        note(out, HEALTH_STATE_STALE, 0);
    for (size_t d = 0; d < in->destination_count; d++)
        judge_destination(in, d, out);
    if (in->audio_silent)
        note(out, HEALTH_AUDIO_SILENT, 0);
    if (in->audio_refused)
        note(out, HEALTH_AUDIO_REFUSED, 0);
}

const char *health_status_name(enum health_status s)
{
    switch (s) {
    case HEALTH_OK: return "ok";
    case HEALTH_DEGRADED: return "degraded";
    case HEALTH_FAILING: return "failing";
    }
    return "failing";
}

const char *health_durability_name(enum health_durability d)
{
    switch (d) {
    case HEALTH_DURABILITY_ONE_FLUSH: return "one-flush";
    case HEALTH_DURABILITY_PER_FILE: return "per-file";
    case HEALTH_DURABILITY_NONE: return "none";
    }
    return "none";
}

const char *health_link_name(enum health_link l)
{
    switch (l) {
    case HEALTH_LINK_UP: return "up";
    case HEALTH_LINK_DOWN: return "down";
    case HEALTH_LINK_HELD: return "held";
    case HEALTH_LINK_PAUSED: return "paused";
    }
    return "down";
}

unsigned health_http_status(enum health_status s)
{
    return s == HEALTH_FAILING ? 503 : 200;
}

void health_write_reason(const struct health_input *in, const struct health_item *item, bool korean,
                         struct buf *out)
{
    const struct reason_row *row = &REASONS[item->reason];
    const char *text = korean ? row->korean : row->english;
    const char *gap = strstr(text, "{}");
    if (gap == NULL) {
        buf_add_text(out, text);
        return;
    }
    buf_add(out, text, (size_t)(gap - text));
    buf_add_text(out, in->destinations[item->destination].name);
    buf_add_text(out, gap + 2);
}

uint64_t health_oldest_pending_s(const struct health_input *in, size_t destination)
{
    int64_t since = in->destinations[destination].oldest_pending.ms;
    if (since == 0 || in->now.ms <= since) /* none, or the clock was set back */
        return 0;
    return (uint64_t)(in->now.ms - since) / 1000;
}

static void write_reasons(const struct health_input *in, const struct health *h, struct json_out *j)
{
    json_out_key(j, "reasons");
    json_out_array(j);
    for (size_t i = 0; i < h->count; i++) {
        char text[512];
        struct buf b;
        buf_init(&b, text, sizeof text);
        health_write_reason(in, &h->items[i], false, &b);
        json_out_text(j, buf_slice(&b));
    }
    json_out_array_end(j);
}

static void write_destination(const struct health_input *in, size_t d, struct json_out *j)
{
    const struct health_destination *to = &in->destinations[d];
    json_out_object(j);
    json_out_put_text(j, "name", to->name);
    json_out_put_text(j, "url", to->url);
    json_out_put_text(j, "state", health_link_name(to->link));
    json_out_put_uint(j, "pending", to->pending);
    json_out_put_uint(j, "sent_total", to->sent_total);
    json_out_put_uint(j, "dead", to->dead);
    json_out_put_uint(j, "oldest_pending_s", health_oldest_pending_s(in, d));
    json_out_put_text(j, "last_error", to->last_error[0] == '\0' ? NULL : to->last_error);
    json_out_object_end(j);
}

void health_write_members(const struct health_input *in, const struct health *h, struct json_out *j)
{
    json_out_put_text(j, "status", health_status_name(h->status));
    write_reasons(in, h, j);
    json_out_put_text(j, "version", in->version);
    json_out_put_uint(j, "uptime_s", in->uptime_s);
    json_out_put_uint(j, "received_session", in->received_session);
    json_out_put_uint(j, "stored_total", in->stored_total);
    json_out_put_text(j, "durability", health_durability_name(in->durability));
    json_out_put_uint(j, "last_flush_ms", in->last_flush_ms);
    json_out_put_uint(j, "disk_free_bytes", in->disk_free_bytes);
    json_out_key(j, "destinations");
    json_out_array(j);
    for (size_t d = 0; d < in->destination_count; d++)
        write_destination(in, d, j);
    json_out_array_end(j);
}

void health_write(const struct health_input *in, const struct health *h, struct buf *out)
{
    struct json_out j;
    json_out_init(&j, out);
    json_out_object(&j);
    health_write_members(in, h, &j);
    json_out_object_end(&j);
    buf_add_char(out, '\n');
}
