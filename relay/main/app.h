/* relay/main/app.h - the whole daemon: what main opens, runs and closes, in that order. */
#pragma once

#include <limits.h>
#include <stdatomic.h>

#include "lib/port/random.h"
#include "relay/logic/ground.h"
#include "relay/logic/metrics.h"
#include "relay/logic/sentfile.h"
#include "relay/main/committer.h"
#include "relay/main/jobs.h"
#include "relay/main/keeper.h"
#include "relay/main/options.h"
#include "relay/main/server.h"
#include "relay/main/uploads.h"
#include "relay/port/fs_posix.h"
#include "relay/port/hash_openssl.h"
#include "relay/port/http_mhd.h"
#include "relay/port/lock_flock.h"
#include "relay/port/watch_inotify.h"

/* A zeroed one may be closed; opened in the order of its fields, closed in the reverse. */
struct app {
    struct options options;
    char *const *argv;
    char folder[PATH_MAX]; /* absolute */
    struct lock_flock lock;
    struct fs_posix photos;
    struct ground_verdict ground;
    struct clock clock;
    struct random random;
    struct hash_openssl *hash;
    struct state state;
    struct state_mark mark;
    struct state_view committer_view;
    struct state_view keeper_view;
    struct metrics metrics;
    struct committer *committer;
    struct fs_posix sent_folder;
    struct sentfile sentfile;
    bool has_sentfile;
    struct watch_inotify watch;
    struct keeper *keeper;
    struct jobs *jobs;
    struct server *server;
    struct uploads *uploads;
    struct http_mhd *front;
    atomic_uint uploads_coming;
    struct mono started;
};

/* The folder: lock, ground, hash, clock. Says on the log what is wrong. */
CHECKED enum err app_open_folder(struct app *a);
/* The database, and what an unclean end left behind. */
CHECKED enum err app_open_state(struct app *a);
/* The threads, and the network last. */
CHECKED enum err app_open_threads(struct app *a);
/* Until SIGTERM or SIGINT. */
void app_run(struct app *a);
/* Copes with a half-open one; loses nothing that was answered. */
void app_close(struct app *a);
