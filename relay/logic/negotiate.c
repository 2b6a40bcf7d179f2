#include "relay/logic/negotiate.h"

#include <string.h>

/* "q=0", "q=0.0", "q=0.000": not acceptable. */
static bool weight_is_zero(struct slice weight)
{
    weight = slice_trim(weight);
    if (weight.len < 3 || (weight.ptr[0] | 0x20) != 'q' || weight.ptr[1] != '=')
        return false;
    for (size_t i = 2; i < weight.len; i++)
        if (weight.ptr[i] != '0' && weight.ptr[i] != '.')
            return false;
    return true;
}

bool negotiate_gzip(struct slice accept_encoding)
{
    bool any = false;
    while (accept_encoding.len > 0) {
        struct slice weight;
        struct slice one = slice_cut(accept_encoding, ',', &accept_encoding);
        struct slice coding = slice_trim(slice_cut(one, ';', &weight));
        bool wanted = !weight_is_zero(weight);
        if (slice_eq_nocase(coding, SLICE("gzip")) || slice_eq_nocase(coding, SLICE("x-gzip")))
            return wanted; /* named: that decides, whatever "*" says */
        if (slice_eq(coding, SLICE("*")))
            any = wanted;
    }
    return any;
}
