/* camera/main/camera_pins.h - the pins of every board, one block per model, all facts from the
 * boards' makers and the examples of their cores. -1: not wired.
 *
 * Included by board_config.h only. Models marked "untested" come from other firmwares and have not
 * been seen working with this one. docs/hardware.md says which boards have. */
#pragma once

#if defined(CAMERA_MODEL_WROVER_KIT)
/* ESP32; the same as Freenove WROVER */
#define CAMERA_BOARD_NAME "WROVER_KIT"
#define CAMERA_BOARD_BUTTON_GPIO 0 /* BOOT */
#define CAMERA_BOARD_CHIP_ESP32 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 21
#define SIOD_GPIO_NUM 26
#define SIOC_GPIO_NUM 27
#define Y9_GPIO_NUM 35
#define Y8_GPIO_NUM 34
#define Y7_GPIO_NUM 39
#define Y6_GPIO_NUM 36
#define Y5_GPIO_NUM 19
#define Y4_GPIO_NUM 18
#define Y3_GPIO_NUM 5
#define Y2_GPIO_NUM 4
#define VSYNC_GPIO_NUM 25
#define HREF_GPIO_NUM 23
#define PCLK_GPIO_NUM 22
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_ESP_EYE)
/* ESP32; GPIO 13 and 14 want input pull-ups */
#define CAMERA_BOARD_NAME "ESP_EYE"
#define CAMERA_BOARD_BUTTON_GPIO 0 /* BOOT */
#define CAMERA_BOARD_PULLUPS 13, 14
#define CAMERA_BOARD_CHIP_ESP32 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 4
#define SIOD_GPIO_NUM 18
#define SIOC_GPIO_NUM 23
#define Y9_GPIO_NUM 36
#define Y8_GPIO_NUM 37
#define Y7_GPIO_NUM 38
#define Y6_GPIO_NUM 39
#define Y5_GPIO_NUM 35
#define Y4_GPIO_NUM 14
#define Y3_GPIO_NUM 13
#define Y2_GPIO_NUM 34
#define VSYNC_GPIO_NUM 5
#define HREF_GPIO_NUM 27
#define PCLK_GPIO_NUM 25
#define LED_GPIO_NUM 22

#elif defined(CAMERA_MODEL_M5STACK_PSRAM)
/* ESP32; the same as Timer-CAM */
#define CAMERA_BOARD_NAME "M5STACK_PSRAM"
#define CAMERA_BOARD_CHIP_ESP32 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM 15
#define XCLK_GPIO_NUM 27
#define SIOD_GPIO_NUM 25
#define SIOC_GPIO_NUM 23
#define Y9_GPIO_NUM 19
#define Y8_GPIO_NUM 36
#define Y7_GPIO_NUM 18
#define Y6_GPIO_NUM 39
#define Y5_GPIO_NUM 5
#define Y4_GPIO_NUM 34
#define Y3_GPIO_NUM 35
#define Y2_GPIO_NUM 32
#define VSYNC_GPIO_NUM 22
#define HREF_GPIO_NUM 26
#define PCLK_GPIO_NUM 21
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_M5STACK_V2_PSRAM)
/* ESP32 */
#define CAMERA_BOARD_NAME "M5STACK_V2_PSRAM"
#define CAMERA_BOARD_CHIP_ESP32 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM 15
#define XCLK_GPIO_NUM 27
#define SIOD_GPIO_NUM 22
#define SIOC_GPIO_NUM 23
#define Y9_GPIO_NUM 19
#define Y8_GPIO_NUM 36
#define Y7_GPIO_NUM 18
#define Y6_GPIO_NUM 39
#define Y5_GPIO_NUM 5
#define Y4_GPIO_NUM 34
#define Y3_GPIO_NUM 35
#define Y2_GPIO_NUM 32
#define VSYNC_GPIO_NUM 25
#define HREF_GPIO_NUM 26
#define PCLK_GPIO_NUM 21
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_M5STACK_WIDE)
/* ESP32; picture upside down and mirrored */
#define CAMERA_BOARD_NAME "M5STACK_WIDE"
#define CAMERA_BOARD_CHIP_ESP32 1
#define CAMERA_BOARD_VFLIP 1
#define CAMERA_BOARD_HMIRROR 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM 15
#define XCLK_GPIO_NUM 27
#define SIOD_GPIO_NUM 22
#define SIOC_GPIO_NUM 23
#define Y9_GPIO_NUM 19
#define Y8_GPIO_NUM 36
#define Y7_GPIO_NUM 18
#define Y6_GPIO_NUM 39
#define Y5_GPIO_NUM 5
#define Y4_GPIO_NUM 34
#define Y3_GPIO_NUM 35
#define Y2_GPIO_NUM 32
#define VSYNC_GPIO_NUM 25
#define HREF_GPIO_NUM 26
#define PCLK_GPIO_NUM 21
#define LED_GPIO_NUM 2

