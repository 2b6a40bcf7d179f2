/* relay/port/net_ifaddrs.h - the addresses under which others reach this machine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

enum { NET_ADDRESSES_MAX = 16 };

struct net_address {
    char text[46]; /* without zone and brackets */
    char interface[16];
    bool is_ipv6;
};

/* Addresses of interfaces that are up, IPv4 first; without loopback, and without IPv6 link-local
 * ones, which need a zone that a camera cannot give. ERR_IO: the system does not tell. */
CHECKED enum err net_addresses(struct net_address out[NET_ADDRESSES_MAX], size_t *out_count);
