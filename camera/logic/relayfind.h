/* camera/logic/relayfind.h - where the relay is: as configured, or found by mDNS and remembered.
 *
 * Without a configured host the network is browsed for _camrelay._tcp. The last address that
 * answered is kept in the vault and tried first after a start, so that a photo does not wait for a
 * browse; after two tries in a row without any answer the network is browsed again, ever more
 * slowly, while the old address goes on being tried. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/pace/deadline.h"
#include "lib/port/vault.h"

enum {
    RELAYFIND_HOST_MAX = 128,
    RELAYFIND_FAILURES = 2,
    RELAYFIND_BROWSE_BASE_MS = 10 * 1000,
    RELAYFIND_BROWSE_CAP_MS = 5 * 60 * 1000,
};

struct relayfind {
    char host[RELAYFIND_HOST_MAX]; /* read: "" if not known */
    uint16_t port;                 /* read */
    bool fixed;                    /* configured: never browsed for */
    bool kept;                     /* host and port are what the vault holds */
    uint32_t failures;
    uint32_t browses; /* without success */
    struct deadline next_browse;
    const struct vault *vault;
};

/* `host` "" : to be found. Borrows the vault. */
void relayfind_init(struct relayfind *r, const char *host, uint16_t port,
                    const struct vault *vault);

/* A try went well (the relay answered, whatever it said) or found nobody. */
void relayfind_answered(struct relayfind *r);
void relayfind_unreachable(struct relayfind *r);

/* Is it time to browse? If so, tell the result with relayfind_found or relayfind_not_found. */
bool relayfind_wants_browse(const struct relayfind *r, struct mono now);
void relayfind_found(struct relayfind *r, const char *host, uint16_t port);
void relayfind_not_found(struct relayfind *r, struct mono now);
