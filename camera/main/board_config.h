/* camera/main/board_config.h - which board this is. Take the // away from one line, or give the
 * model to the compiler (-DCAMERA_MODEL_...); ESP-IDF builds choose it in menuconfig. */
#pragma once

/* clang-format off */
#if !defined(CAMERA_MODEL_CHOSEN)
//#define CAMERA_MODEL_WROVER_KIT /* ESP32; the same as Freenove WROVER */
//#define CAMERA_MODEL_ESP_EYE /* ESP32 */
//#define CAMERA_MODEL_M5STACK_PSRAM /* ESP32; the same as Timer-CAM */
//#define CAMERA_MODEL_M5STACK_V2_PSRAM /* ESP32 */
//#define CAMERA_MODEL_M5STACK_WIDE /* ESP32; picture upside down and mirrored */
//#define CAMERA_MODEL_M5STACK_ESP32CAM /* ESP32 without PSRAM; upside down and mirrored */
//#define CAMERA_MODEL_M5STACK_UNITCAM /* ESP32 without PSRAM */
//#define CAMERA_MODEL_M5STACK_CAMS3_UNIT /* ESP32-S3; sensor PY260 */
#define CAMERA_MODEL_AI_THINKER /* ESP32; the lamp is GPIO 4, a red LED on 33 is lit by low */
//#define CAMERA_MODEL_TTGO_T_JOURNAL /* ESP32 without PSRAM */
//#define CAMERA_MODEL_XIAO_ESP32S3 /* ESP32-S3, octal PSRAM; the LED is lit by low */
//#define CAMERA_MODEL_ESP32_CAM_BOARD /* ESP32; see camera_pins.h for a swapped header */
//#define CAMERA_MODEL_ESP32S3_CAM_LCD /* ESP32-S3 */
//#define CAMERA_MODEL_ESP32S2_CAM_BOARD /* ESP32-S2; see camera_pins.h for the same */
//#define CAMERA_MODEL_ESP32S3_EYE /* ESP32-S3; also Freenove S3-WROOM, N16R8 */
//#define CAMERA_MODEL_DFRobot_FireBeetle2_ESP32S3 /* S3; wants an AXP313A told first: not yet */
//#define CAMERA_MODEL_DFRobot_Romeo_ESP32S3 /* ESP32-S3 */
//#define CAMERA_MODEL_TTGO_T_CAMERA_PLUS /* ESP32; untested */
//#define CAMERA_MODEL_NEW_ESPS3_RE1_0 /* S3, quad PSRAM only: LEDs on 33, 34; untested */
//#define CAMERA_MODEL_XENOIONEX /* ESP32-S3; untested */
//#define CAMERA_MODEL_UICPAL_ESP32 /* ESP32 without PSRAM; untested */
//#define CAMERA_MODEL_WAVESHARE_ESP32_S3_ETH /* ESP32-S3; untested */
//#define CAMERA_MODEL_DFROBOT_ESP32_S3_AI_CAM /* ESP32-S3; untested */
//#define CAMERA_MODEL_M5STACK_ATOMS3R_CAM /* ESP32-S3; untested */
//#define CAMERA_MODEL_M5STACK_POECAM_W /* ESP32; untested */
//#define CAMERA_MODEL_TTGO_T_CAMERA /* ESP32; untested */
//#define CAMERA_MODEL_ARDUCAM_ESP32S_UNO /* ESP32; untested */
#endif
/* clang-format on */

#include "camera_pins.h"

/* ---- what cannot work is said here, not on the bench ---- */

#include "sdkconfig.h"

#if CONFIG_IDF_TARGET_ESP32 && !defined(CAMERA_BOARD_CHIP_ESP32)
#error "this camera model has another chip; choose ESP32-S2 or ESP32-S3 as the target"
#endif
#if CONFIG_IDF_TARGET_ESP32S2 && !defined(CAMERA_BOARD_CHIP_ESP32S2)
#error "this camera model has no ESP32-S2"
#endif
#if CONFIG_IDF_TARGET_ESP32S3 && !defined(CAMERA_BOARD_CHIP_ESP32S3)
#error "this camera model has no ESP32-S3"
#endif

