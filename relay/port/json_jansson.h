/* relay/port/json_jansson.h - relay/logic/ports/json.h over jansson. */
#pragma once

#include "relay/logic/ports/json.h"

struct json json_jansson(void);
