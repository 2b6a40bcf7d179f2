/* relay/port/uplink_curl.h - relay/logic/ports/uplink.h over libcurl's multi interface.
 *
 * HTTP/1.1 and TLS over kept-alive connections. Handles and buffers are reused: memory is bounded
 * by the transfers that were ever in flight together, some 150 KiB each. */
#pragma once

#include "relay/logic/ports/uplink.h"

struct uplink_curl;

/* ERR_FULL: no memory. Call it before other threads start: it initialises the library. */
CHECKED enum err uplink_curl_open(struct uplink_curl **out, struct uplink *out_uplink);
/* Ends every transfer. NULL is harmless. */
void uplink_curl_close(struct uplink_curl *u);
