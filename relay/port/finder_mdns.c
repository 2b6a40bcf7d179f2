#include "relay/port/finder_mdns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/port/net_ifaddrs.h"

enum {
    PACKET_BYTES = 9000, /* RFC 6762 17 */
    PACKETS_AT_ONCE = 64,
    STANDARD_PORT = 5353,
};

struct finder_mdns {
    int fd;
    bool multicast;
    struct sockaddr_in to;
    char service[DNSSD_NAME_MAX];
    uint8_t query[DNSSD_QUERY_MAX];
    size_t query_len;
    uint8_t packet[PACKET_BYTES];
};

static bool send_query(const struct finder_mdns *f)
{
    return sendto(f->fd, f->query, f->query_len, MSG_DONTWAIT, (const struct sockaddr *)&f->to,
                  sizeof f->to) == (ssize_t)f->query_len;
}

/* The group is reached through one interface at a time. */
static bool send_everywhere(const struct finder_mdns *f)
{
    struct net_address addresses[NET_ADDRESSES_MAX];
    size_t count = 0;
    bool sent = false;
    if (net_addresses(addresses, &count) != ERR_OK)
        return send_query(f);
    for (size_t i = 0; i < count; i++) {
        struct in_addr interface;
        if (addresses[i].is_ipv6 || inet_pton(AF_INET, addresses[i].text, &interface) != 1 ||
            setsockopt(f->fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface) != 0)
            continue;
        sent = send_query(f) || sent;
    }
    return sent;
}

static enum err ask(void *ctx)
{
    const struct finder_mdns *f = ctx;
    return (f->multicast ? send_everywhere(f) : send_query(f)) ? ERR_OK : ERR_IO;
}

struct hearing {
    struct finder_found found;
    void (*each)(void *arg, const struct finder_found *found);
    void *arg;
};

static void on_service(void *ctx, const struct dnssd_service *service)
{
    struct hearing *h = ctx;
    h->found.service = *service;
    h->each(h->arg, &h->found);
}

static void hear(void *ctx, void (*each)(void *arg, const struct finder_found *found), void *arg)
{
    struct finder_mdns *f = ctx;
    struct hearing h = {.each = each, .arg = arg};
    for (unsigned i = 0; i < PACKETS_AT_ONCE; i++) {
        struct sockaddr_in from;
        socklen_t len = sizeof from;
        ssize_t n = recvfrom(f->fd, f->packet, sizeof f->packet, MSG_DONTWAIT,
                             (struct sockaddr *)&from, &len);
        if (n < 0)
            return;
        if (inet_ntop(AF_INET, &from.sin_addr, h.found.address, sizeof h.found.address) != NULL)
            dnssd_read(f->packet, (size_t)n, f->service, on_service, &h);
    }
}

enum err finder_mdns_open(const char *service, const char *address, uint16_t port,
                          struct finder_mdns **out, struct finder *out_calls)
{
    struct finder_mdns *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_FULL;
    snprintf(f->service, sizeof f->service, "%s", service);
    f->multicast = address == NULL;
    f->query_len = dnssd_write_query(service, f->query);
    f->to = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_port = htons(f->multicast ? STANDARD_PORT : port)};
    if (f->query_len == 0 ||
        inet_pton(AF_INET, f->multicast ? "224.0.0.251" : address, &f->to.sin_addr) != 1) {
        free(f);
        return ERR_INPUT;
    }
    int ttl = 255;
    f->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (f->fd < 0 ||
        setsockopt(f->fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, (socklen_t)sizeof ttl) != 0) {
        finder_mdns_close(f);
        return ERR_IO;
    }
    *out = f;
    *out_calls = (struct finder){f, ask, hear};
    return ERR_OK;
}

void finder_mdns_close(struct finder_mdns *f)
{
    if (f == NULL)
        return;
    if (f->fd >= 0)
        (void)close(f->fd);
    free(f);
}
