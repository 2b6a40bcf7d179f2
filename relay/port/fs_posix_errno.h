/* relay/port/fs_posix_errno.h - errno in our words, for the ports that touch files. */
#pragma once

#include "lib/base/err.h"

/* Translates, and logs what a person should know; what belongs to the question asked (a name that
 * is taken, missing or of the wrong kind) stays silent. `path` may be NULL. */
enum err fs_posix_from_errno(const char *call, const char *path, int number);