#elif defined(CAMERA_MODEL_M5STACK_ESP32CAM)
/* ESP32 without PSRAM; upside down and mirrored */
#define CAMERA_BOARD_NAME "M5STACK_ESP32CAM"
#define CAMERA_BOARD_CHIP_ESP32 1
#define CAMERA_BOARD_NO_PSRAM 1
#define CAMERA_BOARD_VFLIP 1
#define CAMERA_BOARD_HMIRROR 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM 15
#define XCLK_GPIO_NUM 27
#define SIOD_GPIO_NUM 25
#define SIOC_GPIO_NUM 23
#define Y9_GPIO_NUM 19
#define Y8_GPIO_NUM 36
#define Y7_GPIO_NUM 18
#define Y6_GPIO_NUM 39
#define Y5_GPIO_NUM 5
#define Y4_GPIO_NUM 34
#define Y3_GPIO_NUM 35
#define Y2_GPIO_NUM 17
#define VSYNC_GPIO_NUM 22
#define HREF_GPIO_NUM 26
#define PCLK_GPIO_NUM 21
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_M5STACK_UNITCAM)
/* ESP32 without PSRAM */
#define CAMERA_BOARD_NAME "M5STACK_UNITCAM"
#define CAMERA_BOARD_CHIP_ESP32 1
#define CAMERA_BOARD_NO_PSRAM 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM 15
#define XCLK_GPIO_NUM 27
#define SIOD_GPIO_NUM 25
#define SIOC_GPIO_NUM 23
#define Y9_GPIO_NUM 19
#define Y8_GPIO_NUM 36
#define Y7_GPIO_NUM 18
#define Y6_GPIO_NUM 39
#define Y5_GPIO_NUM 5
#define Y4_GPIO_NUM 34
#define Y3_GPIO_NUM 35
#define Y2_GPIO_NUM 32
#define VSYNC_GPIO_NUM 22
#define HREF_GPIO_NUM 26
#define PCLK_GPIO_NUM 21
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_M5STACK_CAMS3_UNIT)
/* ESP32-S3; sensor PY260 */
#define CAMERA_BOARD_NAME "M5STACK_CAMS3_UNIT"
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM 21
#define XCLK_GPIO_NUM 11
#define SIOD_GPIO_NUM 17
#define SIOC_GPIO_NUM 41
#define Y9_GPIO_NUM 13
#define Y8_GPIO_NUM 4
#define Y7_GPIO_NUM 10
#define Y6_GPIO_NUM 5
#define Y5_GPIO_NUM 7
#define Y4_GPIO_NUM 16
#define Y3_GPIO_NUM 15
#define Y2_GPIO_NUM 6
#define VSYNC_GPIO_NUM 42
#define HREF_GPIO_NUM 18
#define PCLK_GPIO_NUM 12
#define LED_GPIO_NUM 14

#elif defined(CAMERA_MODEL_AI_THINKER)
/* ESP32; the lamp is GPIO 4, a red LED on 33 is lit by low */
#define CAMERA_BOARD_NAME "AI_THINKER"
#define CAMERA_BOARD_CHIP_ESP32 1
#define CAMERA_BOARD_SD_1BIT 1
#define PWDN_GPIO_NUM 32
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 0
#define SIOD_GPIO_NUM 26
#define SIOC_GPIO_NUM 27
#define Y9_GPIO_NUM 35
#define Y8_GPIO_NUM 34
#define Y7_GPIO_NUM 39
#define Y6_GPIO_NUM 36
#define Y5_GPIO_NUM 21
#define Y4_GPIO_NUM 19
#define Y3_GPIO_NUM 18
#define Y2_GPIO_NUM 5
#define VSYNC_GPIO_NUM 25
#define HREF_GPIO_NUM 23
#define PCLK_GPIO_NUM 22
#define LED_GPIO_NUM 4

