#include "lib/base/base64.h"

#include <string.h>

void base64_write(const void *data, size_t len, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= n > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= n > 2 ? bytes[i + 2] : 0;
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = n > 1 ? digits[group >> 6 & 63] : '=';
        *out++ = n > 2 ? digits[group & 63] : '=';
    }
    *out = '\0';
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Three bytes of four characters, of which the last `padding` are "=". */
static bool read_group(const char *text, size_t padding, uint8_t out[3])
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4 - padding; i++) {
        int value = digit_value(text[i]);
        if (value < 0)
            return false;
        group |= (uint32_t)value << (18 - 6 * i);
    }
    out[0] = (uint8_t)(group >> 16);
    out[1] = (uint8_t)(group >> 8);
    out[2] = (uint8_t)group;
    /* What lies behind the last byte must be zero, or two texts would mean the same bytes. */
    return padding == 0 || (padding == 1 ? out[2] == 0 : out[1] == 0 && out[2] == 0);
}

bool base64_read(struct slice text, void *out, size_t cap, size_t *out_len)
{
    if (text.len % 4 != 0)
        return false;
    uint8_t *bytes = out;
    size_t len = 0;
    for (size_t i = 0; i < text.len; i += 4) {
        const char *four = text.ptr + i;
        size_t padding = 0;
        if (i + 4 == text.len)
            padding = four[3] != '=' ? 0 : four[2] != '=' ? 1 : 2;
        uint8_t three[3];
        if (!read_group(four, padding, three) || cap - len < 3 - padding)
            return false;
        memcpy(bytes + len, three, 3 - padding);
        len += 3 - padding;
    }
    *out_len = len;
    return true;
}
