#include "relay/logic/routes.h"

#include <string.h>

struct route_row {
    const char *path;
    const char *allow;
    const char *english;
    const char *korean;
};

static const struct route_row ROWS[ROUTE_COUNT] = {
#define ROUTE(id, path, allow, english, korean) {path, allow, english, korean},
#include "relay/logic/routes.def"
#undef ROUTE
};

enum route routes_find(struct slice path, struct slice *out_rest)
{
    *out_rest = (struct slice){0};
    for (unsigned r = 0; r < ROUTE_COUNT; r++) {
        struct slice row = slice_of(ROWS[r].path);
        if (slice_eq(path, row) && (row.len == 1 || row.ptr[row.len - 1] != '/'))
            return (enum route)r;
        bool below = row.len > 1 && row.ptr[row.len - 1] == '/' && path.len > row.len &&
                     memcmp(path.ptr, row.ptr, row.len) == 0;
        if (below) {
            *out_rest = (struct slice){path.ptr + row.len, path.len - row.len};
            return (enum route)r;
        }
    }
    return ROUTE_NONE;
}

const char *routes_path(enum route r)
{
    return ROWS[r].path;
}

const char *routes_allow(enum route r)
{
    return ROWS[r].allow;
}

bool routes_allows(enum route r, struct slice method)
{
    struct slice rest = slice_of(ROWS[r].allow);
    while (rest.len > 0) {
        struct slice one = slice_trim(slice_cut(rest, ',', &rest));
        if (slice_eq(one, method))
            return true;
    }
    return false;
}

const char *routes_about(enum route r, bool korean)
{
    return korean ? ROWS[r].korean : ROWS[r].english;
}
