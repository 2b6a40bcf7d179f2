/* Answers from the network: nothing is read beyond them, and what is found is well-formed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/dnssd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(void *ctx, const struct dnssd_service *found)
{
    (void)ctx;
    if (found->port == 0 || found->instance[0] == '\0' ||
        memchr(found->instance, 0, sizeof found->instance) == NULL ||
        memchr(found->path, 0, sizeof found->path) == NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dnssd_read(data, size, "_camrelay-audio._tcp.local", check, NULL);
    return 0;
}
