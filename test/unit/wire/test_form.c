/* Goal: form fields are decoded within their limits, and nothing broken comes through. */
#include <stdlib.h>
#include <string.h>

#include "lib/wire/form.h"
#include "test/unit/unit.h"

static void fields_are_decoded_one_by_one(void **state)
{
    (void)state;
    struct slice rest = SLICE("ssid=my+net%21&&password=a%26b%3Dc&empty=&alone");
    struct form_field f;
    static const char *const want[][2] = {
        {"ssid", "my net!"}, {"password", "a&b=c"}, {"empty", ""}, {"alone", ""}};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(form_next_field(&rest, &f), FORM_FIELD);
        assert_string_equal(f.name, want[i][0]);
        assert_string_equal(f.value, want[i][1]);
    }
    assert_int_equal(form_next_field(&rest, &f), FORM_DONE);
}

static void broken_and_long_fields_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"a=%", "a=%1", "a=%zz", "a=%00", "%00=a"};
    struct form_field f;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct slice rest = slice_of(bad[i]);
        assert_int_equal(form_next_field(&rest, &f), FORM_BAD);
    }
    char text[FORM_VALUE_MAX + 8];
    memset(text, 'x', sizeof text);
    text[1] = '=';
    struct slice fits = {text, FORM_VALUE_MAX + 2}, over = {text, FORM_VALUE_MAX + 3};
    assert_int_equal(form_next_field(&fits, &f), FORM_FIELD);
    assert_int_equal(strlen(f.value), FORM_VALUE_MAX);
    assert_int_equal(form_next_field(&over, &f), FORM_BAD);
    text[FORM_NAME_MAX] = '=';
    text[1] = 'x';
    struct slice name = {text, FORM_NAME_MAX + 1};
    assert_int_equal(form_next_field(&name, &f), FORM_FIELD);
}

static void every_truncation_stays_inside(void **state)
{
    (void)state;
    struct slice whole = SLICE("ssid=my+net%21&password=a%26b");
    for (size_t cut = 0; cut <= whole.len; cut++) {
        char *copy = malloc(cut + 1);
        memcpy(copy, whole.ptr, cut);
        struct slice rest = {copy, cut};
        struct form_field f;
        unsigned fields = 0;
        while (form_next_field(&rest, &f) == FORM_FIELD)
            fields++;
        assert_true(fields <= 2);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_decoded_one_by_one),
        cmocka_unit_test(broken_and_long_fields_are_refused),
        cmocka_unit_test(every_truncation_stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
