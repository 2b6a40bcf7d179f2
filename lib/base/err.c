#include "lib/base/err.h"

const char *err_name(enum err e)
{
    switch (e) {
    case ERR_OK: return "ok";
    case ERR_INPUT: return "input";
    case ERR_LIMIT: return "limit";
    case ERR_FULL: return "full";
    case ERR_IO: return "io";
    case ERR_CORRUPT: return "corrupt";
    case ERR_BUSY: return "busy";
    }
    return "unknown";
}
