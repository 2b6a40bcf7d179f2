#include "lib/wire/testcard.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/wire/timestamp.h"

enum {
    GREY_BACK = 60,
    GREY_TEXT = 230,
    GREY_BAR = 140,
    QUANT = 16, /* every coefficient is divided by this */
    TEXT_LINES = 3,
    LINE_CHARS_MAX = 20,
    GLYPH_W = 6,
    GLYPH_H = 9,
};

/* The Huffman tables of annex K.3 for luminance: how many codes of each length, then their values.
 */
static const uint8_t DC_BITS[16] = {0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t DC_VALUES[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const uint8_t AC_BITS[16] = {0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125};
static const uint8_t AC_VALUES[162] = {
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61,
    0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52,
    0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25,
    0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45,
    0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64,
    0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6,
    0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3,
    0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8,
    0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA};

/* Letters of 5x7 dots, a byte per row, bit 4 leftmost. */
static const struct glyph {
    char c;
    uint8_t rows[7];
} GLYPHS[] = {
    {' ', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {'0', {0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E}},
    {'1', {0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E}},
    {'2', {0x0E, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1F}},
    {'3', {0x1F, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0E}},
    {'4', {0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02}},
    {'5', {0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E}},
    {'6', {0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E}},
    {'7', {0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}},
    {'8', {0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E}},
    {'9', {0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C}},
    {':', {0x00, 0x04, 0x04, 0x00, 0x04, 0x04, 0x00}},
    {'-', {0x00, 0x00, 0x00, 0x1F, 0x00, 0x00, 0x00}},
    {'C', {0x0E, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0E}},
    {'E', {0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x1F}},
    {'I', {0x0E, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0E}},
    {'K', {0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11}},
    {'L', {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1F}},
    {'N', {0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11}},
    {'O', {0x0E, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E}},
    {'P', {0x1E, 0x11, 0x11, 0x1E, 0x10, 0x10, 0x10}},
    {'R', {0x1E, 0x11, 0x11, 0x1E, 0x14, 0x12, 0x11}},
    {'S', {0x0F, 0x10, 0x10, 0x0E, 0x01, 0x01, 0x1E}},
    {'T', {0x1F, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}},
    {'U', {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E}},
};

struct codes {
    uint16_t code[256];
    uint8_t size[256];
};

struct writer {
    uint8_t *out;
    uint32_t cap;
    uint32_t len;
    uint32_t bits;
    unsigned count;
    bool overflowed;
};

static void put_byte(struct writer *w, unsigned b)
{
    if (w->len == w->cap) {
        w->overflowed = true;
        return;
    }
    w->out[w->len++] = (uint8_t)b;
}

static void put_bytes(struct writer *w, const uint8_t *bytes, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        put_byte(w, bytes[i]);
}

static void put_u16(struct writer *w, unsigned v)
{
    put_byte(w, v >> 8);
    put_byte(w, v & 0xFF);
}

static void put_bits(struct writer *w, unsigned value, unsigned count)
{
    w->bits = w->bits << count | (value & ((1U << count) - 1));
    w->count += count;
    while (w->count >= 8) {
        unsigned b = w->bits >> (w->count - 8) & 0xFF;
        put_byte(w, b);
        if (b == 0xFF)
            put_byte(w, 0); /* stuffing, B.1.1.5 */
        w->count -= 8;
    }
}

/* Annex C.2: codes count up within a length and double from one length to the next. */
static void make_codes(struct codes *c, const uint8_t bits[16], const uint8_t *values)
{
    unsigned code = 0, at = 0;
    memset(c, 0, sizeof *c);
    for (unsigned len = 1; len <= 16; len++) {
        for (unsigned i = 0; i < bits[len - 1]; i++) {
            c->code[values[at]] = (uint16_t)code++;
            c->size[values[at++]] = (uint8_t)len;
        }
        code <<= 1;
    }
}

static void put_table(struct writer *w, unsigned id, const uint8_t bits[16], const uint8_t *values,
                      unsigned count)
{
    put_u16(w, 0xFFC4);
    put_u16(w, 19 + count);
    put_byte(w, id);
    put_bytes(w, bits, 16);
    put_bytes(w, values, count);
}

static void put_head(struct writer *w, const struct testcard *t)
{
    static const uint8_t jfif[] = {'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
    put_u16(w, 0xFFD8);
    put_u16(w, 0xFFE0);
    put_u16(w, 2 + sizeof jfif);
    put_bytes(w, jfif, sizeof jfif);
    put_u16(w, 0xFFDB);
    put_u16(w, 67);
    put_byte(w, 0);
    for (unsigned i = 0; i < 64; i++)
        put_byte(w, QUANT);
    put_u16(w, 0xFFC0);
    put_u16(w, 11);
    put_byte(w, 8);
    put_u16(w, t->height);
    put_u16(w, t->width);
    put_byte(w, 1);
    put_byte(w, 1);
    put_byte(w, 0x11);
    put_byte(w, 0);
    put_table(w, 0x00, DC_BITS, DC_VALUES, sizeof DC_VALUES);
    put_table(w, 0x10, AC_BITS, AC_VALUES, sizeof AC_VALUES);
    put_u16(w, 0xFFDA);
    put_u16(w, 8);
    put_byte(w, 1);
    put_byte(w, 1);
    put_byte(w, 0);
    put_byte(w, 0);
    put_byte(w, 63);
    put_byte(w, 0);
}

static unsigned bits_in(unsigned v)
{
    unsigned n = 0;
    while (v > 0) {
        n++;
        v >>= 1;
    }
    return n;
}

/* F.1.2.1: the size of the number, then its bits; negative ones less one. */
static void put_number(struct writer *w, const struct codes *c, unsigned run, int v)
{
    unsigned size = bits_in((unsigned)(v < 0 ? -v : v));
    unsigned symbol = run << 4 | size;
    put_bits(w, c->code[symbol], c->size[symbol]);
    if (size > 0)
        put_bits(w, (unsigned)(v < 0 ? v - 1 : v), size);
}

static uint32_t dice(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

struct lines {
    char text[TEXT_LINES][LINE_CHARS_MAX + 1];
};

static void write_lines(const struct testcard *t, struct lines *l)
{
    struct buf b;
    memcpy(l->text[0], "TEST PICTURE", sizeof "TEST PICTURE");
    buf_init(&b, l->text[1], sizeof l->text[1]);
    buf_add_format(&b, "NO %lu", (unsigned long)t->counter);
    memcpy(l->text[2], "NO CLOCK", sizeof "NO CLOCK");
    if (t->wall.ms <= 0)
        return;
    struct timestamp_civil c = timestamp_to_civil(t->wall, 0);
    buf_init(&b, l->text[2], sizeof l->text[2]);
    buf_add_format(&b, "%02d:%02d:%02d", c.hour, c.minute, c.second);
}

static bool has_dot(char c, unsigned x, unsigned y)
{
    for (unsigned i = 0; i < sizeof GLYPHS / sizeof GLYPHS[0]; i++) {
        if (GLYPHS[i].c == c)
            return x < 5 && y < 7 && (GLYPHS[i].rows[y] >> (4 - x) & 1) != 0;
    }
    return false;
}

/* The grey of one block: text on a plain ground with a bar that moves with the counter. */
static int grey_at(const struct testcard *t, const struct lines *l, unsigned x, unsigned y)
{
    if (y == t->counter % (t->height / 8U))
        return GREY_BAR;
    if (y == 0 || x == 0)
        return GREY_BACK;
    unsigned line = (y - 1) / GLYPH_H, column = (x - 1) / GLYPH_W;
    if (line >= TEXT_LINES || column >= strlen(l->text[line]))
        return GREY_BACK;
    return has_dot(l->text[line][column], (x - 1) % GLYPH_W, (y - 1) % GLYPH_H) ? GREY_TEXT
                                                                                : GREY_BACK;
}

static bool is_drawable(const struct testcard *t)
{
    return t->width % 8 == 0 && t->height % 8 == 0 && t->width >= TESTCARD_SIDE_MIN &&
           t->height >= TESTCARD_SIDE_MIN && t->width <= TESTCARD_SIDE_MAX &&
           t->height <= TESTCARD_SIDE_MAX && t->texture <= TESTCARD_TEXTURE_MAX;
}

/* `texture` coefficients of -2, -1, 1 or 2, then the end of the block. */
static void put_texture(struct writer *w, const struct codes *ac, unsigned texture, uint32_t *seed)
{
    for (unsigned i = 0; i < texture; i++) {
        int v = (int)(dice(seed) >> 30);
        put_number(w, ac, 0, v < 2 ? v - 2 : v - 1);
    }
    if (texture < TESTCARD_TEXTURE_MAX)
        put_bits(w, ac->code[0], ac->size[0]);
}

static void put_blocks(struct writer *w, const struct testcard *t)
{
    struct codes dc, ac;
    make_codes(&dc, DC_BITS, DC_VALUES);
    make_codes(&ac, AC_BITS, AC_VALUES);
    struct lines lines;
    write_lines(t, &lines);
    uint32_t seed = t->seed | 1;
    int last = 0;
    for (unsigned y = 0; y < t->height / 8U && !w->overflowed; y++) {
        for (unsigned x = 0; x < t->width / 8U; x++) {
            int level = (grey_at(t, &lines, x, y) - 128) * 8 / QUANT;
            put_number(w, &dc, 0, level - last);
            last = level;
            put_texture(w, &ac, t->texture, &seed);
        }
    }
}

enum err testcard_draw(const struct testcard *t, uint8_t *out, uint32_t cap, uint32_t *out_len)
{
    if (!is_drawable(t))
        return ERR_INPUT;
    struct writer w = {.out = out, .cap = cap};
    put_head(&w, t);
    put_blocks(&w, t);
    put_bits(&w, 0x7F, 7); /* F.1.2.3: fill with ones */
    put_u16(&w, 0xFFD9);
    if (w.overflowed)
        return ERR_LIMIT;
    *out_len = w.len;
    return ERR_OK;
}
