/* camera/port/host_link.h - a stream made slower and less sure than it is, for tests: bandwidth,
 * pauses as after a lost packet, connections that break, and hours without any network. */
#pragma once

#include "camera/logic/ports/stream.h"
#include "lib/port/clock.h"

struct host_link_config {
    uint32_t bytes_per_s;     /* 0: as fast as it goes */
    uint32_t pause_permille;  /* chance of a pause at each write */
    uint32_t pause_ms;        /* its length */
    uint32_t break_permille;  /* chance that the connection breaks at each write */
    uint32_t outage_every_ms; /* 0: none; no network for the first outage_ms of each such time */
    uint32_t outage_ms;
    uint32_t seed;
};

struct host_link {
    struct host_link_config config;
    const struct stream *inner; /* borrowed */
    struct clock clock;
    struct mono start;
    struct mono paused_until;
    uint64_t budget_bytes;
    struct mono budget_at;
    uint32_t dice;
    uint32_t breaks; /* read: connections broken on purpose */
    uint32_t pauses; /* read */
    bool broken;
    struct stream stream; /* valid as long as this struct stays where it is */
};

void host_link_init(struct host_link *l, const struct stream *inner, struct clock clock,
                    const struct host_link_config *config);

/* Is there no network just now? */
bool host_link_is_out(const struct host_link *l);

/* When something held back may go on; 0: nothing is held back. */
struct mono host_link_wake(const struct host_link *l);
