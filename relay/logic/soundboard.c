#include "relay/logic/soundboard.h"

#include <string.h>

#include "lib/wire/timestamp.h"

void soundboard_add(struct soundboard *b, const struct soundboard_event *event)
{
    size_t kept = b->event_count < SOUNDBOARD_EVENTS ? b->event_count : SOUNDBOARD_EVENTS - 1;
    memmove(b->events + 1, b->events, kept * sizeof b->events[0]);
    b->events[0] = *event;
    b->event_count = kept + 1;
    b->events_total++;
}

bool soundboard_is_silent(const struct soundboard *b)
{
    bool silent = false;
    for (size_t i = 0; i < b->count; i++)
        silent = silent || (!b->sources[i].streaming && !b->sources[i].found);
    return silent;
}

bool soundboard_is_refused(const struct soundboard *b)
{
    bool refused = false;
    for (size_t i = 0; i < b->count; i++)
        refused = refused || b->sources[i].refused;
    return refused;
}

static void write_source(const struct soundboard_source *s, struct json_out *j)
{
    json_out_object(j);
    json_out_put_text(j, "name", s->name);
    json_out_put_bool(j, "found", s->found);
    json_out_put_bool(j, "streaming", s->streaming);
    json_out_put_bool(j, "recording", s->recording);
    json_out_put_bool(j, "loud", s->loud);
    json_out_put_uint(j, "db_below_full_scale", s->below);
    json_out_put_uint(j, "recorded_s", s->recorded_ms / 1000);
    json_out_put_uint(j, "lost_s", s->lost_ms / 1000);
    json_out_put_uint(j, "recordings", s->recordings);
    json_out_put_text(j, "error", s->error[0] == '\0' ? NULL : s->error);
    json_out_object_end(j);
}

static void write_event(const struct soundboard_event *e, struct json_out *j)
{
    char text[TIMESTAMP_TEXT_MAX];
    timestamp_format(e->event.at, true, text);
    json_out_object(j);
    json_out_put_text(j, "name", e->source);
    json_out_put_text(j, "at", text);
    json_out_put_uint(j, "lasted_ms", e->event.lasted_ms);
    json_out_put_uint(j, "db_below_full_scale", e->event.below);
    json_out_object_end(j);
}

void soundboard_write_members(const struct soundboard *b, struct json_out *j)
{
    json_out_key(j, "audio");
    json_out_array(j);
    for (size_t i = 0; i < b->count; i++)
        write_source(&b->sources[i], j);
    json_out_array_end(j);
    json_out_key(j, "audio_events");
    json_out_array(j);
    for (size_t i = 0; i < b->event_count; i++)
        write_event(&b->events[i], j);
    json_out_array_end(j);
}

void soundboard_count(const struct soundboard *b, struct metrics *m)
{
    uint64_t streaming = 0, recorded_ms = 0, lost_ms = 0;
    for (size_t i = 0; i < b->count; i++) {
        streaming += b->sources[i].streaming;
        recorded_ms += b->sources[i].recorded_ms;
        lost_ms += b->sources[i].lost_ms;
    }
    metrics_set(m, METRIC_AUDIO_SOURCES, b->count);
    metrics_set(m, METRIC_AUDIO_STREAMING, streaming);
    metrics_set(m, METRIC_AUDIO_WAITING, b->waiting);
    metrics_carry(m, METRIC_AUDIO_RECORDED_SECONDS_TOTAL, recorded_ms / 1000);
    metrics_carry(m, METRIC_AUDIO_LOST_SECONDS_TOTAL, lost_ms / 1000);
    metrics_carry(m, METRIC_AUDIO_EVENTS_TOTAL, b->events_total);
}
