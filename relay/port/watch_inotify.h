/* relay/port/watch_inotify.h - struct watch over inotify(7). */
#pragma once

#include "relay/logic/ports/watch.h"

struct watch_inotify {
    struct watch watch; /* hand this to the logic */
    int events;         /* -1: closed */
    int wake;
    bool busy; /* the last call had something to tell */
};

/* ERR_INPUT: no such folder; ERR_FULL: the user's limit of watches is reached (sysctl
 * fs.inotify.max_user_instances). `w` must stay where it is. Close it either way. */
CHECKED enum err watch_inotify_open(struct watch_inotify *w, const char *folder);
/* Harmless on a closed one. No thread may be waiting. */
void watch_inotify_close(struct watch_inotify *w);
