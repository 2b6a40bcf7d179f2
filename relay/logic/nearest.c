#include "relay/logic/nearest.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static char plain(char c)
{
    if (c == '-')
        return '_';
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: three rows of the usual table are enough. */
static size_t distance(struct slice a, struct slice b)
{
    assert(a.len <= NEAREST_WORD_MAX && b.len <= NEAREST_WORD_MAX);
    size_t rows[3][NEAREST_WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.len; j++)
        above[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = plain(a.ptr[i - 1]), y = plain(b.ptr[j - 1]);
            row[j] = least(least(row[j - 1], above[j]) + 1, above[j - 1] + (x != y));
            bool swapped = i > 1 && j > 1 && x == plain(b.ptr[j - 2]) && y == plain(a.ptr[i - 2]);
            if (swapped)
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b.len];
}

const char *nearest_find(struct slice typed, const char *const *words, size_t count)
{
    if (typed.len == 0 || typed.len > NEAREST_WORD_MAX)
        return NULL;
    const char *best = NULL;
    size_t best_distance = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        struct slice word = slice_of(words[i]);
        if (word.len > NEAREST_WORD_MAX)
            continue;
        size_t d = distance(typed, word);
        size_t allowed = word.len < 6 ? 1 : word.len / 3;
        if (d <= allowed && d < best_distance) {
            best = words[i];
            best_distance = d;
        }
    }
    return best;
}
