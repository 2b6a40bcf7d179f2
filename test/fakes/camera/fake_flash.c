#include "test/fakes/camera/fake_flash.h"

#include <string.h>

#include "test/unit/unit.h"

static void spend(struct fake_flash *f)
{
    f->spent++;
    if (f->power != UINT64_MAX)
        f->power--;
}

static enum err flash_read(void *ctx, uint32_t offset, void *out, size_t len)
{
    struct fake_flash *f = ctx;
    assert_true(offset + len <= f->flash.size_bytes);
    memcpy(out, f->bytes + offset, len);
    return ERR_OK;
}

static enum err flash_write(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct fake_flash *f = ctx;
    const uint8_t *from = data;
    assert_true(offset + len <= f->flash.size_bytes);
    assert_int_equal(len % 4, 0);
    int sector = (int)(offset / FAKE_FLASH_SECTOR);
    if (sector >= f->fail_writes_from && sector <= f->fail_writes_to)
        return ERR_IO;
    for (size_t i = 0; i < len; i++) {
        uint8_t old = f->bytes[offset + i], after = old & from[i];
        if (f->power == 0) {
            if (f->tear == FAKE_FLASH_TEAR_HALF)
                f->bytes[offset + i] = (uint8_t)(after | (old & 0x55));
            else if (f->tear == FAKE_FLASH_TEAR_BACK)
                f->bytes[offset + i] = after;
            longjmp(f->on_cut, 1);
        }
        if (after != from[i])
            fail_msg("a write wants to set bits at %u", (unsigned)(offset + i));
        f->bytes[offset + i] = after;
        spend(f);
    }
    return ERR_OK;
}

static enum err flash_erase(void *ctx, uint32_t offset)
{
    struct fake_flash *f = ctx;
    assert_int_equal(offset % FAKE_FLASH_SECTOR, 0);
    int sector = (int)(offset / FAKE_FLASH_SECTOR);
    if (sector >= f->fail_writes_from && sector <= f->fail_writes_to)
        return ERR_IO;
    if (f->power == 0) {
        uint32_t half = FAKE_FLASH_SECTOR / 2;
        if (f->tear == FAKE_FLASH_TEAR_HALF)
            memset(f->bytes + offset, 0xFF, half);
        else if (f->tear == FAKE_FLASH_TEAR_BACK)
            memset(f->bytes + offset + half, 0xFF, half);
        longjmp(f->on_cut, 1);
    }
    memset(f->bytes + offset, 0xFF, FAKE_FLASH_SECTOR);
    f->erased[sector]++;
    spend(f);
    return ERR_OK;
}

void fake_flash_init(struct fake_flash *f, uint32_t sectors)
{
    assert_true(sectors <= FAKE_FLASH_SECTORS_MAX);
    memset(f, 0, sizeof *f);
    memset(f->bytes, 0xFF, sizeof f->bytes);
    f->flash = (struct flash){.ctx = f,
                              .size_bytes = sectors * FAKE_FLASH_SECTOR,
                              .sector_bytes = FAKE_FLASH_SECTOR,
                              .read = flash_read,
                              .write = flash_write,
                              .erase = flash_erase};
    f->power = UINT64_MAX;
    f->fail_writes_from = f->fail_writes_to = -1;
}

void fake_flash_reboot(struct fake_flash *f)
{
    f->power = UINT64_MAX;
}

void fake_flash_flip(struct fake_flash *f, uint64_t bit)
{
    f->bytes[bit / 8] = (uint8_t)(f->bytes[bit / 8] ^ 1U << bit % 8);
}
