/* relay/port/warden.h - watches the time of connections, and sees off those that answered early.
 *
 * One thread looks at every connection four times a second and breaks those that are too slow in
 * the phase they are in (see http_mhd.h for the limits): it sends 408 where nothing was answered
 * yet and the connection is not encrypted, and shuts the socket down, so that its owner finds it
 * closed. It sleeps while there are no connections.
 *
 * The same thread reads out sockets whose client may still be sending although the answer is out.
 * Closing at once would make the kernel send a reset, and the client could lose the answer. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum warden_phase {
    WARDEN_HEAD,    /* a head must come within head_timeout_ms */
    WARDEN_IDLE,    /* kept alive: a head must come within idle_timeout_ms */
    WARDEN_BODY,    /* a body comes: rate_min */
    WARDEN_ANSWER,  /* an answer goes: rate_min while bytes wait */
    WARDEN_HANDLER, /* our side works: no limit */
    WARDEN_BROKEN,  /* the warden gave it up; it stays so */
};

/* Part of the owner's connection; only the warden touches the fields. */
struct warden_mark {
    struct warden_mark *next, *prev;
    int fd;
    bool encrypted;
    bool nudged;
    atomic_uint phase;
    atomic_uint since_ms; /* when the phase began; wraps */
    atomic_uint moved;    /* body bytes; wraps */
    uint32_t window_phase_ms, window_ms, window_moved;
};

struct warden;

struct warden_options {
    uint32_t head_timeout_ms, idle_timeout_ms;
    uint32_t rate_min; /* bytes per second */
    uint32_t rate_window_ms;
    size_t linger_bytes; /* how much is read out, ... */
    uint32_t linger_ms;  /* ... and how long at most */
    size_t linger_max;   /* sockets at a time */
};

CHECKED enum err warden_open(const struct warden_options *options, struct warden **out);
/* Every mark was removed. Sockets still being read out are closed. NULL does nothing. */
void warden_close(struct warden *w);

/* Begins in WARDEN_HEAD. `fd` stays the owner's and open until warden_remove(). */
void warden_add(struct warden *w, struct warden_mark *m, int fd, bool encrypted);
/* With `linger`, a duplicate of the socket is read out and closed by the warden. */
void warden_remove(struct warden *w, struct warden_mark *m, bool linger);
void warden_each(struct warden *w, void (*each)(void *arg, struct warden_mark *m), void *arg);

/* By the connection's own thread, or one that holds it still. False: the warden gave it up, nothing
 * must be answered any more. */
bool warden_enter(struct warden_mark *m, enum warden_phase phase);
/* The same, but a phase that goes on keeps its beginning. */
bool warden_keep(struct warden_mark *m, enum warden_phase phase);
void warden_moved(struct warden_mark *m, size_t bytes);

/* Milliseconds of the clock that the marks use; wraps. */
uint32_t warden_now_ms(void);
