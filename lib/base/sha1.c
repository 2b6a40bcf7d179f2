#include "lib/base/sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* FIPS 180-4 6.1.2, one round of 80: h[0..4] are a..e. */
static void mix(uint32_t h[5], uint32_t word, unsigned t)
{
    uint32_t f, k;
    if (t < 20) {
        f = (h[1] & h[2]) | (~h[1] & h[3]);
        k = 0x5A827999;
    } else if (t < 40) {
        f = h[1] ^ h[2] ^ h[3];
        k = 0x6ED9EBA1;
    } else if (t < 60) {
        f = (h[1] & h[2]) | (h[1] & h[3]) | (h[2] & h[3]);
        k = 0x8F1BBCDC;
    } else {
        f = h[1] ^ h[2] ^ h[3];
        k = 0xCA62C1D6;
    }
    uint32_t next = rotate(h[0], 5) + f + h[4] + k + word;
    h[4] = h[3];
    h[3] = h[2];
    h[2] = rotate(h[1], 30);
    h[1] = h[0];
    h[0] = next;
}

static void add_block(uint32_t sum[5], const uint8_t block[64])
{
    uint32_t w[80], h[5];
    for (unsigned t = 0; t < 16; t++)
        w[t] = big_endian(block + 4 * (size_t)t);
    for (unsigned t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    memcpy(h, sum, sizeof h);
    for (unsigned t = 0; t < 80; t++)
        mix(h, w[t], t);
    for (unsigned i = 0; i < 5; i++)
        sum[i] += h[i];
}

void sha1_digest(const void *data, size_t len, uint8_t out[SHA1_BYTES])
{
    const uint8_t *p = data;
    uint32_t sum[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    size_t left = len;
    for (; left >= 64; left -= 64, p += 64)
        add_block(sum, p);

    uint8_t tail[128] = {0};
    if (left > 0)
        memcpy(tail, p, left);
    tail[left] = 0x80;
    size_t size = left < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)len * 8;
    for (unsigned i = 0; i < 8; i++)
        tail[size - 1 - i] = (uint8_t)(bits >> (8 * i));
    for (size_t at = 0; at < size; at += 64)
        add_block(sum, tail + at);
    for (unsigned i = 0; i < SHA1_BYTES; i++)
        out[i] = (uint8_t)(sum[i / 4] >> (24 - 8 * (i % 4)));
}
