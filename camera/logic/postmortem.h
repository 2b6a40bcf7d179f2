/* camera/logic/postmortem.h - sends the core dump of the last crash to the relay, which keeps it
 * under the camera's name (POST /crash beside the relay's /upload, docs/formats.md).
 *
 * The dump is erased only once a relay acknowledged it with 2xx. It uses the same stream as the
 * courier, never at the same time: the owner steps one or the other. A relay that knows no such
 * address (404, 405) or refuses this dump is not asked again before the next start. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/ports/dump.h"
#include "camera/logic/webcall.h"
#include "lib/base/buf.h"
#include "lib/port/random.h"

enum {
    POSTMORTEM_BYTES_MAX = 1024 * 1024, /* what a relay takes */
    POSTMORTEM_LEAD_MAX = 1024,
    POSTMORTEM_PATH_MAX = 128,
    POSTMORTEM_RETRY_BASE_MS = 30 * 1000,
    POSTMORTEM_RETRY_CAP_MS = 60 * 60 * 1000,
};

/* Whom to tell; all texts borrowed while a call is under way. */
struct postmortem_address {
    const char *device;
    const char *host;
    uint16_t port;
    bool tls;
    const char *ca_pem;
    const char *upload_path; /* the dump goes to "crash" in the same place */
    const char *token;       /* "" for none */
    const char *firmware;
    const char *reset_reason;
    uint32_t boot;
};

/* The caller owns the memory and reads the fields marked so. */
struct postmortem {
    bool waiting;                /* read: a dump is there and worth another try */
    bool in_flight;              /* read: step it, and nothing else on this stream */
    bool sent;                   /* read: one was acknowledged since the start */
    unsigned status;             /* read: of the last answer, 0: none */
    const struct dump *dump;     /* borrowed; NULL: this board keeps none */
    const struct random *random; /* borrowed */
    struct webcall call;
    struct deadline not_before;
    uint32_t failures;
    uint32_t bytes;
    char lead[POSTMORTEM_LEAD_MAX];
};

/* Borrows everything; `piece` is the buffer through which the dump goes, perhaps the courier's. */
void postmortem_init(struct postmortem *p, const struct dump *dump, const struct random *random);
void postmortem_lend(struct postmortem *p, const struct stream *stream, uint8_t *piece,
                     uint32_t piece_cap);

/* Is a try due? */
bool postmortem_is_due(const struct postmortem *p, struct mono now);

/* Starts a try; only if one is due, nothing else uses the stream, and `to->host` is known. */
void postmortem_begin(struct postmortem *p, const struct postmortem_address *to,
                      const struct webcall_limits *limits, struct mono now);

/* Goes on with it; `in_flight` is false once it ended. If somebody closes the stream meanwhile, the
 * try fails and comes again later. */
void postmortem_step(struct postmortem *p, struct mono now);

/* "/upload" -> "/crash", "/cam/upload" -> "/cam/crash". False: it does not fit. */
bool postmortem_put_path(const char *upload_path, struct buf *out);