/* The ESP32 reaches its PSRAM through GPIO 16 and 17. */
#define CAMERA_BOARD_USES(pin)                                                                     \
    (PWDN_GPIO_NUM == (pin) || RESET_GPIO_NUM == (pin) || XCLK_GPIO_NUM == (pin) ||                \
     SIOD_GPIO_NUM == (pin) || SIOC_GPIO_NUM == (pin) || Y9_GPIO_NUM == (pin) ||                   \
     Y8_GPIO_NUM == (pin) || Y7_GPIO_NUM == (pin) || Y6_GPIO_NUM == (pin) ||                       \
     Y5_GPIO_NUM == (pin) || Y4_GPIO_NUM == (pin) || Y3_GPIO_NUM == (pin) ||                       \
     Y2_GPIO_NUM == (pin) || VSYNC_GPIO_NUM == (pin) || HREF_GPIO_NUM == (pin) ||                  \
     PCLK_GPIO_NUM == (pin) || LED_GPIO_NUM == (pin))

#if CONFIG_IDF_TARGET_ESP32 && CONFIG_SPIRAM && (CAMERA_BOARD_USES(16) || CAMERA_BOARD_USES(17))
#error "this board uses GPIO 16 or 17 for the camera: turn PSRAM off (it has none)"
#endif

/* Octal PSRAM of the ESP32-S3 owns GPIO 33 to 37. */
#if CONFIG_IDF_TARGET_ESP32S3 && CONFIG_SPIRAM_MODE_OCT &&                                         \
    (CAMERA_BOARD_USES(33) || CAMERA_BOARD_USES(34) || CAMERA_BOARD_USES(35) ||                    \
     CAMERA_BOARD_USES(36) || CAMERA_BOARD_USES(37))
#error "this board uses a pin of the octal PSRAM (33 to 37): it has quad PSRAM, choose that"
#endif

/* An SD card in 4-bit mode needs GPIO 4, where this board has its lamp. */
#if defined(CAMERA_BOARD_SD_1BIT) && defined(CAMERA_BOARD_SD_4BIT)
#error "lamp and SD card share GPIO 4: the card can be used in 1-bit mode only"
#endif

/* GPIO 0 gives the sensor its clock here: it cannot be a button while running. */
#if defined(CAMERA_BOARD_BUTTON_GPIO)
#if CAMERA_BOARD_USES(CAMERA_BOARD_BUTTON_GPIO)
#error "the button's pin belongs to the camera on this board"
#endif
#else
#define CAMERA_BOARD_BUTTON_GPIO -1
#endif

#ifndef CAMERA_BOARD_LED_ACTIVE_LOW
#define CAMERA_BOARD_LED_ACTIVE_LOW 0
#endif
#ifndef CAMERA_BOARD_SD_1BIT
#define CAMERA_BOARD_SD_1BIT 0
#endif
#ifndef CAMERA_BOARD_PULLUPS
#define CAMERA_BOARD_PULLUPS -1, -1
#endif
#ifndef CAMERA_BOARD_VFLIP
#define CAMERA_BOARD_VFLIP 0
#endif
#ifndef CAMERA_BOARD_HMIRROR
#define CAMERA_BOARD_HMIRROR 0
#endif

/* The board as struct board (camera/port/board.h). */
#define CAMERA_BOARD                                                                               \
    {                                                                                              \
        .name = CAMERA_BOARD_NAME, .pwdn = PWDN_GPIO_NUM, .reset = RESET_GPIO_NUM,                 \
        .xclk = XCLK_GPIO_NUM, .siod = SIOD_GPIO_NUM, .sioc = SIOC_GPIO_NUM,                       \
        .data = {Y2_GPIO_NUM, Y3_GPIO_NUM, Y4_GPIO_NUM, Y5_GPIO_NUM,                               \
                 Y6_GPIO_NUM, Y7_GPIO_NUM, Y8_GPIO_NUM, Y9_GPIO_NUM},                              \
        .vsync = VSYNC_GPIO_NUM, .href = HREF_GPIO_NUM, .pclk = PCLK_GPIO_NUM,                     \
        .lamp = LED_GPIO_NUM, .lamp_active_low = CAMERA_BOARD_LED_ACTIVE_LOW,                      \
        .button = CAMERA_BOARD_BUTTON_GPIO, .sd_1bit = CAMERA_BOARD_SD_1BIT,                       \
        .pullups = {CAMERA_BOARD_PULLUPS}, .vflip = CAMERA_BOARD_VFLIP,                            \
        .hmirror = CAMERA_BOARD_HMIRROR                                                            \
    }
