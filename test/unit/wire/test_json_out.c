/* Goal: whatever goes in, what comes out is valid JSON that says the same. */
#include <string.h>

#include "lib/wire/json_out.h"
#include "test/unit/unit.h"

static char memory[1024];
static struct buf out;
static struct json_out json;

static void begin(void)
{
    buf_init(&out, memory, sizeof memory);
    json_out_init(&json, &out);
}

static void commas_and_colons_are_placed(void **state)
{
    (void)state;
    begin();
    json_out_object(&json);
    json_out_put_bool(&json, "success", true);
    json_out_put_text(&json, "filename", "a.jpg");
    json_out_put_uint(&json, "size", UINT64_MAX);
    json_out_put_int(&json, "low", INT64_MIN);
    json_out_put_null(&json, "captured_at");
    json_out_put_text(&json, "camera", NULL);
    json_out_put_slice(&json, "key", SLICE("k"));
    json_out_key(&json, "files");
    json_out_array(&json);
    json_out_int(&json, -1);
    json_out_object(&json);
    json_out_object_end(&json);
    json_out_array(&json);
    json_out_array_end(&json);
    json_out_null(&json);
    json_out_bool(&json, false);
    json_out_array_end(&json);
    json_out_put_uint(&json, "last", 0);
    assert_false(json_out_done(&json));
    json_out_object_end(&json);
    assert_true(json_out_done(&json));
    assert_string_equal(buf_text(&out),
                        "{\"success\":true,\"filename\":\"a.jpg\",\"size\":18446744073709551615,"
                        "\"low\":-9223372036854775808,\"captured_at\":null,\"camera\":null,"
                        "\"key\":\"k\",\"files\":[-1,{},[],null,false],\"last\":0}");
}

static void text_is_escaped_and_made_valid(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *json;
    } rows[] = {
        {SLICE_INIT("plain ~\x7F/"), "\"plain ~\x7F/\""},
        {SLICE_INIT(""), "\"\""},
        {SLICE_INIT("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
        {SLICE_INIT("a\0b\x01\x1F"), "\"a\\u0000b\\u0001\\u001f\""},
        {SLICE_INIT("\xEC\x82\xAC\xF0\x9F\x93\xB7"), "\"\xEC\x82\xAC\xF0\x9F\x93\xB7\""},
        {SLICE_INIT("\xEF\xBF\xBD"), "\"\xEF\xBF\xBD\""},
        {SLICE_INIT("\xFF"
                    "a\x80"),
         "\"\xEF\xBF\xBD"
         "a\xEF\xBF\xBD\""},
        {SLICE_INIT("\xEC\x82"), "\"\xEF\xBF\xBD\""},
        {SLICE_INIT("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {SLICE_INIT("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        json_out_text(&json, rows[i].text);
        assert_string_equal(buf_text(&out), rows[i].json);
        assert_true(json_out_done(&json));
    }
}

static void keys_are_escaped_too(void **state)
{
    (void)state;
    begin();
    json_out_object(&json);
    json_out_put_int(&json, "a\"b", 1);
    json_out_object_end(&json);
    assert_string_equal(buf_text(&out), "{\"a\\\"b\":1}");
}

static void a_long_list_goes_out_in_pieces(void **state)
{
    (void)state;
    char all[64] = "";
    begin();
    json_out_array(&json);
    for (int i = 0; i < 5; i++) {
        json_out_int(&json, i);
        strcat(all, buf_text(&out));
        buf_clear(&out);
    }
    json_out_array_end(&json);
    strcat(all, buf_text(&out));
    assert_string_equal(all, "[0,1,2,3,4]");
}

static void a_level_opened_again_begins_anew(void **state)
{
    (void)state;
    begin();
    json_out_array(&json);
    for (int i = 0; i < 2; i++) {
        json_out_array(&json);
        json_out_int(&json, i);
        json_out_array_end(&json);
        json_out_object(&json);
        json_out_put_int(&json, "n", i);
        json_out_object_end(&json);
    }
    json_out_array_end(&json);
    assert_string_equal(buf_text(&out), "[[0],{\"n\":0},[1],{\"n\":1}]");
}

static void sixteen_levels_fit(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < JSON_OUT_DEPTH_MAX; i++)
        json_out_array(&json);
    json_out_int(&json, 1);
    for (int i = 0; i < JSON_OUT_DEPTH_MAX; i++)
        json_out_array_end(&json);
    assert_true(json_out_done(&json));
    assert_string_equal(buf_text(&out), "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]");
}

static void what_does_not_fit_is_noticed(void **state)
{
    (void)state;
    begin();
    buf_init(&out, memory, 4);
    json_out_init(&json, &out);
    json_out_array(&json);
    json_out_int(&json, 12);
    json_out_array_end(&json);
    assert_false(out.overflowed);
    assert_true(slice_eq(buf_slice(&out), SLICE("[12]")));
    buf_init(&out, memory, 3);
    json_out_init(&json, &out);
    json_out_array(&json);
    json_out_int(&json, 12);
    json_out_array_end(&json);
    assert_true(out.overflowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_colons_are_placed),
        cmocka_unit_test(text_is_escaped_and_made_valid),
        cmocka_unit_test(keys_are_escaped_too),
        cmocka_unit_test(a_long_list_goes_out_in_pieces),
        cmocka_unit_test(a_level_opened_again_begins_anew),
        cmocka_unit_test(sixteen_levels_fit),
        cmocka_unit_test(what_does_not_fit_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
