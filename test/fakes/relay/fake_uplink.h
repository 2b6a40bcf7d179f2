/* test/fakes/relay/fake_uplink.h - an uplink whose network is a function of the test, and whose
 * time is a fake clock: waiting moves it. One thread. */
#pragma once

#include "lib/port/fs.h"
#include "relay/logic/ports/uplink.h"
#include "test/fakes/lib/fake_clock.h"

enum { FAKE_UPLINK_FLIGHTS_MAX = 256 };

/* What the far side sees. Borrowed for the call. */
struct fake_uplink_request {
    const char *method;
    const char *url;
    const struct uplink_header *headers;
    size_t header_count;
    const char *body; /* all that would be sent */
    size_t body_len;
    uint32_t give_up_ms; /* an answer that comes later is not waited for */
};

/* What becomes of it. Starts as: 200 at once, no body. */
struct fake_uplink_answer {
    uint32_t after_ms; /* the answer or the failure comes so much later */
    enum uplink_failure failure;
    unsigned status;
    bool body_sent_whole;
    uint32_t retry_after_s; /* 0 = none */
    char *body;             /* taken (free), or NULL */
    size_t body_len;
    const char *error; /* static text, or NULL */
};

struct fake_uplink_flight {
    bool used;
    uint64_t at_ms;
    uint64_t order;
    uint32_t answer_max;
    uint64_t id;
    struct fake_uplink_answer answer;
};

struct fake_uplink {
    struct uplink uplink; /* hand this to the module under test */
    struct fake_clock *clock;
    const struct fs *fs; /* descriptors are read and closed through it */
    /* The network. `body_sent_whole` is set beforehand; a file that is too short never gets here.
     */
    void (*remote)(void *arg, const struct fake_uplink_request *request,
                   struct fake_uplink_answer *io_answer);
    void *remote_arg;

    /* Levers. */
    unsigned fail_starts; /* so many next calls of start answer ERR_FULL */
    unsigned fail_waits;  /* so many next calls of wait answer ERR_IO */

    /* Counters. */
    unsigned starts;
    size_t in_flight;
    size_t in_flight_max;

    bool woken;
    uint64_t orders;
    char *lent;
    struct fake_uplink_flight flights[FAKE_UPLINK_FLIGHTS_MAX];
};

void fake_uplink_init(struct fake_uplink *u, struct fake_clock *clock, const struct fs *fs);
void fake_uplink_deinit(struct fake_uplink *u);

/* A text answer, copied. */
void fake_uplink_say(struct fake_uplink_answer *a, unsigned status, const char *body);
/* A header's value; NULL if there is none. */
const char *fake_uplink_header(const struct fake_uplink_request *r, const char *name);
