#include "lib/wire/form.h"

#include "lib/base/hex.h"

/* "+" is a blank, %XX a byte other than zero. */
static bool decode(struct slice s, char *out, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            if (s.len - i < 3 || !hex_decode((struct slice){s.ptr + i + 1, 2}, &c, 1))
                return false;
            i += 2;
        }
        if (c == '\0' || len + 1 >= cap)
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return true;
}

enum form_next form_next_field(struct slice *rest, struct form_field *out)
{
    while (rest->len > 0) {
        struct slice value;
        struct slice pair = slice_cut(*rest, '&', rest);
        struct slice name = slice_cut(pair, '=', &value);
        if (pair.len == 0)
            continue;
        if (!decode(name, out->name, sizeof out->name) ||
            !decode(value, out->value, sizeof out->value))
            return FORM_BAD;
        return FORM_FIELD;
    }
    return FORM_DONE;
}
