/* Goal: the names that browsers, tools and cameras write come out as they were meant, and broken
 * values are refused. Each row is parsed from a heap copy that ends exactly where it ends. */
#include "lib/wire/disposition.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

#define T(text) SLICE_INIT(text)
#define ROWS(table) (sizeof(table) / sizeof(table)[0])

struct row {
    struct slice value;
    const char *name;     /* NULL: none */
    const char *filename; /* NULL: none */
};

static const struct row good[] = {
    {T("form-data"), NULL, NULL},
    {T(" form-data "), NULL, NULL},
    {T("form-data; name=\"file\""), "file", NULL},
    {T("form-data; name=\"file\"; filename=\"a.jpg\""), "file", "a.jpg"},
    {T("FORM-DATA;NAME=file;FILENAME=a.jpg"), "file", "a.jpg"},
    {T("form-data ; name = file ; filename = a.jpg ;"), "file", "a.jpg"},
    {T("form-data;; ;name=file"), "file", NULL},
    {T("attachment; filename=my photo.jpg; x=y"), NULL, "my photo.jpg"},
    {T("form-data; filename=\"\""), NULL, ""},
    {T("form-data; filename="), NULL, ""},
    {T("form-data; name='file'; filename='a b.jpg'"), "file", "a b.jpg"},
    {T("form-data; name='file' ; x"), "file", NULL},
    {T("form-data; name='it's'"), "it's", NULL},
    {T("form-data; name='open; filename=b"), "'open", "b"},
    {T("form-data; name='"), "'", NULL},
    {T("form-data; name=''"), "", NULL},
    {T("form-data; name=\"a\\\"b\\\\c\""), "a\"b\\c", NULL},
    {T("form-data; filename=\"C:\\Dir\\new.jpg\""), NULL, "C:\\Dir\\new.jpg"},
    {T("form-data; filename=\"\\\\server\\share\\a.jpg\""), NULL, "\\server\\share\\a.jpg"},
    {T("form-data; filename=\"a%22b%0d%0A.jpg\""), NULL, "a\"b\r\n.jpg"},
    {T("form-data; filename=\"100%.jpg\""), NULL, "100%.jpg"},
    {T("form-data; filename=\"%41%2F%2\""), NULL, "%41%2F%2"},
    {T("form-data; filename=a%22.jpg"), NULL, "a%22.jpg"},
    {T("form-data; filename=\"a;b=c.jpg\"; name=x"), "x", "a;b=c.jpg"},
    {T("form-data; filename=\"../../etc/passwd\""), NULL, "../../etc/passwd"},
    {T("form-data; filename*=UTF-8''%EC%82%AC%EC%A7%84.jpg"), NULL, "\xEC\x82\xAC\xEC\xA7\x84.jpg"},
    {T("form-data; filename=\"x.jpg\"; filename*=utf-8'ko'%EC%82%AC.jpg"), NULL,
     "\xEC\x82\xAC.jpg"},
    {T("form-data; filename*=\"UTF-8''a%20b.jpg\"; filename=x"), NULL, "a b.jpg"},
    {T("form-data; filename*=iso-8859-1''%E9.jpg; filename=x"), NULL, "x"},
    {T("form-data; filename*=UTF-8''%E9.jpg; filename=x"), NULL, "x"},
    {T("form-data; filename*=UTF-8''a%2; filename=x"), NULL, "x"},
    {T("form-data; filename*=UTF-8''a%zz; filename=x"), NULL, "x"},
    {T("form-data; filename*=UTF-8''a%00b; filename=x"), NULL, "x"},
    {T("form-data; filename*=UTF-8'a.jpg; filename=x"), NULL, "x"},
    {T("form-data; filename*=a.jpg"), NULL, NULL},
    {T("form-data; filename*=UTF-8''"), NULL, ""},
    {T("form-data; filename*0=a; filename*1=b"), NULL, NULL},
    {T("form-data; filenames=a; xname=b; name"), NULL, NULL},
};

static const struct slice bad[] = {
    T(""),
    T(" "),
    T(";name=a"),
    T("form data; name=a"),
    T("form-data; name=\"a"),
    T("form-data; name=\"a\\\""),
    T("form-data; name=\"a\"b"),
    T("form-data; name=\"a\" b; filename=c"),
    T("form-data; name=a; name=b"),
    T("form-data; filename=a; FILENAME=b"),
    T("form-data; filename*=UTF-8''a; filename*=UTF-8''b"),
    T("form-data; name=\"a\0b\""),
    T("form-data\0"),
};

static enum err parse_copy(struct slice value, char **out_copy, struct disposition *d)
{
    *out_copy = malloc(value.len == 0 ? 1 : value.len);
    assert_non_null(*out_copy);
    memcpy(*out_copy, value.ptr, value.len);
    return disposition_parse(*out_copy, value.len, d);
}

static bool is(const char *want, bool has, struct slice value)
{
    return want == NULL ? !has : has && slice_eq(value, slice_of(want));
}

static void names_come_out_as_they_were_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(good); i++) {
        char *copy;
        struct disposition d;
        if (parse_copy(good[i].value, &copy, &d) != ERR_OK ||
            !is(good[i].name, d.has_name, d.name) ||
            !is(good[i].filename, d.has_filename, d.filename))
            fail_msg("%s", good[i].value.ptr);
        free(copy);
    }
}

static void broken_values_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(bad); i++) {
        char *copy;
        struct disposition d = {.name = SLICE("untouched")};
        if (parse_copy(bad[i], &copy, &d) != ERR_INPUT || !slice_eq(d.name, SLICE("untouched")))
            fail_msg("row %zu: %s", i, bad[i].ptr);
        free(copy);
    }
}

static bool inside(struct slice part, const char *memory, size_t len)
{
    return part.len == 0 || (part.ptr >= memory && part.ptr + part.len <= memory + len);
}

static void cut_short_it_never_looks_past_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(good); i++) {
        for (size_t cut = 0; cut < good[i].value.len; cut++) {
            char *copy;
            struct disposition d = {0};
            enum err e = parse_copy((struct slice){good[i].value.ptr, cut}, &copy, &d);
            assert_true(e == ERR_OK || e == ERR_INPUT);
            assert_true(inside(d.name, copy, cut) && inside(d.filename, copy, cut));
            free(copy);
        }
    }
}

static void the_type_is_given_as_sent(void **state)
{
    (void)state;
    char value[] = "Form-Data; name=a";
    struct disposition d;
    assert_int_equal(disposition_parse(value, sizeof value - 1, &d), ERR_OK);
    assert_true(slice_eq(d.type, SLICE("Form-Data")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_out_as_they_were_meant),
        cmocka_unit_test(broken_values_are_refused),
        cmocka_unit_test(cut_short_it_never_looks_past_the_end),
        cmocka_unit_test(the_type_is_given_as_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
