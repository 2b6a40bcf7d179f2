/* lib/wire/target.h - the target of an HTTP request: path and arguments (RFC 9112 3.2, RFC 3986).
 *
 * Origin form ("/upload?x=1"), absolute form ("http://relay/upload": one camera firmware sends it)
 * and asterisk form ("*"). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum { TARGET_ARGUMENTS_MAX = 16 };

struct target_argument {
    struct slice name, value; /* decoded; the value is empty but not NULL if there is no "=" */
};

struct target {
    struct slice path; /* decoded; starts with '/' */
    struct target_argument arguments[TARGET_ARGUMENTS_MAX];
    size_t argument_count;
};

/* One of the three forms, with no blank, control character or fragment in it. Bytes above ASCII are
 * let pass, as some clients send them unescaped. */
bool target_is_sound(struct slice target, bool may_be_asterisk);

/* Is the target its own path, with nothing to decode? */
bool target_is_plain(struct slice target);

/* Splits and percent-decodes a sound target; in arguments "+" is a blank. "*" and an absolute form
 * without a path give "/". `memory` holds at least target.len bytes, and `out` points into it.
 * ERR_INPUT: "%" without two hexadecimal digits, or %00. ERR_LIMIT: too many arguments. */
CHECKED enum err target_decode(struct slice target, char *memory, struct target *out);

/* The first argument of that name; ptr NULL if there is none. */
struct slice target_argument(const struct target *t, struct slice name);
