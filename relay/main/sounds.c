#include "relay/main/sounds.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/port/log.h"
#include "relay/logic/soundfind.h"
#include "relay/logic/soundlink.h"

enum { ROUND_MS = 1000, URL_MAX = 512 };

struct voice {
    struct sounds *owner;
    struct recordfile file;    /* the real one */
    struct recordfile guarded; /* which asks for room first */
    struct recorder recorder;
    struct soundlink link;
    char url[URL_MAX];
    bool found;                /* by itself, nobody named it */
    enum soundlink_state told; /* on the log */
    bool told_refused;
};

struct sounds {
    struct sounds_deps deps;
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    struct voice voices[SOUNDSTREAM_MAX]; /* the thread's, like the next two */
    size_t count;
    struct soundfind find;
    pthread_mutex_t lock;
    struct soundboard board; /* under the lock */
};

static struct recorder_moment moment(const struct sounds *s)
{
    const struct clock *c = s->deps.clock;
    struct recorder_moment m = {.mono = c->mono_now(c->ctx), .wall = c->wall_now(c->ctx)};
    m.utc_offset_s = s->deps.utc_offset_s(m.wall);
    return m;
}

static uint32_t throw_dice(const struct sounds *s)
{
    uint32_t dice;
    s->deps.random->fill(s->deps.random->ctx, &dice, sizeof dice);
    return dice;
}

/* --- files, as long as photos have room ------------------------------------------------------- */

static enum err guarded_begin(void *ctx, const char *name, uint32_t rate_hz)
{
    struct voice *v = ctx;
    if (!v->owner->deps.has_room(v->owner->deps.ctx))
        return ERR_FULL;
    return v->file.begin(v->file.ctx, name, rate_hz);
}

static enum err guarded_write(void *ctx, const int16_t *samples, size_t count)
{
    struct voice *v = ctx;
    return v->file.write(v->file.ctx, samples, count);
}

static enum err guarded_flush(void *ctx)
{
    struct voice *v = ctx;
    enum err e = v->file.flush(v->file.ctx);
    return e == ERR_OK && !v->owner->deps.has_room(v->owner->deps.ctx) ? ERR_FULL : e;
}

static enum err guarded_finish(void *ctx)
{
    struct voice *v = ctx;
    enum err e = v->file.finish(v->file.ctx);
    if (e != ERR_OK)
        log_line(LOG_LEVEL_WARN, "a recording could not be finished source=%s err=%s",
                 v->recorder.source, err_name(e));
    return e;
}

/* --- what is told ----------------------------------------------------------------------------- */

static void on_finished(void *ctx)
{
    struct voice *v = ctx;
    archive_wake(v->owner->deps.archive);
}

static void on_loud(void *ctx, const struct recorder_event *event)
{
    struct voice *v = ctx;
    struct soundboard_event e = {.event = *event};
    memcpy(e.source, v->recorder.source, sizeof e.source);
    pthread_mutex_lock(&v->owner->lock);
    soundboard_add(&v->owner->board, &e);
    pthread_mutex_unlock(&v->owner->lock);
    log_line(LOG_LEVEL_INFO, "loud source=%s db_below_full_scale=%u lasted_ms=%llu", e.source,
             event->below, (unsigned long long)event->lasted_ms);
}

static void tell_source(const struct voice *v, struct soundboard_source *out)
{
    const struct recorder *r = &v->recorder;
    *out = (struct soundboard_source){
        .found = v->found,
        .streaming = v->link.state == SOUNDLINK_STREAMING,
        .recording = r->recording,
        .refused = r->refused,
        .loud = r->level.loud,
        .below = r->level.below,
        .recorded_ms = r->recorded_ms,
        .lost_ms = r->lost_ms,
        .recordings = r->recordings,
    };
    if (!out->streaming)
        out->below = SOUNDLEVEL_SILENT;
    memcpy(out->name, r->source, sizeof out->name);
    memcpy(out->error, v->link.error, sizeof out->error);
}

static void log_changes(struct voice *v)
{
    if (v->recorder.refused && !v->told_refused)
        log_line(LOG_LEVEL_WARN, "sound is not recorded: no room, or a failing disk source=%s",
                 v->recorder.source);
    v->told_refused = v->recorder.refused;
    if (v->link.state == v->told || v->link.state == SOUNDLINK_CONNECTING)
        return;
    if (v->link.state == SOUNDLINK_STREAMING)
        log_line(LOG_LEVEL_INFO, "recording source=%s", v->recorder.source);
    else if (v->told == SOUNDLINK_STREAMING || v->link.failures == 1)
        log_line(LOG_LEVEL_WARN, "an audio streamer sends nothing source=%s: %s",
                 v->recorder.source, v->link.error);
    v->told = v->link.state;
}

static void update_board(struct sounds *s)
{
    struct soundboard_source sources[SOUNDSTREAM_MAX];
    for (size_t i = 0; i < s->count; i++) {
        log_changes(&s->voices[i]);
        tell_source(&s->voices[i], &sources[i]);
    }
    pthread_mutex_lock(&s->lock);
    memcpy(s->board.sources, sources, s->count * sizeof sources[0]);
    s->board.count = s->count;
    pthread_mutex_unlock(&s->lock);
}

void sounds_tell(struct sounds *s, struct soundboard *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->board;
    pthread_mutex_unlock(&s->lock);
    out->waiting = archive_waiting(s->deps.archive);
}

/* --- sources ---------------------------------------------------------------------------------- */

