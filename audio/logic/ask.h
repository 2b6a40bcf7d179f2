/* audio/logic/ask.h - what a request asks for: the head of HTTP/1.x understood, nothing answered.
 *
 * Reading is as strict as lib/wire/framing.h. What is kept does not point into the head. */
#pragma once

#include "audio/logic/studio.h"
#include "lib/base/slice.h"
#include "lib/wire/http_field.h"

enum {
    ASK_KEY_LEN = 24,
    ASK_SECONDS_MAX = 600, /* of /rec.wav */
    ASK_BODY_MAX = 256,    /* of POST /config */
};

enum ask_route {
    ASK_FILE,      /* a part of the page: `file` */
    ASK_WAV,       /* GET /stream.wav */
    ASK_RECORDING, /* GET /rec.wav?s=10 */
    ASK_L16,       /* GET /audio.l16 */
    ASK_SDP,       /* GET /audio.sdp */
    ASK_STATS,     /* GET /stats */
    ASK_SOCKET,    /* GET /ws */
    ASK_CONFIG,    /* POST /config */
};

struct ask {
    unsigned status;   /* 0: all is well, else what to answer */
    const char *error; /* with `status`: a sentence for people */
    const char *allow; /* with 405 */
    enum ask_route route;
    bool head_only; /* HEAD */
    size_t file;    /* of studio.files */
    bool has_etag;  /* the client has that file already */
    bool takes_gzip;
    enum audioframe_codec codec;
    uint32_t seconds;
    bool counts_signed; /* ?len=2g */
    enum http_field_range range;
    struct http_field_span span; /* of an endless WAV, if range is ONE */
    uint64_t body_len;
    bool expects_continue;
    char key[ASK_KEY_LEN + 1]; /* Sec-WebSocket-Key */
};

/* `head` is everything up to and with the empty line; `memory` of as many bytes is scratch. */
void ask_read(struct ask *a, struct slice head, char *memory, const struct studio *studio);
