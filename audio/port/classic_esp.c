#include "audio/port/classic_esp.h"

#include "sdkconfig.h"

#if CONFIG_BT_CLASSIC_ENABLED

#include "esp_bt.h"
#include "esp_bt_main.h"
#include "esp_gap_bt_api.h"
#include "lib/port/log.h"

static esp_err_t start_stack(const char *name)
{
    esp_bt_controller_config_t config = BT_CONTROLLER_INIT_CONFIG_DEFAULT();
    esp_err_t rc = esp_bt_controller_mem_release(ESP_BT_MODE_BLE);
    if (rc == ESP_OK)
        rc = esp_bt_controller_init(&config);
    if (rc == ESP_OK)
        rc = esp_bt_controller_enable(ESP_BT_MODE_CLASSIC_BT);
    if (rc == ESP_OK)
        rc = esp_bluedroid_init();
    if (rc == ESP_OK)
        rc = esp_bluedroid_enable();
    if (rc == ESP_OK)
        rc = esp_bt_gap_set_device_name(name);
    return rc;
}

/* There is neither a display nor a key: "just works" (Core specification, Vol 3 Part C, 5.2.2.4).
 */
static esp_err_t allow_pairing(bool visible)
{
    esp_bt_io_cap_t nothing = ESP_BT_IO_CAP_NONE;
    esp_bt_pin_code_t pin = {'0', '0', '0', '0'};
    esp_err_t rc = esp_bt_gap_set_security_param(ESP_BT_SP_IOCAP_MODE, &nothing, sizeof nothing);
    /* Old speakers know only this number; nobody pairs with us by it, for we are not visible then.
     */
    if (rc == ESP_OK && !visible)
        rc = esp_bt_gap_set_pin(ESP_BT_PIN_TYPE_FIXED, 4, pin);
    if (rc == ESP_OK)
        rc = esp_bt_gap_set_scan_mode(ESP_BT_CONNECTABLE, visible ? ESP_BT_GENERAL_DISCOVERABLE
                                                                  : ESP_BT_NON_DISCOVERABLE);
    return rc;
}

enum err classic_esp_start(const char *name, bool visible)
{
    esp_err_t rc = start_stack(name);
    if (rc == ESP_OK)
        rc = allow_pairing(visible);
    if (rc == ESP_OK)
        return ERR_OK;
    log_line(LOG_LEVEL_ERROR, "Bluetooth does not start code=%d", (int)rc);
    return ERR_IO;
}

#else /* a chip without Bluetooth Classic, or a build without it */

enum err classic_esp_start(const char *name, bool visible)
{
    (void)name;
    (void)visible;
    return ERR_IO;
}

#endif
