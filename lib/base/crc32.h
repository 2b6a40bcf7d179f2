/* lib/base/crc32.h - CRC-32 as Ethernet, zip and PNG use it (IEEE 802.3, polynomial 0xEDB88320,
 * reflected, all bits inverted at both ends). Finds accidents, not attackers. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The CRC of everything added so far and these bytes; begin with 0. "123456789" gives 0xCBF43926.
 */
uint32_t crc32_add(uint32_t crc, const void *data, size_t len);
