/* test/fakes/camera/fake_relay.h - a raw server that keeps every byte and misbehaves on demand.
 *
 * One set of rules, two ways to reach it: over struct stream in memory (fake_relay_stream), with
 * time that stands still, and over a real socket on loopback (fake_relay_listen, fake_relay_step),
 * without a thread: the test steps it between the steps of the client. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/ports/stream.h"

enum { FAKE_RELAY_BYTES_MAX = 2 * 1024 * 1024, FAKE_RELAY_CALLS_MAX = 2048 };

/* What it does with one request. */
enum fake_relay_deed {
    FAKE_RELAY_ANSWER,            /* reads it all, then answers; keeps the connection */
    FAKE_RELAY_ANSWER_CLOSE,      /* answers and closes at once */
    FAKE_RELAY_REFUSE,            /* does not accept the connection */
    FAKE_RELAY_RESET_HALFWAY,     /* reads `after` bytes, then resets */
    FAKE_RELAY_CLOSE_HALFWAY,     /* reads `after` bytes, then closes without a word */
    FAKE_RELAY_ANSWER_EARLY,      /* answers after the head, and closes */
    FAKE_RELAY_ANSWER_EARLY_STAY, /* answers after the head, reads no more, does not close */
    FAKE_RELAY_STALL_READING,     /* reads `after` bytes, then nothing for ever */
    FAKE_RELAY_STALL_ANSWER,      /* reads it all and says nothing for ever */
    FAKE_RELAY_CUT_ANSWER,        /* sends `after` bytes of the answer, then closes */
    FAKE_RELAY_DEAF,              /* accepts, never reads */
};

struct fake_relay_call {
    enum fake_relay_deed deed;
    uint32_t after;
    const char *answer;     /* all of it; NULL: 200, to a photo with the right JSON */
    bool close_before_next; /* a kept connection is closed while idle */
};

struct fake_relay {
    struct fake_relay_call calls[FAKE_RELAY_CALLS_MAX]; /* one per request; the last repeats */
    uint32_t calls_count;
    uint32_t next;          /* the call that comes next */
    uint32_t connections;   /* accepted */
    uint32_t open_now;      /* connections that are open */
    uint32_t requests_done; /* read to their end */
    uint8_t *request;       /* the bytes of the request under way, or of the last */
    uint32_t request_len;
    char out[4096];
    uint32_t out_len;
    uint32_t out_at;
    bool connected;
    bool answered;
    bool closing;
    bool reset;
    bool deaf;
    uint32_t write_max; /* bytes taken per write in memory; 0: all */
    void (*stored)(void *ctx, const uint8_t *request, uint32_t len); /* for each that is done */
    void *stored_ctx;
    int listener;
    int socket;
    uint16_t port;
    struct stream stream;
};

void fake_relay_init(struct fake_relay *r);
void fake_relay_free(struct fake_relay *r);
void fake_relay_plan(struct fake_relay *r, enum fake_relay_deed deed, uint32_t after,
                     const char *answer);

/* The relay in memory, as the stream of a client. */
const struct stream *fake_relay_stream(struct fake_relay *r);

/* The relay on loopback; `port` is set. Step it until it says false: nothing to do just now. */
void fake_relay_listen(struct fake_relay *r);
bool fake_relay_step(struct fake_relay *r);

/* The file part and fields of a stored request. Fail the test if they are not there. */
const uint8_t *fake_relay_file(const uint8_t *request, uint32_t len, uint32_t *out_len);
bool fake_relay_field(const uint8_t *request, uint32_t len, const char *name, char *out,
                      size_t cap);
