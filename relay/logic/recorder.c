#include "relay/logic/recorder.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/wire/wav.h"

/* A WAV file counts its bytes in 32 bits. */
static const uint64_t SAMPLES_MAX = WAV_DATA_MAX / 2;

void recorder_init(struct recorder *r, const char *source, const struct recorder_rules *rules,
                   const struct recordfile *file, const struct recorder_sink *sink)
{
    *r = (struct recorder){.file = file, .rules = *rules};
    if (sink != NULL)
        r->sink = *sink;
    r->level.below = SOUNDLEVEL_SILENT;
    snprintf(r->source, sizeof r->source, "%s", source);
}

/* --- loudness --------------------------------------------------------------------------------- */

static void tell_loud(void *ctx, const struct soundlevel_event *event)
{
    struct recorder *r = ctx;
    if (r->sink.loud == NULL)
        return;
    struct recorder_event e = {
        .at = {r->level_began.ms + (int64_t)(event->at * 1000 / r->rate_hz)},
        .lasted_ms = event->length * 1000 / r->rate_hz,
        .below = event->below,
    };
    r->sink.loud(r->sink.ctx, &e);
}

/* Events count their time in samples from here. Where sound goes on from one file into the next
 * they do, too; the count begins anew whenever it can, because the streamer's clock is not ours. */
static void restart_level(struct recorder *r, struct wall began)
{
    soundlevel_end(&r->level, tell_loud, r);
    soundlevel_init(&r->level, r->rate_hz, r->rules.loud_below);
    r->level_began = began;
}

/* --- files ------------------------------------------------------------------------------------ */

static int64_t slot_of(const struct recorder *r, const struct recorder_moment *now)
{
    int64_t local_ms = now->wall.ms + (int64_t)now->utc_offset_s * 1000;
    return local_ms / (int64_t)r->rules.period_ms;
}

static uint64_t ms_of(const struct recorder *r, uint64_t samples)
{
    return samples * 1000 / r->rate_hz;
}

static void end_file(struct recorder *r)
{
    if (!r->recording)
        return;
    r->recording = false;
    if (r->file->finish(r->file->ctx) != ERR_OK)
        return; /* repaired at the next start */
    r->recordings++;
    if (r->sink.finished != NULL)
        r->sink.finished(r->sink.ctx);
}

void recorder_end(struct recorder *r)
{
    soundlevel_end(&r->level, tell_loud, r);
    end_file(r);
}

static void refuse(struct recorder *r, const struct recorder_moment *now)
{
    end_file(r);
    r->refused = true;
    r->retry_at = (struct mono){now->mono.ms + RECORDER_RETRY_MS};
}

/* `count` samples are here already: the recording began with the first of them. */
static void begin_file(struct recorder *r, size_t count, const struct recorder_moment *now)
{
    uint64_t ms = ms_of(r, count);
    struct recordname n = {.began = {now->wall.ms - (int64_t)ms}, .medium = r->rules.medium};
    char name[RECORDNAME_MAX];
    if (n.began.ms < 0)
        n.began.ms = 0;
    memcpy(n.source, r->source, sizeof n.source);
    recordname_write(&n, name);
    if (r->file->begin(r->file->ctx, name, r->rate_hz) != ERR_OK) {
        refuse(r, now);
        return;
    }
    r->recording = true;
    r->refused = false;
    r->slot = slot_of(r, now);
    r->written = 0;
    r->lag_ms = 0;
    r->lag_low_ms = INT64_MAX;
    r->began = (struct mono){now->mono.ms > ms ? now->mono.ms - ms : 0};
    r->window_end = (struct mono){now->mono.ms + RECORDER_WINDOW_MS};
    r->flush_at = (struct mono){now->mono.ms + RECORDER_FLUSH_MS};
    if (!r->level.loud)
        restart_level(r, n.began);
}

static void write_samples(struct recorder *r, const int16_t *samples, size_t count,
                          const struct recorder_moment *now)
{
    if (r->file->write(r->file->ctx, samples, count) != ERR_OK)
        refuse(r, now);
    else
        r->written += count;
}

/* --- what did not come ------------------------------------------------------------------------ */

static void write_silence(struct recorder *r, uint64_t ms, const struct recorder_moment *now)
{
    static const int16_t silence[RECORDER_SILENCE_SAMPLES];
    uint64_t left = ms * r->rate_hz / 1000;
    r->lost_ms += ms;
    while (left > 0 && r->recording) {
        size_t n = left < RECORDER_SILENCE_SAMPLES ? (size_t)left : RECORDER_SILENCE_SAMPLES;
        write_samples(r, silence, n, now);
        left -= n;
    }
}

