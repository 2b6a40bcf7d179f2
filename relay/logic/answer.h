/* relay/logic/answer.h - the JSON of a good answer to an upload (design: the upload contract). */
#pragma once

#include "lib/base/buf.h"
#include "lib/port/clock.h"
#include "relay/logic/ports/photo.h"

enum { ANSWER_BYTES_MAX = 6 * 1024 }; /* a path of 4,096 bytes and a name, escaped */

/* `folder` is the absolute photo folder. */
void answer_write(struct buf *out, const struct photo *p, const char *folder, bool duplicate,
                  struct wall now);