#elif defined(CAMERA_MODEL_TTGO_T_JOURNAL)
/* ESP32 without PSRAM */
#define CAMERA_BOARD_NAME "TTGO_T_JOURNAL"
#define CAMERA_BOARD_CHIP_ESP32 1
#define CAMERA_BOARD_NO_PSRAM 1
#define PWDN_GPIO_NUM 0
#define RESET_GPIO_NUM 15
#define XCLK_GPIO_NUM 27
#define SIOD_GPIO_NUM 25
#define SIOC_GPIO_NUM 23
#define Y9_GPIO_NUM 19
#define Y8_GPIO_NUM 36
#define Y7_GPIO_NUM 18
#define Y6_GPIO_NUM 39
#define Y5_GPIO_NUM 5
#define Y4_GPIO_NUM 34
#define Y3_GPIO_NUM 35
#define Y2_GPIO_NUM 17
#define VSYNC_GPIO_NUM 22
#define HREF_GPIO_NUM 26
#define PCLK_GPIO_NUM 21
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_XIAO_ESP32S3)
/* ESP32-S3, octal PSRAM; the LED is lit by low */
#define CAMERA_BOARD_NAME "XIAO_ESP32S3"
#define CAMERA_BOARD_BUTTON_GPIO 0 /* BOOT */
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define CAMERA_BOARD_LED_ACTIVE_LOW 1
#define CAMERA_BOARD_OCTAL_PSRAM 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 10
#define SIOD_GPIO_NUM 40
#define SIOC_GPIO_NUM 39
#define Y9_GPIO_NUM 48
#define Y8_GPIO_NUM 11
#define Y7_GPIO_NUM 12
#define Y6_GPIO_NUM 14
#define Y5_GPIO_NUM 16
#define Y4_GPIO_NUM 18
#define Y3_GPIO_NUM 17
#define Y2_GPIO_NUM 15
#define VSYNC_GPIO_NUM 38
#define HREF_GPIO_NUM 47
#define PCLK_GPIO_NUM 13
#define LED_GPIO_NUM 21

