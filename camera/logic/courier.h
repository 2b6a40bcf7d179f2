/* camera/logic/courier.h - brings photos from the backlog to the relay, one at a time.
 *
 * Takes a photo, sends it (design.md 3), judges the answer and settles it with the backlog. After a
 * failure it waits with jitter, at least as long as Retry-After says; when the relay or the token
 * is not right it holds everything and probes ever more slowly. Never waits inside a call. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/backlog.h"
#include "camera/logic/health.h"
#include "camera/logic/verdict.h"
#include "camera/logic/webcall.h"
#include "lib/port/random.h"

enum {
    COURIER_LEAD_MAX = 2048, /* request line, fields and part head */
    COURIER_TRAIL_MAX = 64,
    COURIER_HOST_MAX = 128,
    COURIER_PATH_MAX = 128,
    COURIER_TOKEN_MAX = 192,
    COURIER_KEEP_MS = 5000,           /* an idle connection is closed: a relay has many cameras */
    COURIER_RETRY_AFTER_MAX_S = 3600, /* a relay may not silence a camera for longer */
};

/* What the owner chose; each text fits its limit with a NUL. */
struct courier_config {
    const char *device; /* borrowed: letters, digits, "-_." */
    const char *path;   /* borrowed: "/upload" */
    const char *token;  /* borrowed: "" for none */
    const char *ca_pem; /* borrowed: "" for the built-in bundle */
    bool tls;
    uint32_t connect_ms;
    uint32_t stall_ms;
    uint32_t reply_ms;
    uint32_t least_bytes_per_s; /* the slowest way that still counts as one; sets the total limit */
    uint32_t retry_base_ms;
    uint32_t retry_cap_ms;
    uint32_t hold_base_ms;
    uint32_t hold_cap_ms;
};

enum courier_mood {
    COURIER_IDLE,     /* nothing to send */
    COURIER_NO_RELAY, /* no network or no relay known */
    COURIER_SENDING,
    COURIER_RESTING, /* between tries */
    COURIER_HOLDING, /* relay or token are not right yet */
};

/* Things that happened since last asked; for counters, discovery and clocks. */
struct courier_news {
    bool answered;         /* the relay said something: it is there */
    bool sent;             /* an upload was acknowledged */
    bool unreachable;      /* a try ended without an answer */
    int64_t relay_time_ms; /* from its Date; 0: none */
};

/* The caller owns the memory and reads the fields marked so. */
struct courier {
    enum courier_mood mood;   /* read */
    struct deadline wake;     /* read: step again at this time at the latest */
    bool wants_stream;        /* read: and when the stream can be read */
    bool wants_write;         /* read: or written */
    unsigned last_status;     /* read: of the last answer, 0: none came */
    const char *last_problem; /* read: a sentence, "" if all is well; static text */
    uint32_t tries;           /* read: requests begun */
    uint32_t retries;         /* read: of those, for a photo that had failed before */
    uint32_t failures;        /* read: in a row */
    uint32_t ack_ms;          /* read: from trigger to answer, of the last photo of this boot */
    struct courier_config config;
    struct backlog *backlog;
    const struct random *random;
    struct health health; /* to be kept current by the owner */
    struct courier_news news;
    struct webcall call;
    struct backlog_item item;
    struct deadline not_before;
    struct deadline keep_end; /* of the idle connection */
    struct mono taken_now;    /* mono and wall of the same moment, for photos without a time */
    struct wall taken_wall;
    bool clock_sure;
    bool online;
    bool in_flight;
    bool holding;
    bool paused;
    uint16_t port;
    char host[COURIER_HOST_MAX];
    char lead[COURIER_LEAD_MAX];
    char trail[COURIER_TRAIL_MAX];
};

/* Borrows everything. `piece` is the buffer through which photos go. */
void courier_init(struct courier *c, const struct courier_config *config, struct backlog *backlog,
                  const struct stream *stream, const struct random *random);
void courier_lend_piece(struct courier *c, uint8_t *piece, uint32_t piece_cap);

/* Other settings; what is under way is given up and tried again with them. */
void courier_reconfigure(struct courier *c, const struct courier_config *config);

/* Where the relay is; NULL or "": not known. A change ends what is under way and any waiting. */
void courier_set_relay(struct courier *c, const char *host, uint16_t port);

/* Is there a network? Going offline ends what is under way; coming back ends any waiting. */
void courier_set_online(struct courier *c, bool online);

/* While paused it finishes what is under way and begins nothing new. */
void courier_pause(struct courier *c, bool paused);
/* Lets somebody else use the stream: an idle connection is closed. False: a photo is under way. */
bool courier_free_stream(struct courier *c);

/* How long a request with so many bytes may take. */
struct webcall_limits courier_limits(const struct courier *c, uint32_t bytes);

/* Try again now: somebody changed the settings or asked for it. */
void courier_hurry(struct courier *c);

/* Does what can be done now. `wall` with ms 0: the time is not known. */
void courier_step(struct courier *c, struct mono now, struct wall wall, bool clock_sure);

/* Hands over the news and forgets them. */
struct courier_news courier_take_news(struct courier *c);

const char *courier_mood_name(enum courier_mood m);
