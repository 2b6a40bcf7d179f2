#include "camera/port/sleep_esp.h"

#include "driver/gpio.h"
#include "driver/rtc_io.h"
#include "esp_idf_version.h"
#include "esp_sleep.h"
#include "esp_system.h"
#include "lib/port/log.h"
#include "soc/soc_caps.h"

bool sleep_esp_can_wake(int pin)
{
    return pin >= 0 && rtc_gpio_is_valid_gpio((gpio_num_t)pin);
}

static void arm_pin(int pin, int level)
{
    if (!sleep_esp_can_wake(pin))
        return;
    bool good = rtc_gpio_pullup_dis((gpio_num_t)pin) == ESP_OK &&
                rtc_gpio_pulldown_dis((gpio_num_t)pin) == ESP_OK &&
                (level == 0 ? rtc_gpio_pullup_en((gpio_num_t)pin)
                            : rtc_gpio_pulldown_en((gpio_num_t)pin)) == ESP_OK &&
                esp_sleep_enable_ext0_wakeup((gpio_num_t)pin, level) == ESP_OK;
    if (!good)
        log_line(LOG_LEVEL_WARN, "that pin cannot wake the camera pin=%d", pin);
}

static void hold_lamp(int lamp, bool active_low)
{
    if (lamp < 0)
        return;
    gpio_reset_pin((gpio_num_t)lamp);
    gpio_set_direction((gpio_num_t)lamp, GPIO_MODE_OUTPUT);
    gpio_set_level((gpio_num_t)lamp, active_low ? 1 : 0);
    gpio_hold_en((gpio_num_t)lamp);
#if !SOC_GPIO_SUPPORT_HOLD_SINGLE_IO_IN_DSLP
    gpio_deep_sleep_hold_en();
#endif
}

_Noreturn void sleep_esp_begin(const struct sleep_esp_plan *p)
{
    hold_lamp(p->lamp, p->lamp_active_low);
    arm_pin(p->pin, p->level);
    if (p->ms != UINT32_MAX)
        esp_sleep_enable_timer_wakeup((uint64_t)p->ms * 1000);
    esp_deep_sleep_start();
}

bool sleep_esp_woke(void)
{
    return esp_reset_reason() == ESP_RST_DEEPSLEEP;
}

bool sleep_esp_woke_by_pin(void)
{
    if (!sleep_esp_woke())
        return false;
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(6, 0, 0)
    return (esp_sleep_get_wakeup_causes() & 1U << ESP_SLEEP_WAKEUP_EXT0) != 0;
#else
    return esp_sleep_get_wakeup_cause() == ESP_SLEEP_WAKEUP_EXT0;
#endif
}

void sleep_esp_release_lamp(int lamp)
{
    if (lamp < 0 || !sleep_esp_woke())
        return;
#if !SOC_GPIO_SUPPORT_HOLD_SINGLE_IO_IN_DSLP
    gpio_deep_sleep_hold_dis();
#endif
    gpio_hold_dis((gpio_num_t)lamp);
}
