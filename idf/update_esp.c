#include "idf/update_esp.h"

#include "esp_core_dump.h"
#include "esp_ota_ops.h"
#include "esp_partition.h"
#include "lib/port/log.h"
#include "sdkconfig.h"

static esp_ota_handle_t s_handle;
static const esp_partition_t *s_slot;
static bool s_confirmed;

static enum err from_esp(const char *step, esp_err_t rc)
{
    if (rc == ESP_OK)
        return ERR_OK;
    log_line(LOG_LEVEL_ERROR, "update step=%s err=0x%x", step, (unsigned)rc);
    return rc == ESP_ERR_OTA_VALIDATE_FAILED ? ERR_CORRUPT : ERR_IO;
}

const char *update_esp_refusal(void)
{
    if (esp_ota_get_app_partition_count() < 2)
        return "this partition table has one app slot; an update over the air needs two";
    return esp_ota_get_next_update_partition(NULL) == NULL ? "there is no free app slot" : NULL;
}

enum err update_esp_begin(void)
{
    s_slot = esp_ota_get_next_update_partition(NULL);
    if (s_slot == NULL)
        return ERR_INPUT;
    return from_esp("begin", esp_ota_begin(s_slot, OTA_SIZE_UNKNOWN, &s_handle));
}

enum err update_esp_write(const void *data, size_t len)
{
    return from_esp("write", esp_ota_write(s_handle, data, len));
}

enum err update_esp_finish(void)
{
    enum err e = from_esp("end", esp_ota_end(s_handle));
    return e == ERR_OK ? from_esp("boot", esp_ota_set_boot_partition(s_slot)) : e;
}

void update_esp_abort(void)
{
    (void)from_esp("abort", esp_ota_abort(s_handle)); /* nothing was made the boot slot */
}

bool update_esp_is_on_trial(void)
{
    esp_ota_img_states_t state;
    return !s_confirmed &&
           esp_ota_get_state_partition(esp_ota_get_running_partition(), &state) == ESP_OK &&
           state == ESP_OTA_IMG_PENDING_VERIFY;
}

void update_esp_confirm(void)
{
    if (s_confirmed)
        return;
    bool on_trial = update_esp_is_on_trial();
    s_confirmed = true;
    if (on_trial && from_esp("confirm", esp_ota_mark_app_valid_cancel_rollback()) == ERR_OK)
        log_line(LOG_LEVEL_INFO, "the new firmware proved itself and stays");
}

#if CONFIG_ESP_COREDUMP_ENABLE_TO_FLASH

static bool find_dump(size_t *out_address, size_t *out_size)
{
    return esp_core_dump_image_check() == ESP_OK &&
           esp_core_dump_image_get(out_address, out_size) == ESP_OK;
}

uint32_t update_esp_dump_bytes(void)
{
    size_t address = 0, size = 0;
    return find_dump(&address, &size) ? (uint32_t)size : 0;
}

enum err update_esp_dump_read(uint32_t offset, void *out, size_t len)
{
    const esp_partition_t *p = esp_partition_find_first(ESP_PARTITION_TYPE_DATA,
                                                        ESP_PARTITION_SUBTYPE_DATA_COREDUMP, NULL);
    size_t address = 0, size = 0;
    if (p == NULL || !find_dump(&address, &size) || offset > size || len > size - offset)
        return ERR_INPUT;
    return from_esp("dump", esp_partition_read(p, address - p->address + offset, out, len));
}

void update_esp_dump_erase(void)
{
    (void)from_esp("dump erase", esp_core_dump_image_erase()); /* else it is sent once more */
}

#else

uint32_t update_esp_dump_bytes(void)
{
    return 0;
}

enum err update_esp_dump_read(uint32_t offset, void *out, size_t len)
{
    (void)offset;
    (void)out;
    (void)len;
    return ERR_INPUT;
}

void update_esp_dump_erase(void)
{
}

#endif
