/* Whatever lies on the flash: the log mounts, hands out only what verifies, and goes on. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "camera/logic/photolog.h"
#include "camera/logic/tally.h"

enum { SECTOR = 512, SECTORS = 8, ENTRIES = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t s_bytes[SECTOR * SECTORS];

static enum err flash_read(void *ctx, uint32_t offset, void *out, size_t len)
{
    (void)ctx;
    assert(offset + len <= sizeof s_bytes);
    memcpy(out, s_bytes + offset, len);
    return ERR_OK;
}

static enum err flash_write(void *ctx, uint32_t offset, const void *from, size_t len)
{
    (void)ctx;
    assert(offset + len <= sizeof s_bytes);
    for (size_t i = 0; i < len; i++)
        s_bytes[offset + i] = (uint8_t)(s_bytes[offset + i] & ((const uint8_t *)from)[i]);
    return ERR_OK;
}

static enum err flash_erase(void *ctx, uint32_t offset)
{
    (void)ctx;
    memset(s_bytes + offset, 0xFF, SECTOR);
    return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct flash flash = {.size_bytes = sizeof s_bytes,
                                       .sector_bytes = SECTOR,
                                       .read = flash_read,
                                       .write = flash_write,
                                       .erase = flash_erase};
    static struct photolog_entry entries[ENTRIES];
    memset(s_bytes, 0xFF, sizeof s_bytes);
    memcpy(s_bytes, data, size < sizeof s_bytes ? size : sizeof s_bytes);
    struct tally t;
    if (tally_mount(&t, &flash) == ERR_OK)
        assert(t.slot < t.slots);
    struct photolog l;
    if (photolog_mount(&l, &flash, entries, ENTRIES) != ERR_OK)
        return 0;
    for (uint32_t i = 0; i < l.count; i++) {
        struct shot s;
        assert(l.entries[i].length_bytes <= SHOT_BYTES_MAX);
        if (photolog_verify(&l, &l.entries[i]) == ERR_OK)
            assert(photolog_load(&l, &l.entries[i], &s) == ERR_OK);
    }
    static const uint8_t photo[300] = {1, 2, 3};
    struct shot mine = {.boot = 1, .seq = 1, .length_bytes = sizeof photo};
    enum err e;
    while ((e = photolog_append(&l, &mine, photo)) == ERR_FULL && l.count > 0)
        (void)photolog_forget(&l, l.entries[0].at);
    assert(e == ERR_OK);
    assert(photolog_verify(&l, &l.entries[l.count - 1]) == ERR_OK);
    return 0;
}
