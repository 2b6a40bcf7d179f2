/* relay/port/rights_linux.h - giving up root once what only root may do is done. */
#pragma once

#include <stdbool.h>

#include "lib/base/err.h"

/* Is this process root? Only then may rights_become() be called. */
bool rights_is_root(void);

/* Makes `folder` (its parent must exist) for `user`; one that exists keeps its owner. ERR_INPUT: no
 * such user; ERR_IO: may not be made. Logged. */
CHECKED enum err rights_make_folder(const char *folder, const char *user);

/* Becomes `user` with all its groups, for good: no way back, and no new rights through set-user-ID
 * programs (prctl(2), PR_SET_NO_NEW_PRIVS). ERR_INPUT: no such user; ERR_IO: refused. Logged. Call
 * it before threads start. */
CHECKED enum err rights_become(const char *user);
