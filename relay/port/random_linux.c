#include "relay/port/random_linux.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    char *at = out;
    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);
        assert(n > 0 || errno == EINTR); /* it knows no other failure with these arguments */
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
}

struct random random_linux(void)
{
    return (struct random){NULL, fill};
}
