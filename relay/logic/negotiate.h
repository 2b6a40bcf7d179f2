/* relay/logic/negotiate.h - what a client accepts. */
#pragma once

#include <stdbool.h>

#include "lib/base/slice.h"

/* Accept-Encoding (RFC 9110 12.5.3): may the answer be gzipped? Absent or malformed: no. */
bool negotiate_gzip(struct slice accept_encoding);
