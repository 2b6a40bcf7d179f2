#include "camera/port/board_esp.h"

#include "driver/gpio.h"
#include "sdkconfig.h"

static bool is_of_camera(const struct board *b, int pin)
{
    const int8_t pins[] = {b->pwdn,  b->reset, b->xclk, b->siod, b->sioc,
                           b->vsync, b->href,  b->pclk, b->lamp, b->button};
    for (unsigned i = 0; i < sizeof pins; i++) {
        if (pins[i] == pin)
            return true;
    }
    for (unsigned i = 0; i < sizeof b->data; i++) {
        if (b->data[i] == pin)
            return true;
    }
    return false;
}

/* Flash and PSRAM hang on these: a chip whose flash pins are taken from it crashes. */
static bool is_of_memory(int pin, bool psram)
{
#if CONFIG_IDF_TARGET_ESP32
    return (pin >= 6 && pin <= 11) || (psram && (pin == 16 || pin == 17));
#elif CONFIG_SPIRAM_MODE_OCT
    return (pin >= 26 && pin <= 32) || (psram && pin >= 33 && pin <= 37);
#else
    (void)psram;
    return pin >= 26 && pin <= 32;
#endif
}

const char *board_esp_pin_refusal(const struct board *b, int pin, bool psram, bool card)
{
    if (pin < 0)
        return NULL;
    if (!GPIO_IS_VALID_GPIO(pin))
        return "this chip has no such pin";
    if (is_of_camera(b, pin))
        return "that pin belongs to the camera on this board";
    if (is_of_memory(pin, psram))
        return "that pin belongs to flash or PSRAM";
    if (card && b->sd_1bit && (pin == 2 || pin == 14 || pin == 15))
        return "that pin belongs to the SD card";
    return NULL;
}