#elif defined(CAMERA_MODEL_ESP32_CAM_BOARD)
/* ESP32; define CAMERA_BOARD_SWAPPED_HEADER if 13 and 35 are swapped */
#define CAMERA_BOARD_NAME "ESP32_CAM_BOARD"
#define CAMERA_BOARD_CHIP_ESP32 1
#ifdef CAMERA_BOARD_SWAPPED_HEADER
#define Y5_GPIO_NUM 13
#define Y3_GPIO_NUM 35
#else
#define Y5_GPIO_NUM 35
#define Y3_GPIO_NUM 13
#endif
#define PWDN_GPIO_NUM 32
#define RESET_GPIO_NUM 33
#define XCLK_GPIO_NUM 4
#define SIOD_GPIO_NUM 18
#define SIOC_GPIO_NUM 23
#define Y9_GPIO_NUM 36
#define Y8_GPIO_NUM 19
#define Y7_GPIO_NUM 21
#define Y6_GPIO_NUM 39
#define Y4_GPIO_NUM 14
#define Y2_GPIO_NUM 34
#define VSYNC_GPIO_NUM 5
#define HREF_GPIO_NUM 27
#define PCLK_GPIO_NUM 25
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_ESP32S3_CAM_LCD)
/* ESP32-S3 */
#define CAMERA_BOARD_NAME "ESP32S3_CAM_LCD"
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 40
#define SIOD_GPIO_NUM 17
#define SIOC_GPIO_NUM 18
#define Y9_GPIO_NUM 39
#define Y8_GPIO_NUM 41
#define Y7_GPIO_NUM 42
#define Y6_GPIO_NUM 12
#define Y5_GPIO_NUM 3
#define Y4_GPIO_NUM 14
#define Y3_GPIO_NUM 47
#define Y2_GPIO_NUM 13
#define VSYNC_GPIO_NUM 21
#define HREF_GPIO_NUM 38
#define PCLK_GPIO_NUM 11
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_ESP32S2_CAM_BOARD)
/* ESP32-S2; define CAMERA_BOARD_SWAPPED_HEADER if 12 and 13 are swapped */
#define CAMERA_BOARD_NAME "ESP32S2_CAM_BOARD"
#define CAMERA_BOARD_CHIP_ESP32S2 1
#ifdef CAMERA_BOARD_SWAPPED_HEADER
#define Y5_GPIO_NUM 12
#define Y3_GPIO_NUM 13
#else
#define Y5_GPIO_NUM 13
#define Y3_GPIO_NUM 12
#endif
#define PWDN_GPIO_NUM 1
#define RESET_GPIO_NUM 2
#define XCLK_GPIO_NUM 42
#define SIOD_GPIO_NUM 41
#define SIOC_GPIO_NUM 18
#define Y9_GPIO_NUM 16
#define Y8_GPIO_NUM 39
#define Y7_GPIO_NUM 40
#define Y6_GPIO_NUM 15
#define Y4_GPIO_NUM 5
#define Y2_GPIO_NUM 14
#define VSYNC_GPIO_NUM 38
#define HREF_GPIO_NUM 4
#define PCLK_GPIO_NUM 3
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_ESP32S3_EYE)
/* ESP32-S3; the same as Freenove S3-WROOM and ESP32-S3-CAM N16R8; upside down */
#define CAMERA_BOARD_NAME "ESP32S3_EYE"
#define CAMERA_BOARD_BUTTON_GPIO 0 /* BOOT */
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define CAMERA_BOARD_VFLIP 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 15
#define SIOD_GPIO_NUM 4
#define SIOC_GPIO_NUM 5
#define Y9_GPIO_NUM 16
#define Y8_GPIO_NUM 17
#define Y7_GPIO_NUM 18
#define Y6_GPIO_NUM 12
#define Y5_GPIO_NUM 10
#define Y4_GPIO_NUM 8
#define Y3_GPIO_NUM 9
#define Y2_GPIO_NUM 11
#define VSYNC_GPIO_NUM 6
#define HREF_GPIO_NUM 7
#define PCLK_GPIO_NUM 13
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_DFRobot_FireBeetle2_ESP32S3)
/* ESP32-S3; the camera's power (AXP313A) must be switched on first */
#define CAMERA_BOARD_NAME "DFRobot_FireBeetle2_ESP32S3"
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 45
#define SIOD_GPIO_NUM 1
#define SIOC_GPIO_NUM 2
#define Y9_GPIO_NUM 48
#define Y8_GPIO_NUM 46
#define Y7_GPIO_NUM 8
#define Y6_GPIO_NUM 7
#define Y5_GPIO_NUM 4
#define Y4_GPIO_NUM 41
#define Y3_GPIO_NUM 40
#define Y2_GPIO_NUM 39
#define VSYNC_GPIO_NUM 6
#define HREF_GPIO_NUM 42
#define PCLK_GPIO_NUM 5
#define LED_GPIO_NUM 21

#elif defined(CAMERA_MODEL_DFRobot_Romeo_ESP32S3)
/* ESP32-S3 */
#define CAMERA_BOARD_NAME "DFRobot_Romeo_ESP32S3"
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 45
#define SIOD_GPIO_NUM 1
#define SIOC_GPIO_NUM 2
#define Y9_GPIO_NUM 48
#define Y8_GPIO_NUM 46
#define Y7_GPIO_NUM 8
#define Y6_GPIO_NUM 7
#define Y5_GPIO_NUM 4
#define Y4_GPIO_NUM 41
#define Y3_GPIO_NUM 40
#define Y2_GPIO_NUM 39
#define VSYNC_GPIO_NUM 6
#define HREF_GPIO_NUM 42
#define PCLK_GPIO_NUM 5
#define LED_GPIO_NUM 21

