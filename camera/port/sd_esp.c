#include "camera/port/sd_esp.h"

#include <sys/stat.h>

#include "driver/sdmmc_host.h"
#include "esp_vfs_fat.h"
#include "lib/port/log.h"
#include "sdkconfig.h"
#include "soc/soc_caps.h"

#if SOC_SDMMC_HOST_SUPPORTED

#define QUEUE_PATH "/sd/queue.bin"

static enum err mount(void)
{
    sdmmc_host_t host = SDMMC_HOST_DEFAULT();
    host.flags = SDMMC_HOST_FLAG_1BIT;
    sdmmc_slot_config_t slot = SDMMC_SLOT_CONFIG_DEFAULT();
    slot.width = 1;
    const esp_vfs_fat_mount_config_t config = {.format_if_mount_failed = false, .max_files = 2};
    sdmmc_card_t *card = NULL;
    esp_err_t rc = esp_vfs_fat_sdmmc_mount("/sd", &host, &slot, &config, &card);
    if (rc != ESP_OK)
        log_line(LOG_LEVEL_INFO, "no SD card in use err=0x%x", (unsigned)rc);
    return rc == ESP_OK ? ERR_OK : ERR_IO;
}

enum err sd_esp_open(struct file_flash *f)
{
    enum err e = mount();
    uint64_t total = 0, room = 0;
    if (e == ERR_OK && esp_vfs_fat_info("/sd", &total, &room) != ESP_OK)
        e = ERR_IO;
    if (e != ERR_OK)
        return e;
    uint64_t size = room / 2;
    size = size < SD_ESP_QUEUE_BYTES ? size : SD_ESP_QUEUE_BYTES;
    struct stat st;
    if (stat(QUEUE_PATH, &st) == 0 && st.st_size > 0)
        size = (uint64_t)st.st_size; /* a queue that was begun keeps its size */
    return file_flash_open(f, QUEUE_PATH, (uint32_t)size, true);
}

#else

enum err sd_esp_open(struct file_flash *f)
{
    (void)f;
    return ERR_IO; /* this chip has no SD host */
}

#endif
