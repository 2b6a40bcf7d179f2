/* lib/wire/form.h - application/x-www-form-urlencoded, as browsers send it (WHATWG URL 5.1). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum { FORM_NAME_MAX = 32, FORM_VALUE_MAX = 200 };

struct form_field {
    char name[FORM_NAME_MAX + 1];
    char value[FORM_VALUE_MAX + 1];
};

enum form_next {
    FORM_FIELD, /* one was read */
    FORM_DONE,  /* there are no more */
    FORM_BAD,   /* a broken escape, a zero byte, or longer than the limits */
};

/* Takes one "name=value" from the front of `*rest`, decoded. Also for query strings. */
enum form_next form_next_field(struct slice *rest, struct form_field *out);
