/* Goal: UTF-8 is told from everything that only looks like it, and never read past its end. */
#include "lib/base/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

static void every_character_is_read_back(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t code;
    } rows[] = {
        {"a", 'a'},
        {"\x7F", 0x7F},
        {"\xC2\x80", 0x80},
        {"\xDF\xBF", 0x7FF},
        {"\xE0\xA0\x80", 0x800},
        {"\xEC\x82\xAC", 0xC0AC},
        {"\xED\x9F\xBF", 0xD7FF},
        {"\xEE\x80\x80", 0xE000},
        {"\xEF\xBF\xBD", 0xFFFD},
        {"\xF0\x90\x80\x80", 0x10000},
        {"\xF4\x8F\xBF\xBF", 0x10FFFF},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice rest = slice_of(rows[i].text);
        bool valid = false;
        assert_true(utf8_valid(rest));
        assert_int_equal(utf8_next(&rest, &valid), rows[i].code);
        assert_true(valid);
        assert_int_equal(rest.len, 0);
    }
    struct slice nul = SLICE("\0");
    bool valid = false;
    assert_int_equal(utf8_next(&nul, &valid), 0);
    assert_true(valid);
    assert_true(utf8_valid(SLICE("")));
}

/* How many replacements: one per longest piece that could have begun a character. */
static void broken_bytes_are_replaced_piece_by_piece(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        size_t pieces;
    } rows[] = {
        {SLICE_INIT("\x80"), 1},
        {SLICE_INIT("\xBF\x80"), 2},
        {SLICE_INIT("\xC0\xAF"), 2},
        {SLICE_INIT("\xC1\x81"), 2},
        {SLICE_INIT("\xC2"), 1},
        {SLICE_INIT("\xE0\x80\x80"), 3},
        {SLICE_INIT("\xE0\xA0"), 1},
        {SLICE_INIT("\xED\xA0\x80"), 3},
        {SLICE_INIT("\xF0\x8F\xBF\xBF"), 4},
        {SLICE_INIT("\xF0\x9F\x93"), 1},
        {SLICE_INIT("\xF4\x90\x80\x80"), 4},
        {SLICE_INIT("\xF5\x80"), 2},
        {SLICE_INIT("\xFE\xFF"), 2},
        {SLICE_INIT("\xC2\xC2"), 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *copy = malloc(rows[i].text.len);
        assert_non_null(copy);
        memcpy(copy, rows[i].text.ptr, rows[i].text.len);
        struct slice rest = {copy, rows[i].text.len};
        assert_false(utf8_valid(rest));
        size_t pieces = 0;
        for (; rest.len > 0; pieces++) {
            bool valid = true;
            assert_int_equal(utf8_next(&rest, &valid), UTF8_REPLACEMENT);
            assert_false(valid);
        }
        assert_int_equal(pieces, rows[i].pieces);
        free(copy);
    }
    assert_false(utf8_valid(SLICE("good \xFF")));
}

static void a_cut_never_goes_through_a_character(void **state)
{
    (void)state;
    struct slice text = SLICE("a\xEC\x82\xAC\xF0\x9F\x93\xB7z");
    static const size_t want[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 9, 9};
    for (size_t max = 0; max < sizeof want / sizeof want[0]; max++)
        assert_int_equal(utf8_cut(text, max), want[max]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_read_back),
        cmocka_unit_test(broken_bytes_are_replaced_piece_by_piece),
        cmocka_unit_test(a_cut_never_goes_through_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
