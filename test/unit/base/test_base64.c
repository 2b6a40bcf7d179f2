/* Goal: bytes and base64 turn into each other, and one text only means the same bytes. */
#include "lib/base/base64.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

static void the_examples_of_rfc_4648_hold(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xFB\xEF\xBE", "++++"},
        {"\xFF\xFF\xFF", "////"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[16];
        char back[16];
        size_t len = 99;
        size_t want = strlen(rows[i][0]);
        base64_write(rows[i][0], want, text);
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(strlen(text), BASE64_TEXT_LEN(want));
        assert_true(base64_read(slice_of(text), back, want, &len));
        assert_int_equal(len, want);
        assert_memory_equal(back, rows[i][0], want);
    }
}

static void every_byte_survives_the_round_trip(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t back[256];
    char text[BASE64_TEXT_LEN(sizeof bytes) + 1];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(255 - i);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        size_t len;
        base64_write(bytes, n, text);
        assert_true(base64_read(slice_of(text), back, n, &len));
        assert_int_equal(len, n);
        assert_memory_equal(back, bytes, n);
    }
}

static void what_is_not_strict_is_refused(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        SLICE_INIT("Z"),     SLICE_INIT("Zg"),     SLICE_INIT("Zg="),  SLICE_INIT("Zh=="),
        SLICE_INIT("Zm9="),  SLICE_INIT("===="),   SLICE_INIT("Z==="), SLICE_INIT("Zg==Zg=="),
        SLICE_INIT("Zg= "),  SLICE_INIT("Zm9v\n"), SLICE_INIT(" Zm9"), SLICE_INIT("Zm-_"),
        SLICE_INIT("Zm\0v"), SLICE_INIT("Zg=a"),   SLICE_INIT("=m9v"), SLICE_INIT("Zm9vY=m="),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char back[16];
        size_t len = 99;
        if (base64_read(rows[i], back, sizeof back, &len) || len != 99)
            fail_msg("%s", rows[i].ptr);
    }
}

static void it_never_writes_past_the_end(void **state)
{
    (void)state;
    for (size_t cap = 0; cap <= 6; cap++) {
        char *exact = malloc(cap == 0 ? 1 : cap);
        size_t len;
        assert_non_null(exact);
        assert_int_equal(base64_read(SLICE("Zm9vYmFy"), exact, cap, &len), cap == 6);
        assert_int_equal(base64_read(SLICE("Zm9vYg=="), exact, cap, &len), cap >= 4);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_4648_hold),
        cmocka_unit_test(every_byte_survives_the_round_trip),
        cmocka_unit_test(what_is_not_strict_is_refused),
        cmocka_unit_test(it_never_writes_past_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
