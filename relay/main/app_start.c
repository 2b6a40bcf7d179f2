#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/port/log.h"
#include "relay/main/app.h"
#include "relay/main/commands.h"
#include "relay/port/notify_systemd.h"
#include "relay/port/state_sqlite.h"
#include "relay/port/thumb_turbojpeg.h"

enum {
    JOBS_EXTRA = 256,
    READERS = 2, /* so that a slow page waits for pages only */
};

void app_stamp(void *ctx, struct wall t, char out[NAMES_STAMP_MAX])
{
    (void)ctx;
    time_t s = (time_t)(t.ms / 1000);
    struct tm tm;
    localtime_r(&s, &tm);
    if (strftime(out, NAMES_STAMP_MAX, "%Y%m%d_%H%M%S", &tm) != NAMES_STAMP_MAX - 1)
        memcpy(out, "19700101_000000", NAMES_STAMP_MAX); /* a year of five digits */
}

static void on_name(void *ctx, const char *name)
{
    struct app *a = ctx;
    if (a->keeper != NULL)
        keeper_note_name(a->keeper, name);
}

static void on_seen(void *ctx, int64_t seen)
{
    struct app *a = ctx;
    if (a->forwarder != NULL)
        forwarder_wake(a->forwarder, seen);
}

static void on_written(void *ctx, const struct delivery_result *results, size_t count)
{
    struct app *a = ctx;
    if (a->forwarder != NULL)
        forwarder_written(a->forwarder, results, count);
}

