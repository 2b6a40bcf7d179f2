#include "relay/logic/address.h"

#include <ctype.h>
#include <stddef.h>

bool address_is_ipv4(struct slice s)
{
    for (int part = 0; part < 4; part++) {
        struct slice rest;
        struct slice digits = slice_cut(s, '.', &rest);
        uint64_t value;
        bool dot = digits.len < s.len;
        if (digits.len > 3 || !slice_to_u64(digits, &value) || value > 255)
            return false;
        if ((digits.len > 1 && digits.ptr[0] == '0') || dot != (part < 3))
            return false;
        s = rest;
    }
    return true;
}

static bool is_group(struct slice s)
{
    if (s.len == 0 || s.len > 4)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!isxdigit((unsigned char)s.ptr[i]))
            return false;
    }
    return true;
}

/* How many 16-bit groups "a:b:c" is, the last of them perhaps a dotted quad; -1 if it is none. */
static int count_groups(struct slice s, bool may_end_in_ipv4)
{
    int count = 0;
    while (s.len > 0) {
        struct slice rest;
        struct slice group = slice_cut(s, ':', &rest);
        bool last = group.len == s.len;
        if (!last && rest.len == 0)
            return -1; /* ends in a colon */
        if (last && may_end_in_ipv4 && address_is_ipv4(group))
            count += 2;
        else if (is_group(group))
            count++;
        else
            return -1;
        s = rest;
    }
    return count;
}

bool address_is_ipv6(struct slice s)
{
    for (size_t i = 0; i + 1 < s.len; i++) {
        if (s.ptr[i] != ':' || s.ptr[i + 1] != ':')
            continue;
        int front = count_groups((struct slice){s.ptr, i}, false);
        int back = count_groups((struct slice){s.ptr + i + 2, s.len - i - 2}, true);
        return front >= 0 && back >= 0 && front + back <= 7;
    }
    return count_groups(s, true) == 8;
}

bool address_is_ip(struct slice s)
{
    return address_is_ipv4(s) || address_is_ipv6(s);
}
