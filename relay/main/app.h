/* relay/main/app.h - the whole daemon: what main opens, runs and closes, in that order. */
#pragma once

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/port/random.h"
#include "relay/logic/ground.h"
#include "relay/logic/metrics.h"
#include "relay/logic/sentfile.h"
#include "relay/main/app_sound.h"
#include "relay/main/committer.h"
#include "relay/main/forwarder.h"
#include "relay/main/jobs.h"
#include "relay/main/keeper.h"
#include "relay/main/options.h"
#include "relay/main/pages.h"
#include "relay/main/server.h"
#include "relay/main/uploads.h"
#include "relay/port/fs_posix.h"
#include "relay/port/hash_openssl.h"
#include "relay/port/http_mhd.h"
#include "relay/port/lock_flock.h"
#include "relay/port/uplink_curl.h"
#include "relay/port/watch_inotify.h"

/* A zeroed one may be closed; opened in the order of its fields, closed in the reverse. */
struct app {
    char *const *argv;
    struct options options;
    pthread_mutex_t settings_lock; /* of options.config while threads run */
    struct mono started;
    int listen_fd;         /* opened while still root; 0: none */
    char folder[PATH_MAX]; /* absolute */
    struct lock_flock lock;
    struct fs_posix photos;
    const char *tmp; /* where uploads are written */
    struct ground_verdict ground;
    struct clock clock;
    struct random random;
    struct hash_openssl *hash;
    struct json json;
    char database[PATH_MAX + 64];
    struct state state;
    struct state_mark mark;
    struct state_view keeper_view, forwarder_view;
    struct metrics metrics;
    struct fs_posix sent_folder;
    struct sentfile sentfile;
    bool has_sentfile;
    struct committer *committer;
    struct uplink_curl *uplink_curl;
    struct uplink uplink;
    struct forwarder *forwarder;
    struct watch_inotify watch;
    struct keeper *keeper;
    struct app_sound sound;
    struct jobs *jobs;    /* of uploads alone */
    struct jobs *readers; /* of pages and commands: they may wait for the database */
    struct pages *pages;
    struct commands *commands;
    struct server *server;
    struct uploads *uploads;
    atomic_uint uploads_coming;
    struct http_mhd *front;
    atomic_bool stopping;
};

/* Started as root with `user` set: opens the port, then becomes that user. */
CHECKED enum err app_drop_rights(struct app *a);
/* The folder: lock, ground, hash, clock. Says on the log what is wrong. */
CHECKED enum err app_open_folder(struct app *a);
/* The database, what an unclean end left behind, and sent_files.json. */
CHECKED enum err app_open_state(struct app *a);
/* The threads, and the network last. */
CHECKED enum err app_start(struct app *a);
/* Until SIGTERM or SIGINT; SIGHUP reads the settings again. */
void app_run(struct app *a);
/* Copes with a half-open one; loses nothing that was answered. */
void app_close(struct app *a);

/* What the pages ask (see pages_deps); ctx is the app. */
void app_tell_health(void *ctx, struct health_input *out);
size_t app_tell_settings(void *ctx, struct overview_setting *out, size_t cap);
bool app_tell_vitals(void *ctx, const char *camera, struct vitals_camera *out);
bool app_password_opens(void *ctx, struct slice password);
bool app_token_opens(void *ctx, struct slice token);
/* The targets of forwarding as the settings have them; texts are borrowed from the settings. */
size_t app_targets(struct app *a, struct dispatch_target *out);
/* Local time as "YYYYmmdd_HHMMSS"; `ctx` is not looked at. */
void app_stamp(void *ctx, struct wall t, char out[NAMES_STAMP_MAX]);
struct uploads_rules app_rules(const struct config *c);
