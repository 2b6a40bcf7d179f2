/* relay/logic/routes.h - which address is what, and which methods it takes (routes.def). */
#pragma once

#include <stdbool.h>

#include "lib/base/slice.h"

enum route {
#define ROUTE(id, path, allow, english, korean) ROUTE_##id,
#include "relay/logic/routes.def"
#undef ROUTE
    ROUTE_COUNT,
    ROUTE_NONE = ROUTE_COUNT, /* nothing is at this address */
};

/* `path` is percent-decoded. `*out_rest` is what stands behind a path that ends in '/'; it is not
 * empty then. */
enum route routes_find(struct slice path, struct slice *out_rest);

const char *routes_path(enum route r);
const char *routes_allow(enum route r);                /* "GET, HEAD, OPTIONS" */
bool routes_allows(enum route r, struct slice method); /* case counts, as in RFC 9110 9.1 */
const char *routes_about(enum route r, bool korean);   /* "" = not for the page */
