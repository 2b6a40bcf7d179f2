/* idf/console_esp.h - lines typed on the serial console; never waits. */
#pragma once

#include <stdbool.h>

#include "lib/base/slice.h"

enum { CONSOLE_ESP_LINE_MAX = 200 };

/* The next whole line, without its end; false: there is none yet. Valid until the next call. One
 * task. */
bool console_esp_read(struct slice *out_line);