#elif defined(CAMERA_MODEL_TTGO_T_CAMERA_PLUS)
/* ESP32; untested */
#define CAMERA_BOARD_NAME "TTGO_T_CAMERA_PLUS"
#define CAMERA_BOARD_CHIP_ESP32 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 4
#define SIOD_GPIO_NUM 18
#define SIOC_GPIO_NUM 23
#define Y9_GPIO_NUM 36
#define Y8_GPIO_NUM 37
#define Y7_GPIO_NUM 38
#define Y6_GPIO_NUM 39
#define Y5_GPIO_NUM 35
#define Y4_GPIO_NUM 26
#define Y3_GPIO_NUM 13
#define Y2_GPIO_NUM 34
#define VSYNC_GPIO_NUM 5
#define HREF_GPIO_NUM 27
#define PCLK_GPIO_NUM 25
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_NEW_ESPS3_RE1_0)
/* ESP32-S3, quad PSRAM only: LEDs on 33 and 34; untested */
#define CAMERA_BOARD_NAME "NEW_ESPS3_RE1_0"
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 10
#define SIOD_GPIO_NUM 21
#define SIOC_GPIO_NUM 14
#define Y9_GPIO_NUM 11
#define Y8_GPIO_NUM 9
#define Y7_GPIO_NUM 8
#define Y6_GPIO_NUM 6
#define Y5_GPIO_NUM 4
#define Y4_GPIO_NUM 2
#define Y3_GPIO_NUM 3
#define Y2_GPIO_NUM 5
#define VSYNC_GPIO_NUM 13
#define HREF_GPIO_NUM 12
#define PCLK_GPIO_NUM 7
#define LED_GPIO_NUM 34

#elif defined(CAMERA_MODEL_XENOIONEX)
/* ESP32-S3; untested */
#define CAMERA_BOARD_NAME "XENOIONEX"
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 1
#define SIOD_GPIO_NUM 8
#define SIOC_GPIO_NUM 9
#define Y9_GPIO_NUM 3
#define Y8_GPIO_NUM 18
#define Y7_GPIO_NUM 42
#define Y6_GPIO_NUM 16
#define Y5_GPIO_NUM 41
#define Y4_GPIO_NUM 17
#define Y3_GPIO_NUM 40
#define Y2_GPIO_NUM 39
#define VSYNC_GPIO_NUM 45
#define HREF_GPIO_NUM 38
#define PCLK_GPIO_NUM 2
#define LED_GPIO_NUM 48

#elif defined(CAMERA_MODEL_UICPAL_ESP32)
/* ESP32 without PSRAM; untested */
#define CAMERA_BOARD_NAME "UICPAL_ESP32"
#define CAMERA_BOARD_CHIP_ESP32 1
#define CAMERA_BOARD_NO_PSRAM 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM 5
#define XCLK_GPIO_NUM 15
#define SIOD_GPIO_NUM 21
#define SIOC_GPIO_NUM 22
#define Y9_GPIO_NUM 2
#define Y8_GPIO_NUM 13
#define Y7_GPIO_NUM 12
#define Y6_GPIO_NUM 32
#define Y5_GPIO_NUM 25
#define Y4_GPIO_NUM 27
#define Y3_GPIO_NUM 26
#define Y2_GPIO_NUM 33
#define VSYNC_GPIO_NUM 17
#define HREF_GPIO_NUM 16
#define PCLK_GPIO_NUM 14
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_WAVESHARE_ESP32_S3_ETH)
/* ESP32-S3; untested */
#define CAMERA_BOARD_NAME "WAVESHARE_ESP32_S3_ETH"
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define PWDN_GPIO_NUM 8
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 3
#define SIOD_GPIO_NUM 48
#define SIOC_GPIO_NUM 47
#define Y9_GPIO_NUM 18
#define Y8_GPIO_NUM 15
#define Y7_GPIO_NUM 38
#define Y6_GPIO_NUM 40
#define Y5_GPIO_NUM 42
#define Y4_GPIO_NUM 46
#define Y3_GPIO_NUM 45
#define Y2_GPIO_NUM 41
#define VSYNC_GPIO_NUM 1
#define HREF_GPIO_NUM 2
#define PCLK_GPIO_NUM 39
#define LED_GPIO_NUM 21

