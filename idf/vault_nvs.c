#include "idf/vault_nvs.h"

#include "lib/port/log.h"
#include "nvs.h"
#include "nvs_flash.h"
#include "sdkconfig.h"

static enum err from_esp(const char *step, esp_err_t rc)
{
    if (rc == ESP_OK)
        return ERR_OK;
    log_line(LOG_LEVEL_ERROR, "vault step=%s err=0x%x", step, (unsigned)rc);
    return rc == ESP_ERR_NVS_NOT_ENOUGH_SPACE ? ERR_FULL : ERR_IO;
}

static enum err vault_get(void *ctx, const char *name, void *out, size_t cap, size_t *out_len)
{
    const struct vault_nvs *v = ctx;
    size_t len = cap;
    *out_len = 0;
    esp_err_t rc = nvs_get_blob(v->handle, name, out, &len);
    if (rc == ESP_ERR_NVS_NOT_FOUND)
        return ERR_OK;
    if (rc == ESP_ERR_NVS_INVALID_LENGTH)
        return ERR_LIMIT;
    if (rc == ESP_OK)
        *out_len = len;
    return from_esp("get", rc);
}

static enum err vault_put(void *ctx, const char *name, const void *data, size_t len)
{
    const struct vault_nvs *v = ctx;
    enum err e = from_esp("put", nvs_set_blob(v->handle, name, data, len));
    return e == ERR_OK ? from_esp("commit", nvs_commit(v->handle)) : e;
}

static enum err vault_clear(void *ctx)
{
    const struct vault_nvs *v = ctx;
    enum err e = from_esp("clear", nvs_erase_all(v->handle));
    return e == ERR_OK ? from_esp("commit", nvs_commit(v->handle)) : e;
}

enum err vault_nvs_open(struct vault_nvs *v, const char *space)
{
    esp_err_t rc = nvs_flash_init();
    if (rc == ESP_ERR_NVS_NO_FREE_PAGES || rc == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        log_line(LOG_LEVEL_WARN, "NVS cannot be read and is erased err=0x%x", (unsigned)rc);
        rc = nvs_flash_erase();
        if (rc == ESP_OK)
            rc = nvs_flash_init();
    }
    enum err e = from_esp("init", rc);
    nvs_handle_t handle = 0;
    if (e == ERR_OK)
        e = from_esp("open", nvs_open(space, NVS_READWRITE, &handle));
    v->handle = handle;
    v->vault = (struct vault){.ctx = v, .get = vault_get, .put = vault_put, .clear = vault_clear};
    return e;
}

const char *vault_nvs_note(void)
{
#if CONFIG_NVS_ENCRYPTION
    return "encrypted in flash";
#else
    return "not encrypted: who has the board can read them";
#endif
}