/* The committer is alive, and so the disk. */
static void on_beat(void *ctx)
{
    (void)ctx;
    if (notify_watchdog_interval_ms() > 0 && notify_send("WATCHDOG=1") != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the service manager could not be told that all is well");
}

static enum err start_committer(struct app *a)
{
    struct committer_deps deps = {
        .commit =
            {
                .fs = &a->photos.fs,
                .state = &a->state,
                .clock = &a->clock,
                .hash = hash_openssl_calls(a->hash),
                .stamp = app_stamp,
                .named = on_name,
                .ctx = a,
                .promise = a->ground.promise,
                .dedupe_window_s = (uint32_t)(a->options.config.dedupe_window_ms / 1000),
            },
        .mark = a->mark,
        .metrics = &a->metrics,
        .uploads_coming = &a->uploads_coming,
        .seen = on_seen,
        .written = on_written,
        .beat = on_beat,
        .ctx = a,
    };
    return committer_start(&deps, &a->committer);
}

static enum err start_keeper(struct app *a)
{
    enum err e = watch_inotify_open(&a->watch, a->folder);
    if (e != ERR_OK)
        return e;
    struct keeper_deps deps = {
        .fs = &a->photos.fs,
        .hash = hash_openssl_calls(a->hash),
        .clock = &a->clock,
        .committer = a->committer,
        .view = &a->keeper_view,
        .watch = &a->watch.watch,
        .metrics = &a->metrics,
        .adopt = a->options.config.adopt,
        .rebuilding = a->mark.rebuilt,
        .adopt_still_ms = (uint32_t)a->options.config.adopt_still_ms,
        .accept = config_accept(&a->options.config),
        .rules = server_retention_rules(&a->options.config),
    };
    return keeper_start(&deps, &a->keeper);
}

static void on_results(void *ctx, const struct delivery_result *results, size_t count)
{
    struct app *a = ctx;
    committer_post_results(a->committer, results, count);
}

size_t app_targets(struct app *a, struct dispatch_target *out)
{
    const struct config *c = &a->options.config;
    for (size_t i = 0; i < c->destination_count; i++) {
        const struct config_destination *d = &c->destinations[i];
        out[i] = (struct dispatch_target){
            .url = d->url,
            .token = d->token,
            .ca_file = d->tls_ca,
            .tls_insecure = d->tls_insecure,
            .paused = !d->enabled,
            .immediate = c->immediate,
            .interval_ms = (uint32_t)c->interval_ms,
            .limits = destination_limits_usual(),
        };
        out[i].limits.parallel = c->parallel;
    }
    return c->destination_count;
}

static enum err start_forwarder(struct app *a)
{
    struct dispatch_target targets[DESTINATIONS_MAX];
    const char *names[DESTINATIONS_MAX];
    size_t count = app_targets(a, targets);
    for (size_t i = 0; i < count; i++)
        names[i] = a->options.config.destinations[i].name;
    enum err e = uplink_curl_open(&a->uplink_curl, &a->uplink);
    if (e != ERR_OK)
        return e;
    struct forwarder_setup setup = {
        .targets = targets,
        .names = names,
        .count = count,
        .ports =
            {
                .fs = &a->photos.fs,
                .view = &a->forwarder_view,
                .uplink = &a->uplink,
                .json = &a->json,
                .hash = hash_openssl_calls(a->hash),
                .clock = &a->clock,
                .random = &a->random,
                .post = on_results,
                .post_ctx = a,
            },
        .sentfile = a->has_sentfile ? &a->sentfile : NULL,
        .seen = committer_seen(a->committer),
    };
    return forwarder_start(&setup, &a->forwarder);
}

static enum err open_view(void *ctx, struct state_view *out_view)
{
    const struct app *a = ctx;
    return state_sqlite_view_open(a->database, out_view);
}

static int64_t tell_seen(void *ctx)
{
    const struct app *a = ctx;
    return committer_seen(a->committer);
}

static enum refusal admit_crash(void *ctx, struct front_exchange *x)
{
    const struct app *a = ctx;
    return server_check_token(a->server, x);
}

static enum err start_pages(struct app *a)
{
    const struct config *c = &a->options.config;
    enum err e = jobs_create(c->workers, 1, &a->jobs); /* an upload's task is the upload's own */
    if (e == ERR_OK)
        e = jobs_create(READERS, 2 * (size_t)c->connections + JOBS_EXTRA, &a->readers);
    if (e != ERR_OK)
        return e;
    struct pages_deps pages = {
        .ctx = a,
        .fs = &a->photos.fs,
        .clock = &a->clock,
        .metrics = &a->metrics,
        .jobs = a->readers,
        .view_open = open_view,
        .seen = tell_seen,
        .health = app_tell_health,
        .settings = app_tell_settings,
        .password_opens = app_password_opens,
        .token_opens = app_token_opens,
        .vitals = app_tell_vitals,
        .sound = app_sound_tell,
        .thumb = thumb_turbojpeg_make,
        .dir = a->folder,
    };
    e = pages_create(&pages, &a->pages);
    struct commands_deps commands = {
        .pages = a->pages,
        .jobs = a->readers,
        .committer = a->committer,
        .forwarder = a->forwarder,
        .json = &a->json,
        .fs = &a->photos.fs,
        .clock = &a->clock,
        .stamp = app_stamp,
        .admit = admit_crash,
        .ctx = a,
    };
    return e == ERR_OK ? commands_create(&commands, &a->commands) : e;
}

struct uploads_rules app_rules(const struct config *c)
{
    return (struct uploads_rules){
        .intake = {config_accept(c), c->max_upload_bytes, c->max_audio_bytes},
        .commit_timeout_ms = (uint32_t)c->commit_timeout_ms,
    };
}

static enum err start_uploads(struct app *a)
{
    struct server_deps server = {&a->clock, a->committer, a->keeper, a->pages, a->commands};
    enum err e = server_create(&server, &a->options.config, &a->server);
    if (e != ERR_OK)
        return e;
    struct uploads_deps uploads = {
        .fs = &a->photos.fs,
        .hash = hash_openssl_calls(a->hash),
        .clock = &a->clock,
        .jobs = a->jobs,
        .committer = a->committer,
        .metrics = &a->metrics,
        .folder = a->folder,
        .tmp = a->tmp,
        .sync_bytes = a->ground.promise == GROUND_PER_FILE,
        .coming = &a->uploads_coming,
        .admit = server_admit,
        .ctx = a->server,
    };
    struct uploads_rules rules = app_rules(&a->options.config);
    e = uploads_create(&uploads, &rules, &a->uploads);
    if (e == ERR_OK)
        server_set_uploads(a->server, a->uploads);
    return e;
}

/* The whole of a small file, for the TLS library; NULL if there is none to read. The
 * caller frees it. */
static char *read_text(const char *path)
{
    enum { TEXT_MAX = 1 << 20 };
    FILE *file = path[0] == '\0' ? NULL : fopen(path, "r");
    if (file == NULL)
        return NULL;
    char *text = calloc(1, TEXT_MAX);
    size_t n = text == NULL ? 0 : fread(text, 1, TEXT_MAX - 1, file);
    (void)fclose(file); /* only read */
    if (n > 0)
        return text;
    free(text);
    return NULL;
}

static enum err start_front(struct app *a)
{
    const struct config *c = &a->options.config;
    int sockets[NOTIFY_SOCKETS_MAX];
    struct http_mhd_options options = {
        .hosts = {c->host},
        .port = (uint16_t)c->port,
        .threads = c->threads,
        .connections_max = c->connections,
        .per_address_max = c->connections_per_ip,
        .idle_timeout_ms = (uint32_t)c->idle_timeout_ms,
    };
    options.listen_fd = notify_sockets(sockets) > 0 ? sockets[0] : a->listen_fd;
    char *cert = read_text(c->tls_cert);
    char *key = read_text(c->tls_key);
    enum err e = ERR_OK;
    if ((c->tls_cert[0] != '\0' && cert == NULL) || (c->tls_key[0] != '\0' && key == NULL)) {
        log_line(LOG_LEVEL_ERROR, "tls_cert or tls_key cannot be read");
        e = ERR_INPUT;
    }
    options.tls_cert_pem = cert;
    options.tls_key_pem = key;
    struct front_handler handler = server_handler(a->server);
    if (e == ERR_OK)
        e = http_mhd_open(&options, &handler, &a->front);
    free(cert);
    free(key);
    return e;
}

enum err app_start(struct app *a)
{
    enum err (*const steps[])(struct app *) = {start_committer, start_forwarder, start_keeper,
                                               app_sound_start, start_pages,     start_uploads,
                                               start_front};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < sizeof steps / sizeof steps[0]; i++)
        e = steps[i](a);
    return e;
}
