#include "lib/base/sha256.h"

#include <string.h>

static const uint32_t round_constants[64] = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
};

static uint32_t rotate_right(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t read_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void write_be32(uint8_t *p, uint32_t x)
{
    p[0] = (uint8_t)(x >> 24);
    p[1] = (uint8_t)(x >> 16);
    p[2] = (uint8_t)(x >> 8);
    p[3] = (uint8_t)x;
}

/* The message schedule of FIPS 180-4 6.2.2, kept as a window of the last 16 words. */
static inline void make_word(uint32_t w[16], unsigned t)
{
    uint32_t a = w[(t + 1) & 15];
    uint32_t b = w[(t + 14) & 15];
    uint32_t s0 = rotate_right(a, 7) ^ rotate_right(a, 18) ^ a >> 3;
    uint32_t s1 = rotate_right(b, 17) ^ rotate_right(b, 19) ^ b >> 10;
    w[t & 15] += s0 + w[(t + 9) & 15] + s1;
}

/* One round. Instead of moving all eight working variables down by one each time, their places
 * turn: in round r, variable i of the standard lies at v[(i - r) mod 8]. */
static inline void add_round(uint32_t v[8], unsigned r, uint32_t word_and_constant)
{
    uint32_t a = v[(0 - r) & 7];
    uint32_t b = v[(1 - r) & 7];
    uint32_t c = v[(2 - r) & 7];
    uint32_t e = v[(4 - r) & 7];
    uint32_t s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
    uint32_t choice = v[(6 - r) & 7] ^ (e & (v[(5 - r) & 7] ^ v[(6 - r) & 7]));
    uint32_t t1 = v[(7 - r) & 7] + s1 + choice + word_and_constant;
    uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
    uint32_t majority = (a & b) | (c & (a | b));
    v[(3 - r) & 7] += t1;
    v[(7 - r) & 7] = t1 + s0 + majority;
}

/* Eight rounds written out, so that every place is known to the compiler. */
static void add_eight(uint32_t v[8], const uint32_t *constants, const uint32_t words[8])
{
    add_round(v, 0, constants[0] + words[0]);
    add_round(v, 1, constants[1] + words[1]);
    add_round(v, 2, constants[2] + words[2]);
    add_round(v, 3, constants[3] + words[3]);
    add_round(v, 4, constants[4] + words[4]);
    add_round(v, 5, constants[5] + words[5]);
    add_round(v, 6, constants[6] + words[6]);
    add_round(v, 7, constants[7] + words[7]);
}

static void add_block(uint32_t words[8], const uint8_t *block)
{
    uint32_t w[16];
    uint32_t v[8];
    for (unsigned t = 0; t < 16; t++)
        w[t] = read_be32(block + (size_t)t * 4);
    memcpy(v, words, sizeof v);
    for (unsigned t = 0; t < 64; t += 8) {
        if (t >= 16) {
            for (unsigned i = t; i < t + 8; i++)
                make_word(w, i);
        }
        add_eight(v, round_constants + t, w + (t & 8));
    }
    for (unsigned i = 0; i < 8; i++)
        words[i] += v[i];
}

void sha256_start(struct sha256 *s)
{
    *s = (struct sha256){.words = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F,
                                   0x9B05688C, 0x1F83D9AB, 0x5BE0CD19}};
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    size_t held = (size_t)(s->bytes % SHA256_BLOCK_BYTES);
    s->bytes += len;
    if (held > 0) {
        size_t room = SHA256_BLOCK_BYTES - held;
        size_t n = len < room ? len : room;
        if (n > 0)
            memcpy(s->block + held, bytes, n);
        if (n < room)
            return;
        add_block(s->words, s->block);
        bytes += n;
        len -= n;
    }
    while (len >= SHA256_BLOCK_BYTES) {
        add_block(s->words, bytes);
        bytes += SHA256_BLOCK_BYTES;
        len -= SHA256_BLOCK_BYTES;
    }
    if (len > 0)
        memcpy(s->block, bytes, len);
}

void sha256_finish(struct sha256 *s, uint8_t out[SHA256_BYTES])
{
    uint64_t bits = s->bytes * 8;
    size_t held = (size_t)(s->bytes % SHA256_BLOCK_BYTES);
    s->block[held++] = 0x80;
    if (held > SHA256_BLOCK_BYTES - 8) {
        memset(s->block + held, 0, SHA256_BLOCK_BYTES - held);
        add_block(s->words, s->block);
        held = 0;
    }
    memset(s->block + held, 0, SHA256_BLOCK_BYTES - 8 - held);
    write_be32(s->block + 56, (uint32_t)(bits >> 32));
    write_be32(s->block + 60, (uint32_t)bits);
    add_block(s->words, s->block);
    for (unsigned i = 0; i < 8; i++)
        write_be32(out + (size_t)i * 4, s->words[i]);
}
