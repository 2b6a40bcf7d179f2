/* audio/port/classic_esp.h - Bluetooth Classic itself, under both of its profiles here (A2DP,
 * hands-free). Only on chips that have it (ESP32) and in builds with CONFIG_BT_CLASSIC_ENABLED. */
#pragma once

#include <stdbool.h>

#include "lib/base/err.h"

/* Starts controller and host and takes the name. `visible`: others may find and pair; who pairs
 * needs no number. NVS is open. ERR_IO: it does not start. */
CHECKED enum err classic_esp_start(const char *name, bool visible);
