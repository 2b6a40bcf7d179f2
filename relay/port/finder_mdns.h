/* relay/port/finder_mdns.h - one-shot multicast DNS questions over UDP (RFC 6762 5.1): needs no
 * daemon, and answers come straight to a port of our own. */
#pragma once

#include <stdint.h>

#include "relay/logic/ports/finder.h"

struct finder_mdns;

/* Asks for `service` ("_camrelay-audio._tcp.local"). Questions go to `address` and `port`, IPv4;
 * NULL: to the multicast group of the standard, from every interface. ERR_INPUT: no such name or
 * address; ERR_IO: no socket. */
CHECKED enum err finder_mdns_open(const char *service, const char *address, uint16_t port,
                                  struct finder_mdns **out, struct finder *out_calls);
/* NULL does nothing. */
void finder_mdns_close(struct finder_mdns *f);
