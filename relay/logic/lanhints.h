/* relay/logic/lanhints.h - what a person needs at start to point a camera here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

/* Adds the lines for one address of this machine: the URL, and the three lines of the Arduino
 * sketch (rpiServerIP, rpiServerPort, rpiServerPath). Every line ends with a line break. */
void lanhints_add(struct buf *out, const char *address, uint16_t port, bool tls);
