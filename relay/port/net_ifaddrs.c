#include "relay/port/net_ifaddrs.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

static bool convert(const struct ifaddrs *i, int family, struct net_address *out)
{
    if (i->ifa_addr == NULL || i->ifa_addr->sa_family != family)
        return false;
    if ((i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0)
        return false;
    const void *address = &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
    if (family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *)i->ifa_addr;
        if (IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr))
            return false;
        address = &six->sin6_addr;
    }
    *out = (struct net_address){.is_ipv6 = family == AF_INET6};
    strncpy(out->interface, i->ifa_name, sizeof out->interface - 1);
    return inet_ntop(family, address, out->text, sizeof out->text) != NULL;
}

enum err net_addresses(struct net_address out[NET_ADDRESSES_MAX], size_t *out_count)
{
    static const int FAMILIES[] = {AF_INET, AF_INET6};
    struct ifaddrs *all;
    if (getifaddrs(&all) != 0)
        return ERR_IO;
    size_t count = 0;
    for (size_t f = 0; f < 2; f++) {
        for (const struct ifaddrs *i = all; i != NULL && count < NET_ADDRESSES_MAX; i = i->ifa_next)
            count += convert(i, FAMILIES[f], &out[count]);
    }
    freeifaddrs(all);
    *out_count = count;
    return ERR_OK;
}
