#include "camera/port/flash_esp.h"

#include "esp_partition.h"
#include "lib/port/log.h"

static enum err from_esp(const char *step, esp_err_t rc)
{
    if (rc == ESP_OK)
        return ERR_OK;
    log_line(LOG_LEVEL_ERROR, "queue partition step=%s err=0x%x", step, (unsigned)rc);
    return ERR_IO;
}

static enum err flash_read(void *ctx, uint32_t offset, void *out, size_t len)
{
    const struct flash_esp *f = ctx;
    return from_esp("read", esp_partition_read(f->partition, offset, out, len));
}

static enum err flash_write(void *ctx, uint32_t offset, const void *data, size_t len)
{
    const struct flash_esp *f = ctx;
    return from_esp("write", esp_partition_write(f->partition, offset, data, len));
}

static enum err flash_erase(void *ctx, uint32_t offset)
{
    const struct flash_esp *f = ctx;
    return from_esp("erase",
                    esp_partition_erase_range(f->partition, offset, f->flash.sector_bytes));
}

enum err flash_esp_open(struct flash_esp *f)
{
    static const char *const names[] = {"queue", "fr"};
    const esp_partition_t *p = NULL;
    for (unsigned i = 0; i < 2 && p == NULL; i++)
        p = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, names[i]);
    if (p == NULL || p->encrypted)
        return ERR_IO;
    f->partition = p;
    f->flash = (struct flash){.ctx = f,
                              .size_bytes = p->size,
                              .sector_bytes = p->erase_size,
                              .read = flash_read,
                              .write = flash_write,
                              .erase = flash_erase};
    return ERR_OK;
}