/* How far the samples, `count` more among them, are behind the clock. */
static int64_t lag_of(const struct recorder *r, size_t count, const struct recorder_moment *now)
{
    return (int64_t)(now->mono.ms - r->began.ms) - (int64_t)ms_of(r, r->written + count);
}

/* The first samples of a new connection show at once what the old one missed. */
static void fill_join(struct recorder *r, size_t count, const struct recorder_moment *now)
{
    int64_t gap = lag_of(r, count, now) - r->lag_ms;
    r->lag_low_ms = INT64_MAX;
    r->window_end = (struct mono){now->mono.ms + RECORDER_WINDOW_MS};
    if (gap > RECORDER_SILENCE_MAX_MS) {
        r->lost_ms += (uint64_t)gap;
        end_file(r);
        return;
    }
    if (gap > 0)
        write_silence(r, (uint64_t)gap, now);
}

/* Within a connection samples may come late in a bunch, so only what is missing over a whole window
 * is missing. What drifts, drifts less than that. */
static void watch_lag(struct recorder *r, const struct recorder_moment *now)
{
    int64_t lag = lag_of(r, 0, now);
    if (lag < r->lag_low_ms)
        r->lag_low_ms = lag;
    if (now->mono.ms < r->window_end.ms)
        return;
    int64_t gap = r->lag_low_ms - r->lag_ms;
    if (gap > RECORDER_SILENCE_MAX_MS) {
        r->lost_ms += (uint64_t)gap;
        recorder_end(r);
        return;
    }
    if (gap >= RECORDER_GAP_MS_MIN)
        write_silence(r, (uint64_t)gap, now);
    else
        r->lag_ms = r->lag_low_ms;
    r->lag_low_ms = INT64_MAX;
    r->window_end = (struct mono){now->mono.ms + RECORDER_WINDOW_MS};
}

/* --- the stream ------------------------------------------------------------------------------- */

enum err recorder_join(struct recorder *r, uint32_t rate_hz, const struct recorder_moment *now)
{
    if (rate_hz < RECORDER_RATE_MIN || rate_hz > RECORDER_RATE_MAX)
        return ERR_INPUT;
    if (r->rate_hz != rate_hz) {
        recorder_end(r);
        r->rate_hz = rate_hz;
        restart_level(r, now->wall);
    }
    if (!r->recording && r->last.ms > 0)
        r->lost_ms += now->mono.ms - r->last.ms;
    soundlevel_end(&r->level, tell_loud, r);
    r->joining = true;
    return ERR_OK;
}

/* Is it time for another file? The clock may jump: any other period than ours will do. */
static bool is_over(const struct recorder *r, size_t count, const struct recorder_moment *now)
{
    return r->recording && (slot_of(r, now) != r->slot || r->written + count > SAMPLES_MAX);
}

void recorder_take(struct recorder *r, const int16_t *samples, size_t count,
                   const struct recorder_moment *now)
{
    assert(r->rate_hz > 0);
    r->last = now->mono;
    if (is_over(r, count, now))
        end_file(r);
    if (r->joining)
        restart_level(r, (struct wall){now->wall.ms - (int64_t)ms_of(r, count)});
    if (r->recording && r->joining)
        fill_join(r, count, now);
    r->joining = false;
    if (!r->recording && (!r->refused || now->mono.ms >= r->retry_at.ms))
        begin_file(r, count, now);
    soundlevel_feed(&r->level, samples, count, tell_loud, r);
    if (r->recording)
        write_samples(r, samples, count, now);
    if (!r->recording) {
        r->lost_ms += ms_of(r, count);
        return;
    }
    r->recorded_ms += ms_of(r, count);
    watch_lag(r, now);
}

void recorder_tick(struct recorder *r, const struct recorder_moment *now)
{
    if (!r->recording)
        return;
    if (is_over(r, 0, now) || now->mono.ms - r->last.ms > RECORDER_SILENCE_MAX_MS) {
        recorder_end(r);
        return;
    }
    if (now->mono.ms < r->flush_at.ms)
        return;
    r->flush_at = (struct mono){now->mono.ms + RECORDER_FLUSH_MS};
    if (r->file->flush(r->file->ctx) != ERR_OK)
        refuse(r, now);
}
