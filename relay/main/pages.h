/* relay/main/pages.h - every request that is not an upload: the page, lists, photos, health,
 * metrics.
 *
 * The server calls pages_head for it, hands what that gave to pages_gone when the exchange is over,
 * and throws away any body. pages_head never waits: what needs database or disk is answered later
 * from a worker. /health, /metrics and the page are answered within SNAPSHOT_WAIT_MS even when the
 * disk hangs.
 *
 * Access: if the owner set a page password, everything but /health and OPTIONS asks for it (HTTP
 * Basic, RFC 7617, any user name). An upload token, as Bearer, opens the pages too, so that a relay
 * further up may ask whether we have a photo. */
#pragma once

#include "lib/port/clock.h"
#include "lib/port/fs.h"
#include "relay/logic/metrics.h"
#include "relay/logic/overview.h"
#include "relay/logic/ports/front.h"
#include "relay/logic/ports/thumb.h"
#include "relay/main/jobs.h"

enum {
    PAGES_VIEWS = 3,         /* readers of the database, each opened when first needed */
    PAGES_SLOW_WAITING = 64, /* thumbnails and exports queued; more are told to come again */
    PAGES_SETTINGS_MAX = 80,
};

/* What pages need of the rest of the relay. Calls may come from any thread; those marked (m) only
 * look into memory and never wait. */
struct pages_deps {
    void *ctx;
    const struct fs *fs; /* the photo folder */
    const struct clock *clock;
    struct metrics *metrics;
    struct jobs *jobs; /* for short reads: opening a photo, the first rows of a list */
    CHECKED enum err (*view_open)(void *ctx, struct state_view *out_view);
    int64_t (*seen)(void *ctx); /* (m) the highest photo whose flush returned */
    /* (m) Fills what does not come from database or disk; the rest is zeroed before and filled
     * after. Destinations in the order given to destinations_set(). */
    void (*health)(void *ctx, struct health_input *out);
    /* (m) The settings in force, secrets left out or masked; answers how many. */
    size_t (*settings)(void *ctx, struct overview_setting *out, size_t cap);
    /* (m) May somebody with this password (ptr NULL: none given) see the pages? NULL: everybody. */
    bool (*password_opens)(void *ctx, struct slice password);
    /* (m) Is this one of the upload tokens? NULL: there are none. */
    bool (*token_opens)(void *ctx, struct slice token);
    /* (m) What a camera last said of itself. NULL: nobody knows. */
    bool (*vitals)(void *ctx, const char *camera, struct vitals_camera *out);
    /* (m) The audio streamers. NULL: none is listened to. */
    void (*sound)(void *ctx, struct soundboard *out);
    thumb_make thumb;
    const char *dir; /* for people; outlives the pages */
};

struct pages;
struct pages_request;

/* `deps` is copied; what it points to outlives the pages. ERR_FULL: no memory or threads. */
CHECKED enum err pages_create(const struct pages_deps *deps, struct pages **out);

/* Answers now or later. `*out_request` is for pages_gone and may be NULL. */
enum front_want pages_head(struct pages *p, struct front_exchange *x, const struct front_head *h,
                           struct pages_request **out_request);
/* The exchange is over; after this nothing touches it. NULL does nothing. */
void pages_gone(struct pages_request *r);

/* Would these pages open for this Authorization field (ptr NULL: absent)? For the upload form. */
bool pages_opens(struct pages *p, struct slice authorization);

/* After the front stopped, so that no exchange is left, and before `jobs` is destroyed: waits until
 * the last read ended. NULL does nothing. */
void pages_destroy(struct pages *p);
