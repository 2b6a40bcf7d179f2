/* audio/logic/studio.h - what all listeners share: settings, the chain, the page, and the numbers.
 *
 * Filled by main; used by one thread, the one that serves listeners (the chain and the pulse have
 * their own rules). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/logic/chain.h"
#include "audio/logic/pulse.h"
#include "lib/base/buf.h"
#include "lib/wire/audioframe.h"

enum {
    STUDIO_NAME_MAX = 32,
    STUDIO_TOKEN_MAX = 64,
    STUDIO_ADDRESS_MAX = 45,
    STUDIO_RTP_SAMPLES = 320, /* of an RTP packet: 20 ms */
};

struct studio_file {
    const char *name; /* "page.js"; "index.html" is also "/" */
    const char *type; /* Content-Type */
    const char *etag; /* with its quotes */
    const unsigned char *plain;
    size_t plain_len;
    const unsigned char *gzip; /* NULL: no shorter */
    size_t gzip_len;
};

struct studio {
    char name[STUDIO_NAME_MAX + 1];   /* printable ASCII without quotes and backslashes */
    char token[STUDIO_TOKEN_MAX + 1]; /* empty: everybody in reach may listen */
    uint16_t block;                   /* samples of a packet */
    enum audioframe_codec codec;      /* unless a listener asks for another */
    int gain_db;
    char rtp_to[STUDIO_ADDRESS_MAX + 1]; /* empty: no RTP */
    uint16_t rtp_port;
    const char *elsewhere; /* borrowed; NULL, or where "/" and unknown paths are sent: the set-up
                              page while its portal is open, whatever name a phone asked for */
    const struct studio_file *files; /* borrowed */
    size_t file_count;
    struct chain *chain; /* borrowed */
    struct pulse *pulse; /* borrowed */
    uint32_t listeners_max;
    uint32_t listeners;
    uint32_t refused; /* connections turned away because all places were taken */
    uint32_t served;  /* requests answered */
    uint32_t stalled; /* listeners dropped because they took nothing for 5 s */
    uint32_t lost;    /* samples of listeners that were too slow, those that left included */
    uint32_t packets; /* of sound, handed to the network */
};

/* A listener comes or goes; with the first one the sound starts, with the last one it ends. */
void studio_enter(struct studio *s);
void studio_leave(struct studio *s);

/* False: the ADC's rate is wrong or not known yet, there is nothing worth hearing. */
bool studio_can_play(const struct studio *s);

/* Within the limits of loudness.h. */
void studio_set_gain(struct studio *s, int db);

/* GET /stats. */
void studio_print_stats(const struct studio *s, struct buf *out);
/* The first message of a WebSocket. */
void studio_print_hello(const struct studio *s, enum audioframe_codec codec, struct buf *out);
