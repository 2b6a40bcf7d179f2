/* lib/wire/testcard.h - draws a test picture and writes it as a JPEG, with whole numbers only.
 *
 * Each 8x8 block is one large pixel of a grey picture (baseline JPEG, ITU T.81, one component,
 * tables of annex K), so a picture costs no frame buffer and a few milliseconds. It shows
 * "TEST PICTURE", a counter and the time. `texture` adds that many random coefficients to
 * each block, to make files as large as real photos. */
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/instant.h"

enum {
    TESTCARD_SIDE_MIN = 160,
    TESTCARD_SIDE_MAX = 4096,
    TESTCARD_TEXTURE_MAX = 63,
};

struct testcard {
    uint16_t width; /* multiples of 8 */
    uint16_t height;
    uint32_t counter;
    struct wall wall; /* 0: "NO CLOCK" */
    uint8_t texture;
    uint32_t seed; /* of the texture: equal ones give equal files */
};

/* ERR_LIMIT: does not fit `cap`. ERR_INPUT: sides out of range. */
CHECKED enum err testcard_draw(const struct testcard *t, uint8_t *out, uint32_t cap,
                               uint32_t *out_len);
