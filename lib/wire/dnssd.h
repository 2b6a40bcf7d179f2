/* lib/wire/dnssd.h - finding services on the local network: the question, and what answers say (DNS
 * RFC 1035 and 2782, multicast RFC 6762 and service discovery RFC 6763).
 *
 * Asked from a port of its own, a "one-shot" question (RFC 6762 5.1) is answered straight to it,
 * with all there is to know in one packet. Pure: no sockets. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DNSSD_QUERY_MAX = 300,
    DNSSD_NAME_MAX = 256, /* of a name as text, with the NUL */
    DNSSD_LABEL_MAX = 64, /* of one part of it, likewise */
    DNSSD_PATH_MAX = 128,
    DNSSD_RECORDS_MAX = 64, /* of one packet; more are not looked at */
};

struct dnssd_service {
    char instance[DNSSD_LABEL_MAX]; /* as it calls itself, any bytes but NUL; not empty */
    uint16_t port;                  /* not 0 */
    char path[DNSSD_PATH_MAX];      /* "path" of its TXT record; "" = not told, or too long */
};

/* Asks who offers `service`, such as "_camrelay-audio._tcp.local", for an answer straight back.
 * Answers the bytes written; 0: not a name that can be asked for. */
size_t dnssd_write_query(const char *service, uint8_t out[DNSSD_QUERY_MAX]);

/* Calls `each` for every instance of `service` of which the packet tells the port. What is
 * malformed ends the reading; what was whole before it counts. */
void dnssd_read(const void *packet, size_t len, const char *service,
                void (*each)(void *ctx, const struct dnssd_service *found), void *ctx);
