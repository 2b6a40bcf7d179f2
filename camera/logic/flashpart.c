#include "camera/logic/flashpart.h"

#include <assert.h>

static enum err part_read(void *ctx, uint32_t offset, void *out, size_t len)
{
    struct flashpart *p = ctx;
    assert(offset <= p->flash.size_bytes && len <= p->flash.size_bytes - offset);
    return p->whole->read(p->whole->ctx, p->base_bytes + offset, out, len);
}

static enum err part_write(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct flashpart *p = ctx;
    assert(offset <= p->flash.size_bytes && len <= p->flash.size_bytes - offset);
    return p->whole->write(p->whole->ctx, p->base_bytes + offset, data, len);
}

static enum err part_erase(void *ctx, uint32_t offset)
{
    struct flashpart *p = ctx;
    assert(offset < p->flash.size_bytes && offset % p->flash.sector_bytes == 0);
    return p->whole->erase(p->whole->ctx, p->base_bytes + offset);
}

void flashpart_init(struct flashpart *p, const struct flash *whole, uint32_t base_bytes,
                    uint32_t size_bytes)
{
    assert(base_bytes % whole->sector_bytes == 0 && size_bytes % whole->sector_bytes == 0);
    assert(base_bytes <= whole->size_bytes && size_bytes <= whole->size_bytes - base_bytes);
    p->whole = whole;
    p->base_bytes = base_bytes;
    p->flash = (struct flash){.ctx = p,
                              .size_bytes = size_bytes,
                              .sector_bytes = whole->sector_bytes,
                              .read = part_read,
                              .write = part_write,
                              .erase = part_erase};
}
