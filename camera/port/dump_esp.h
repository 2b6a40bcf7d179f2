/* camera/port/dump_esp.h - struct dump over the core dump in flash. */
#pragma once

#include "camera/logic/ports/dump.h"

struct dump dump_esp_open(void);
