/* relay/port/exchange_mhd.h - one connection of http_mhd.c and the exchange under way on it: how it
 * waits and how it answers. Inside the port only: handlers see it as struct front_exchange of
 * relay/logic/ports/front.h.
 *
 * libmicrohttpd takes an answer only from the network thread, on the first call for a request and
 * once the request is complete. Everything else (an answer from another thread, one in the middle
 * of a body) is led to these two points, or written past the library. */
#pragma once

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire/target.h"
#include "relay/logic/ports/front.h"
#include "relay/port/pump.h"
#include "relay/port/warden.h"

enum { EXCHANGE_PEER_MAX = 64 }; /* an IPv6 address with its scope */

/* What the network thread expects of the library next. */
enum exchange_stage {
    EXCHANGE_NONE,   /* between requests */
    EXCHANGE_LINE,   /* the request line came */
    EXCHANGE_BODY,   /* head() was called; the rest of the request comes */
    EXCHANGE_WHOLE,  /* finish() was called, or is not to be: only the answer is missing */
    EXCHANGE_QUEUED, /* the library has the answer */
};

/* What all exchanges of one front share. */
struct exchange_ground {
    struct pump *pump;
    struct warden *warden;
    bool encrypted;
    atomic_bool stopping;
};

/* One connection, and the one exchange that is under way on it. */
struct front_exchange {
    struct warden_mark mark; /* first: warden_each() hands it back */
    struct exchange_ground *ground;
    struct MHD_Connection *connection;

    pthread_mutex_t lock;      /* guards these: */
    struct front_reply *reply; /* until it was sent */
    struct pump_flow *flow;
    bool answered;
    bool parked;    /* the library has it suspended */
    bool called;    /* front_resume() came since the handler was last asked */
    bool no_memory; /* answered, but the answer could not be kept */

    /* The network thread's own: */
    enum exchange_stage stage;
    bool in_handler; /* head() was called: gone() is owed */
    bool kept_alive; /* not the first request of the connection */
    bool linger;     /* the client may still be sending */
    bool sent;
    bool has_body;
    void *user;
    const char *target; /* as sent; the library's memory */
    size_t target_len;
    char *target_copy;      /* if it has arguments: the library takes them apart */
    struct target *decoded; /* if there was something to decode */
    uint64_t source_left;   /* of a body whose length was promised */
    size_t discarded;
    uint32_t discard_since_ms;
    char peer[EXCHANGE_PEER_MAX];
};

/* Calls (front_resume, front_answer) from here on count. Answers whether there is an answer. */
bool exchange_attend(struct front_exchange *x);
/* True: suspended. False: somebody called since exchange_attend(), or the server stops. */
bool exchange_park(struct front_exchange *x);
/* Goes on if it is parked, and is not parked next time otherwise. From any thread. */
void exchange_unpark(struct front_exchange *x);

/* Answers in the relay's JSON. */
void exchange_refuse(struct front_exchange *x, unsigned status, const char *code,
                     const char *error);

/* Hands the answer to the library; only where the library allows it. MHD_NO: end the connection. */
enum MHD_Result exchange_queue(struct front_exchange *x);
/* Writes the answer to the socket where the library does not, in the middle of a body. It is short
 * and the first thing sent, so it fits at once. */
void exchange_write(struct front_exchange *x);

/* Makes it ready for the next request. */
void exchange_reset(struct front_exchange *x);
