/* relay/logic/address.h - is this the text of an IP address? (RFC 4291 2.2, RFC 5952, dotted quad)
 */
#pragma once

#include <stdbool.h>

#include "lib/base/slice.h"

/* An IPv4 address (four numbers without leading zeros) or an IPv6 address (no zone, no brackets).
 */
bool address_is_ip(struct slice s);
bool address_is_ipv4(struct slice s);
bool address_is_ipv6(struct slice s);