static enum err add_voice(struct sounds *s, const struct sounds_source *source)
{
    unsigned i = (unsigned)s->count;
    struct voice *v = &s->voices[i];
    v->owner = s;
    snprintf(v->url, sizeof v->url, "%s", source->url);
    enum err e = s->deps.files.create(s->deps.files.ctx, i, &v->file);
    if (e != ERR_OK)
        return e;
    v->guarded =
        (struct recordfile){v, guarded_begin, guarded_write, guarded_flush, guarded_finish};
    struct recorder_sink sink = {v, on_finished, on_loud};
    recorder_init(&v->recorder, source->name, &s->deps.rules, &v->guarded, &sink);
    soundlink_init(&v->link, &v->recorder, moment(s).mono);
    s->count++;
    return ERR_OK;
}

/* Is it read from this machine and port already, whatever the path? */
static bool is_same_place(const char *a, const char *b)
{
    size_t len = strlen("http://");
    while (a[len] != '\0' && a[len] != '/')
        len++;
    return strncmp(a, b, len) == 0 && (b[len] == '/' || b[len] == '\0');
}

/* One that was found before may have another address now. */
static void on_found(void *arg, const struct finder_found *found)
{
    struct sounds *s = arg;
    struct soundfind_source source;
    if (!soundfind_read(found, &source))
        return;
    for (size_t i = 0; i < s->count; i++) {
        struct voice *v = &s->voices[i];
        if (is_same_place(source.url, v->url))
            return;
        if (strcmp(v->recorder.source, source.name) != 0)
            continue;
        if (v->found && v->link.state == SOUNDLINK_WAITING)
            snprintf(v->url, sizeof v->url, "%s", source.url);
        return;
    }
    const struct sounds_source named = {source.name, source.url};
    if (s->count == SOUNDSTREAM_MAX || add_voice(s, &named) != ERR_OK)
        return;
    s->voices[s->count - 1].found = true;
    log_line(LOG_LEVEL_INFO, "an audio streamer was found source=%s url=%s", source.name,
             source.url);
}

static void look_around(struct sounds *s)
{
    const struct finder *f = s->deps.finder;
    if (f == NULL)
        return;
    f->hear(f->ctx, on_found, s);
    if (soundfind_is_due(&s->find, moment(s).mono) && f->ask(f->ctx) != ERR_OK)
        log_line(LOG_LEVEL_DEBUG, "the network cannot be asked for audio streamers");
}

/* --- the thread ------------------------------------------------------------------------------- */

static void on_bytes(void *ctx, unsigned source, const void *data, size_t len)
{
    struct sounds *s = ctx;
    struct recorder_moment now = moment(s);
    soundlink_bytes(&s->voices[source].link, data, len, &now);
}

static void on_ended(void *ctx, unsigned source, const char *why)
{
    struct sounds *s = ctx;
    soundlink_ended(&s->voices[source].link, why, moment(s).mono, throw_dice(s));
}

static void open_stream(struct sounds *s, unsigned source)
{
    const struct soundstream *stream = s->deps.stream;
    enum err e = stream->open(stream->ctx, source, s->voices[source].url);
    if (e != ERR_OK)
        on_ended(s, source, e == ERR_INPUT ? "not a URL that can be read" : "no memory");
}

/* Answers how long nothing is to be done, in ms. */
static uint32_t step(struct sounds *s)
{
    uint32_t wait_ms = ROUND_MS;
    for (unsigned i = 0; i < s->count; i++) {
        struct voice *v = &s->voices[i];
        struct recorder_moment now = moment(s);
        recorder_tick(&v->recorder, &now);
        switch (soundlink_step(&v->link, now.mono, throw_dice(s))) {
        case SOUNDLINK_OPEN: open_stream(s, i); break;
        case SOUNDLINK_CLOSE: s->deps.stream->close(s->deps.stream->ctx, i); break;
        case SOUNDLINK_NOTHING: break;
        }
        uint32_t left = soundlink_wait_ms(&v->link, now.mono);
        wait_ms = left < wait_ms ? left : wait_ms;
    }
    return wait_ms;
}

static void *run(void *arg)
{
    struct sounds *s = arg;
    const struct soundstream *stream = s->deps.stream;
    const struct soundstream_sink sink = {s, on_bytes, on_ended};
    while (!atomic_load(&s->stopping)) {
        /* What is still being repaired must not be taken for something open. */
        uint32_t wait_ms = archive_is_repaired(s->deps.archive) ? step(s) : ROUND_MS / 10;
        update_board(s);
        look_around(s);
        stream->wait(stream->ctx, wait_ms, &sink);
    }
    for (unsigned i = 0; i < s->count; i++) {
        stream->close(stream->ctx, i);
        recorder_end(&s->voices[i].recorder);
    }
    return NULL;
}

enum err sounds_start(const struct sounds_deps *deps, struct sounds **out)
{
    struct sounds *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_FULL;
    s->deps = *deps;
    pthread_mutex_init(&s->lock, NULL);
    enum err e = ERR_OK;
    soundfind_init(&s->find, moment(s).mono);
    for (size_t i = 0; e == ERR_OK && i < deps->count; i++)
        e = add_voice(s, &deps->sources[i]);
    if (e == ERR_OK) {
        update_board(s);
        s->started = pthread_create(&s->thread, NULL, run, s) == 0;
        e = s->started ? ERR_OK : ERR_FULL;
    }
    if (e != ERR_OK) {
        sounds_destroy(s);
        return e;
    }
    *out = s;
    return ERR_OK;
}

void sounds_stop(struct sounds *s)
{
    if (!s->started)
        return;
    atomic_store(&s->stopping, true);
    s->deps.stream->wake(s->deps.stream->ctx);
    pthread_join(s->thread, NULL);
    s->started = false;
}

void sounds_destroy(struct sounds *s)
{
    if (s == NULL)
        return;
    sounds_stop(s);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
