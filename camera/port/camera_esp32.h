/* camera/port/camera_esp32.h - struct sensor over esp32-camera, with the lamp and the power pin.
 *
 * The driver is told that there is no power pin: its own pulse is too short to reset a sensor, so
 * the pin is driven here. XCLK takes LEDC timer and channel 0, the lamp timer and channel 1. */
#pragma once

#include "camera/logic/ports/sensor.h"
#include "camera/port/board.h"

enum { CAMERA_ESP32_MODEL_MAX = 16 };

struct camera_esp32 {
    struct board board;
    bool psram;
    bool running;      /* the driver is initialised */
    bool test_picture; /* frames are drawn; the driver is not touched */
    bool want_light;
    bool raw; /* this sensor has no JPEG */
    uint8_t quality;
    uint16_t width;
    uint16_t height;
    uint32_t drawn;
    uint8_t *card; /* the drawn picture, from the heap, once */
    uint32_t card_bytes;
    uint8_t *light; /* a small decoded picture, from the heap, once */
    uint32_t light_bytes;
    char model[CAMERA_ESP32_MODEL_MAX]; /* read: "OV2640", "none", "test picture" */
    struct sensor sensor;               /* valid as long as this struct stays where it is */
};

/* Sets the lamp's pin dark and the power pin to on. `psram`: there is some. */
void camera_esp32_init(struct camera_esp32 *c, const struct board *board, bool psram);
