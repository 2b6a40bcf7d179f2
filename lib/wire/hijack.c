#include "lib/wire/hijack.h"

#include <stdbool.h>
#include <string.h>

enum {
    HEADER_BYTES = 12,
    ANSWER_BYTES = 16,
    TYPE_A = 1,
    CLASS_IN = 1,
};

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* Offset behind the question that begins at HEADER_BYTES, or 0. */
static size_t question_end(const uint8_t *query, size_t len)
{
    size_t at = HEADER_BYTES;
    while (at < len && query[at] != 0) {
        if (query[at] > 63)
            return 0; /* compressed or unknown: not in a question */
        at += 1U + query[at];
    }
    return at + 5 <= len ? at + 5 : 0;
}

size_t hijack_answer(const uint8_t *query, size_t len, const uint8_t address[4],
                     uint8_t out[HIJACK_MESSAGE_MAX])
{
    if (len < HEADER_BYTES || (query[2] & 0xF8) != 0 || get16(query + 4) != 1)
        return 0; /* an answer itself, not a standard query, or not one question */
    size_t end = question_end(query, len);
    if (end == 0 || end + ANSWER_BYTES > HIJACK_MESSAGE_MAX)
        return 0;
    memcpy(out, query, end);
    out[2] = (uint8_t)(0x84 | (query[2] & 1)); /* response, authoritative, recursion as asked */
    out[3] = 0;
    memset(out + 6, 0, 6);
    bool is_a = get16(query + end - 4) == TYPE_A && get16(query + end - 2) == CLASS_IN;
    if (!is_a)
        return end;
    out[7] = 1;
    const uint8_t answer[ANSWER_BYTES] = {
        0xC0, HEADER_BYTES, 0, TYPE_A, 0,          CLASS_IN,   0,          0,
        0,    HIJACK_TTL_S, 0, 4,      address[0], address[1], address[2], address[3]};
    memcpy(out + end, answer, sizeof answer);
    return end + sizeof answer;
}