#elif defined(CAMERA_MODEL_DFROBOT_ESP32_S3_AI_CAM)
/* ESP32-S3; untested */
#define CAMERA_BOARD_NAME "DFROBOT_ESP32_S3_AI_CAM"
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 5
#define SIOD_GPIO_NUM 8
#define SIOC_GPIO_NUM 9
#define Y9_GPIO_NUM 4
#define Y8_GPIO_NUM 6
#define Y7_GPIO_NUM 7
#define Y6_GPIO_NUM 14
#define Y5_GPIO_NUM 17
#define Y4_GPIO_NUM 21
#define Y3_GPIO_NUM 18
#define Y2_GPIO_NUM 16
#define VSYNC_GPIO_NUM 1
#define HREF_GPIO_NUM 2
#define PCLK_GPIO_NUM 15
#define LED_GPIO_NUM 3

#elif defined(CAMERA_MODEL_M5STACK_ATOMS3R_CAM)
/* ESP32-S3; untested */
#define CAMERA_BOARD_NAME "M5STACK_ATOMS3R_CAM"
#define CAMERA_BOARD_CHIP_ESP32S3 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 21
#define SIOD_GPIO_NUM 12
#define SIOC_GPIO_NUM 9
#define Y9_GPIO_NUM 13
#define Y8_GPIO_NUM 11
#define Y7_GPIO_NUM 17
#define Y6_GPIO_NUM 4
#define Y5_GPIO_NUM 48
#define Y4_GPIO_NUM 46
#define Y3_GPIO_NUM 42
#define Y2_GPIO_NUM 3
#define VSYNC_GPIO_NUM 10
#define HREF_GPIO_NUM 14
#define PCLK_GPIO_NUM 40
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_M5STACK_POECAM_W)
/* ESP32; untested */
#define CAMERA_BOARD_NAME "M5STACK_POECAM_W"
#define CAMERA_BOARD_CHIP_ESP32 1
#define PWDN_GPIO_NUM -1
#define RESET_GPIO_NUM 15
#define XCLK_GPIO_NUM 27
#define SIOD_GPIO_NUM 14
#define SIOC_GPIO_NUM 12
#define Y9_GPIO_NUM 19
#define Y8_GPIO_NUM 36
#define Y7_GPIO_NUM 18
#define Y6_GPIO_NUM 39
#define Y5_GPIO_NUM 5
#define Y4_GPIO_NUM 34
#define Y3_GPIO_NUM 35
#define Y2_GPIO_NUM 32
#define VSYNC_GPIO_NUM 22
#define HREF_GPIO_NUM 26
#define PCLK_GPIO_NUM 21
#define LED_GPIO_NUM 0

#elif defined(CAMERA_MODEL_TTGO_T_CAMERA)
/* ESP32; untested */
#define CAMERA_BOARD_NAME "TTGO_T_CAMERA"
#define CAMERA_BOARD_CHIP_ESP32 1
#define PWDN_GPIO_NUM 26
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 32
#define SIOD_GPIO_NUM 13
#define SIOC_GPIO_NUM 12
#define Y9_GPIO_NUM 39
#define Y8_GPIO_NUM 36
#define Y7_GPIO_NUM 23
#define Y6_GPIO_NUM 18
#define Y5_GPIO_NUM 15
#define Y4_GPIO_NUM 4
#define Y3_GPIO_NUM 14
#define Y2_GPIO_NUM 5
#define VSYNC_GPIO_NUM 27
#define HREF_GPIO_NUM 25
#define PCLK_GPIO_NUM 19
#define LED_GPIO_NUM -1

#elif defined(CAMERA_MODEL_ARDUCAM_ESP32S_UNO)
/* ESP32; untested */
#define CAMERA_BOARD_NAME "ARDUCAM_ESP32S_UNO"
#define CAMERA_BOARD_CHIP_ESP32 1
#define PWDN_GPIO_NUM 32
#define RESET_GPIO_NUM -1
#define XCLK_GPIO_NUM 0
#define SIOD_GPIO_NUM 26
#define SIOC_GPIO_NUM 27
#define Y9_GPIO_NUM 35
#define Y8_GPIO_NUM 34
#define Y7_GPIO_NUM 39
#define Y6_GPIO_NUM 36
#define Y5_GPIO_NUM 21
#define Y4_GPIO_NUM 19
#define Y3_GPIO_NUM 18
#define Y2_GPIO_NUM 5
#define VSYNC_GPIO_NUM 25
#define HREF_GPIO_NUM 23
#define PCLK_GPIO_NUM 22
#define LED_GPIO_NUM 2

#else
#error "choose a camera model in board_config.h"
#endif
