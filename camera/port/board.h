/* camera/port/board.h - the wiring of one board; see camera/main/board_config.h. -1: not wired. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct board {
    const char *name;
    int8_t pwdn;
    int8_t reset;
    int8_t xclk;
    int8_t siod;
    int8_t sioc;
    int8_t data[8]; /* Y2 first */
    int8_t vsync;
    int8_t href;
    int8_t pclk;
    int8_t lamp;
    bool lamp_active_low;
    int8_t button;     /* held low for 5 s: factory reset */
    bool sd_1bit;      /* an SD card on 14 (CLK), 15 (CMD), 2 (D0) */
    int8_t pullups[2]; /* pins that want one */
    bool vflip;        /* the sensor is mounted upside down */
    bool hmirror;
};
