#include "relay/main/app_sound.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/port/log.h"
#include "relay/logic/layout.h"
#include "relay/logic/soundfind.h"
#include "relay/main/app.h"

_Static_assert((int)CONFIG_AUDIO_MAX <= (int)SOUNDSTREAM_MAX, "every streamer has a reader");

static int32_t utc_offset_s(struct wall now)
{
    time_t seconds = (time_t)(now.ms / 1000);
    struct tm local;
    return localtime_r(&seconds, &local) == NULL ? 0 : (int32_t)local.tm_gmtoff;
}

/* Sound never takes the room that uploads need. */
static bool has_room(void *ctx)
{
    struct app *a = ctx;
    pthread_mutex_lock(&a->settings_lock);
    struct retention_rules rules = server_retention_rules(&a->options.config);
    pthread_mutex_unlock(&a->settings_lock);
    return retention_has_room(&rules, keeper_space(a->keeper).space, 0, &a->sound.refusing);
}

static enum err create_file(void *ctx, unsigned source, struct recordfile *out_calls)
{
    struct app *a = ctx;
    bool flac = a->options.config.audio_format == CONFIG_AUDIO_FORMAT_FLAC;
    return recordfile_posix_create(a->sound.path, flac, &a->sound.files[source], out_calls);
}

static enum err start_archive(struct app *a, const char *folder)
{
    struct archive_deps deps = {
        .fs = &a->photos.fs,
        .hash = hash_openssl_calls(a->hash),
        .clock = &a->clock,
        .committer = a->committer,
        .folder = folder,
        .path = a->sound.path,
        .stamp = app_stamp,
        .repair = recordfile_posix_repair,
    };
    return archive_start(&deps, &a->sound.archive);
}

static enum err start_sounds(struct app *a)
{
    const struct config *c = &a->options.config;
    struct sounds_deps deps = {
        .clock = &a->clock,
        .random = &a->random,
        .stream = &a->sound.stream,
        .files = {a, create_file},
        .archive = a->sound.archive,
        .count = c->audio_count,
        .rules = {.period_ms = c->audio_period_ms,
                  .loud_below = c->audio_loud,
                  .medium = c->audio_format == CONFIG_AUDIO_FORMAT_FLAC ? MEDIUM_FLAC : MEDIUM_WAV},
        .has_room = has_room,
        .utc_offset_s = utc_offset_s,
        .ctx = a,
    };
    for (size_t i = 0; i < c->audio_count; i++)
        deps.sources[i] = (struct sounds_source){c->audio[i].name, c->audio[i].url};
    enum err e = soundstream_curl_create(&a->sound.reader, &a->sound.stream);
    if (e == ERR_OK && c->audio_find)
        e = finder_mdns_open(SOUNDFIND_SERVICE, NULL, 0, &a->sound.finder_mdns, &a->sound.finder);
    deps.finder = c->audio_find ? &a->sound.finder : NULL;
    return e == ERR_OK ? sounds_start(&deps, &a->sound.sounds) : e;
}

enum err app_sound_start(struct app *a)
{
    const struct fs *fs = &a->photos.fs;
    const char *folder = strcmp(a->tmp, LAYOUT_TMP) == 0 ? LAYOUT_AUDIO : LAYOUT_NEAR_AUDIO;
    bool listens = a->options.config.audio_count > 0 || a->options.config.audio_find;
    struct fs_stat st;
    bool found = false;
    enum err e = ERR_OK;
    if (listens)
        e = fs->make_folder(fs->ctx, folder);
    else if (fs->stat(fs->ctx, folder, &found, &st) != ERR_OK || !found)
        return ERR_OK;
    int n = snprintf(a->sound.path, sizeof a->sound.path, "%s/%s", a->folder, folder);
    if (e == ERR_OK && (n < 0 || (size_t)n >= sizeof a->sound.path))
        e = ERR_LIMIT;
    if (e == ERR_OK)
        e = start_archive(a, folder);
    if (e == ERR_OK && listens)
        e = start_sounds(a);
    if (e != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "audio streamers cannot be recorded err=%s", err_name(e));
    return e;
}

void app_sound_tell(void *ctx, struct soundboard *out)
{
    const struct app *a = ctx;
    if (a->sound.sounds != NULL)
        sounds_tell(a->sound.sounds, out);
}

void app_sound_stop(struct app *a)
{
    if (a->sound.sounds != NULL)
        sounds_stop(a->sound.sounds);
    if (a->sound.archive != NULL)
        archive_stop(a->sound.archive);
}

void app_sound_close(struct app *a)
{
    sounds_destroy(a->sound.sounds);
    archive_destroy(a->sound.archive);
    for (size_t i = 0; i < SOUNDSTREAM_MAX; i++)
        recordfile_posix_destroy(a->sound.files[i]);
    finder_mdns_close(a->sound.finder_mdns);
    soundstream_curl_destroy(a->sound.reader);
}
