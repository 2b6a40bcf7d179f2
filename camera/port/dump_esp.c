#include "camera/port/dump_esp.h"

#include "idf/update_esp.h"

static uint32_t dump_bytes(void *ctx)
{
    (void)ctx;
    return update_esp_dump_bytes();
}

static enum err dump_read(void *ctx, uint32_t offset, void *out, size_t len)
{
    (void)ctx;
    return update_esp_dump_read(offset, out, len);
}

static void dump_erase(void *ctx)
{
    (void)ctx;
    update_esp_dump_erase();
}

struct dump dump_esp_open(void)
{
    return (struct dump){.bytes = dump_bytes, .read = dump_read, .erase = dump_erase};
}
