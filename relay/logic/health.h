/* relay/logic/health.h - is the promise kept? One judgement for /health, the page, the metrics.
 *
 * Pure: everything comes in as an argument. The reasons stand in health.def. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/wire/json_out.h"
#include "relay/logic/ports/photo.h"
#include "relay/logic/verdict.h"

enum {
    HEALTH_REASONS_MAX = 10 + 2 * DESTINATIONS_MAX, /* all at once: the disk is full or low */
    HEALTH_URL_MAX = 600,
    HEALTH_TEXT_BYTES_MAX = 32768, /* enough for any health_write() */
    /* A flush that runs for so long is stuck: cameras were answered 503 meanwhile. */
    HEALTH_FLUSH_STUCK_MS = 5000,
    /* Numbers older than this are called old. */
    HEALTH_STALE_MS = 3000,
    /* The disk is "nearly full" below so many times the floor. */
    HEALTH_DISK_LOW_FACTOR = 2,
};

enum health_status { HEALTH_OK, HEALTH_DEGRADED, HEALTH_FAILING };

enum health_durability {
    HEALTH_DURABILITY_ONE_FLUSH,
    HEALTH_DURABILITY_PER_FILE,
    HEALTH_DURABILITY_NONE,
};

enum health_link {
    HEALTH_LINK_UP,
    HEALTH_LINK_DOWN,
    HEALTH_LINK_HELD,
    HEALTH_LINK_PAUSED, /* by the owner: no trouble */
};

struct health_destination {
    char name[DESTINATION_NAME_MAX];
    char url[HEALTH_URL_MAX]; /* as url_show() writes it: nothing secret */
    enum health_link link;
    char last_error[DELIVERY_ERROR_MAX]; /* "" = none */
    uint64_t attempts[VERDICT_REASONS];  /* of this run, by their end; for the metrics */
    /* From the database: */
    uint64_t pending;
    uint64_t sent_total;
    uint64_t dead;
    struct wall oldest_pending; /* when that photo was received; 0 = none pending */
};

struct health_input {
    const char *version; /* static text */
    uint64_t uptime_s;
    uint64_t received_session; /* photos acknowledged since the start */
    enum health_durability durability;
    uint64_t last_flush_ms;    /* how long the last one took */
    uint64_t flush_running_ms; /* how long one has been running now; 0 = none is */
    bool flush_failed;         /* and not everything was verified again since */
    bool state_failed;         /* the last transaction failed */
    bool write_failed;         /* an upload could not be written, and none was stored since */
    bool audio_silent;         /* an audio streamer sends nothing */
    bool audio_refused;        /* or its sound cannot be written */
    bool stopping;
    uint64_t floor_bytes; /* below this many free bytes uploads are refused */
    struct health_destination destinations[DESTINATIONS_MAX];
    size_t destination_count;
    /* From the database and the disk, together with the counts per destination: */
    uint64_t stored_total;
    uint64_t stored_bytes;
    uint64_t disk_free_bytes;
    uint64_t disk_total_bytes; /* 0: not known; then full and low are not judged */
    uint64_t age_ms;           /* how old these numbers are */
    struct wall now;
};

enum health_reason {
#define HEALTH_REASON(id, status, english, korean) HEALTH_##id,
#include "relay/logic/health.def"
#undef HEALTH_REASON
    HEALTH_REASON_COUNT
};

struct health_item {
    enum health_reason reason;
    size_t destination; /* only where the sentence names one */
};

struct health {
    enum health_status status;
    struct health_item items[HEALTH_REASONS_MAX]; /* worst first */
    size_t count;
};

void health_judge(const struct health_input *in, struct health *out);

const char *health_status_name(enum health_status s);         /* "ok", "degraded", "failing" */
const char *health_durability_name(enum health_durability d); /* "one-flush", "per-file", "none" */
const char *health_link_name(enum health_link l);             /* "up", "down", "held", "paused" */

/* 200, or 503 when the promise cannot be kept. */
unsigned health_http_status(enum health_status s);

/* One reason as a sentence, in English or Korean. */
void health_write_reason(const struct health_input *in, const struct health_item *item, bool korean,
                         struct buf *out);

/* The members of GET /health, into an object that is open. */
void health_write_members(const struct health_input *in, const struct health *h,
                          struct json_out *j);
/* The whole of GET /health. */
void health_write(const struct health_input *in, const struct health *h, struct buf *out);

/* Age of the oldest photo a destination is owed, in seconds; 0 = none pending. */
uint64_t health_oldest_pending_s(const struct health_input *in, size_t destination);
