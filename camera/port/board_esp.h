/* camera/port/board_esp.h - which pins are free on this board and chip. */
#pragma once

#include <stdbool.h>

#include "camera/port/board.h"

/* NULL: the pin may be used for a motion detector; else why not. Static text. */
const char *board_esp_pin_refusal(const struct board *b, int pin, bool psram, bool card);
