/* relay/logic/config_diff.h - what a reload would change. */
#pragma once

#include "relay/logic/config.h"

/* Calls `each` for every setting that differs, with its name and whether it may change while the
 * program runs. Destinations and upload tokens count as one setting each: "remote",
 * "upload_token". */
void config_diff_each(const struct config *now, const struct config *next,
                      void (*each)(void *arg, const char *key, bool reloadable), void *arg);

/* Takes over from `next` what may change while running; the rest of `now` stays. */
void config_diff_apply(struct config *now, const struct config *next);
