/* Goal: what strangers write as JSON is read as they meant it, or as nothing; never past its end.
 * Method: tables; every truncation from a heap copy of exactly that size; sources that give one
 * byte at a time. */
#include "test/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/port/json_jansson.h"

/* A copy that ends exactly where the text ends. */
static char *exactly(const char *text, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    return copy;
}

/* ---- receipts ---- */

static struct json_receipt receipt_of(const char *text, size_t len)
{
    struct json j = json_jansson();
    struct json_receipt r;
    char *copy = exactly(text, len);
    memset(&r, 0xa5, sizeof r);
    j.receipt(j.ctx, copy, len, &r);
    free(copy);
    return r;
}

static struct json_receipt receipt(const char *text)
{
    return receipt_of(text, strlen(text));
}

#define HASH "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
static const char FULL[] = "{\"success\": true, \"filename\": \"a.jpg\", \"size\": 123, \"path\": "
                           "\"/x/a.jpg\", \"sha256\": \"" HASH "\", \"duplicate\": true, \"code\": "
                           "\"c\", \"error\": \"e\\nf\"}";

static void a_full_receipt_is_read(void **state)
{
    (void)state;
    struct json_receipt r = receipt(FULL);
    assert_true(r.is_object && r.has_success && r.success && r.has_size && r.has_sha256);
    assert_true(r.sha256_readable && r.has_filename && r.duplicate);
    assert_int_equal(r.size_bytes, 123);
    assert_int_equal(r.sha256[0], 0x00);
    assert_int_equal(r.sha256[31], 0xff);
    assert_string_equal(r.filename, "a.jpg");
    assert_string_equal(r.code, "c");
    assert_string_equal(r.error, "e f");
}

static void a_receipt_cut_anywhere_is_no_object(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof FULL - 1; cut++)
        assert_false(receipt_of(FULL, cut).is_object);
}

static void what_is_no_object_says_nothing(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"",
                                        " ",
                                        "ok",
                                        "true",
                                        "[]",
                                        "\"x\"",
                                        "1",
                                        "null",
                                        "<html>",
                                        "{",
                                        "{]",
                                        "[{}]",
                                        "{'a':1}",
                                        "\xff",
                                        "{\"success\":tru}",
                                        "\xef\xbb\xbf",
                                        "{\"a\" 1}",
                                        "99999999999999999999]"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        struct json_receipt r = receipt(TEXTS[i]), none = {0};
        assert_memory_equal(&r, &none, sizeof r);
    }
}

static void fields_of_other_types_count_as_absent_or_as_disagreeing(void **state)
{
    (void)state;
    struct json_receipt r = receipt("{}");
    assert_true(r.is_object);
    assert_false(r.has_success || r.has_size || r.has_sha256 || r.has_filename || r.duplicate);

    r = receipt("{\"success\": \"yes\", \"size\": \"12\", \"sha256\": 5, \"filename\": null, "
                "\"error\": [1], \"code\": {}}");
    assert_true(r.is_object);
    assert_false(r.has_success || r.has_size || r.has_sha256 || r.has_filename);
    assert_string_equal(r.error, "");

    r = receipt("{\"success\": 0, \"size\": -1, \"sha256\": \"zz\", \"filename\": \"\"}");
    assert_true(r.has_success && r.has_size && r.has_sha256 && r.has_filename);
    assert_false(r.success || r.sha256_readable);
    assert_true(r.size_bytes == UINT64_MAX);
    assert_true(receipt("{\"success\": 1}").success);
    assert_true(receipt("{\"size\": 12.5}").size_bytes == UINT64_MAX);
    assert_false(receipt("{\"sha256\": \"" HASH "0\"}").sha256_readable);
}

static void tricks_do_not_hide_a_failure(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "{\"success\": false, \"error\": \"\\u0000\"}",
        "\xef\xbb\xbf{\"success\": false}",
        "  \n{\"success\": false}\n",
        "{\"success\": false} and more",
        "{\"success\": true, \"success\": false}",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        struct json_receipt r = receipt(TEXTS[i]);
        assert_true(r.is_object && r.has_success);
        assert_false(r.success);
    }
    static const char *const NUMBERS[] = {"{\"size\": 99999999999999999999}", "{\"size\": 1e999}",
                                          "\r\n {\"size\": 1e999}"};
    for (size_t i = 0; i < 3; i++) {
        struct json_receipt r = receipt(NUMBERS[i]);
        assert_true(r.is_object && r.has_size && r.size_bytes == UINT64_MAX);
    }
}

static void long_texts_and_names_are_cut(void **state)
{
    (void)state;
    char text[1400], name[400];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    (void)snprintf(text, sizeof text, "{\"filename\": \"%s\", \"error\": \"%s\", \"code\": \"%s\"}",
                   name, name, name);
    struct json_receipt r = receipt(text);
    assert_true(r.has_filename);
    assert_int_equal(strlen(r.filename), PHOTO_NAME_MAX - 1); /* it named a file, whichever */
    assert_int_equal(strlen(r.error), JSON_TEXT_MAX - 1);
    assert_int_equal(strlen(r.code), JSON_CODE_MAX - 1);
    name[PHOTO_NAME_MAX - 1] = '\0';
    (void)snprintf(text, sizeof text, "{\"filename\": \"%s\"}", name);
    assert_string_equal(receipt(text).filename, name);
}

static void depth_does_not_break_us(void **state)
{
    (void)state;
    char *text = malloc(200001);
    assert_non_null(text);
    memset(text, '[', 200000);
    text[200000] = '\0';
    memcpy(text, "{\"a\":", 5);
    assert_false(receipt(text).is_object);
    free(text);
}

/* ---- lists ---- */

struct listed {
    struct json_listed entries[8];
    size_t count, stop_after;
};

static bool on_entry(void *arg, const struct json_listed *e)
{
    struct listed *l = arg;
    if (l->count < 8)
        l->entries[l->count] = *e;
    l->count++;
    return l->count != l->stop_after;
}

static enum err list_of(const char *text, size_t len, struct listed *out, bool *out_whole)
{
    struct json j = json_jansson();
    char *copy = exactly(text, len);
    enum err e = j.listing(j.ctx, (struct slice){copy, len}, on_entry, out, out_whole);
    free(copy);
    return e;
}

static const char LIST[] =
    "{\"count\": 3, \"other\": {\"deep\": [1, {\"filename\": \"no.jpg\"}]}, \"files\": [\n"
    "{\"filename\": \"a.jpg\", \"size\": 1, \"sha256\": \"" HASH
    "\", \"deliveries\": {\"x\": 1}},\n"
    "{\"name\": \"b.jpg\", \"size\": 2}, \"c.jpg\", 5, null, {\"filename\": 3}, []], \"next\": "
    "null}";

static void lists_of_both_kinds_are_read(void **state)
{
    (void)state;
    struct listed l = {0};
    bool whole = false;
    assert_int_equal(list_of(LIST, sizeof LIST - 1, &l, &whole), ERR_OK);
    assert_true(whole);
    assert_int_equal(l.count, 3);
    assert_string_equal(l.entries[0].filename, "a.jpg");
    assert_true(l.entries[0].has_size && l.entries[0].has_sha256);
    assert_string_equal(l.entries[1].filename, "b.jpg");
    assert_int_equal(l.entries[1].size_bytes, 2);
    assert_false(l.entries[1].has_sha256);
    assert_string_equal(l.entries[2].filename, "c.jpg");
    assert_false(l.entries[2].has_size);

    l = (struct listed){0};
    assert_int_equal(list_of("[\"a.jpg\", {\"filename\": \"b.jpg\", \"size\": 9}]", 44, &l, &whole),
                     ERR_OK);
    assert_int_equal(l.count, 2);
    l = (struct listed){0};
    assert_int_equal(list_of("{\"files\": []}", 13, &l, &whole), ERR_OK);
    assert_true(whole);
    assert_int_equal(l.count, 0);
}

static void a_list_cut_anywhere_gives_what_came_before(void **state)
{
    (void)state;
    size_t most = 0;
    for (size_t cut = 0; cut < sizeof LIST - 1; cut++) {
        struct listed l = {0};
        bool whole = false;
        enum err e = list_of(LIST, cut, &l, &whole);
        assert_true(e == ERR_OK || (e == ERR_INPUT && l.count == 0));
        assert_true(l.count >= most);
        most = l.count;
    }
    assert_int_equal(most, 3);
}

static void what_is_no_list_is_said_so(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",        "ok",        "{}",    "{\"files\": 5}", "{\"files\"}", "5", "{\"file\": [1]}",
        "{5: []}", "{\"a\": 1", "<html>"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        struct listed l = {0};
        bool whole;
        assert_int_equal(list_of(TEXTS[i], strlen(TEXTS[i]), &l, &whole), ERR_INPUT);
        assert_int_equal(l.count, 0);
    }
}

static void a_search_that_found_stops_reading(void **state)
{
    (void)state;
    struct listed l = {.stop_after = 1};
    bool whole;
    assert_int_equal(list_of(LIST, sizeof LIST - 1, &l, &whole), ERR_OK);
    assert_int_equal(l.count, 1);
}

/* ---- names ---- */

struct text_source {
    const char *text;
    size_t len, at, piece;
    size_t fail_at; /* bytes handed out before ERR_IO; 0 = never */
};

static enum err read_text(void *ctx, void *out, size_t cap, size_t *out_len)
{
    struct text_source *s = ctx;
    if (s->fail_at != 0 && s->at >= s->fail_at)
        return ERR_IO;
    size_t n = s->len - s->at < cap ? s->len - s->at : cap;
    n = n < s->piece ? n : s->piece;
    memcpy(out, s->text + s->at, n);
    s->at += n;
    *out_len = n;
    return ERR_OK;
}

struct taken {
    char names[16][PHOTO_NAME_MAX];
    size_t count, stop_after;
};

static bool on_name(void *arg, const char *name)
{
    struct taken *t = arg;
    if (t->count < 16)
        (void)snprintf(t->names[t->count], PHOTO_NAME_MAX, "%s", name);
    t->count++;
    return t->count != t->stop_after;
}

static enum err names_in(struct text_source s, struct taken *out, struct json_trouble *trouble)
{
    struct json j = json_jansson();
    struct json_source source = {.ctx = &s, .read = read_text};
    memset(trouble, 0xa5, sizeof *trouble);
    return j.names(j.ctx, &source, on_name, out, trouble);
}

static enum err names_of(const char *text, struct taken *out, struct json_trouble *trouble)
{
    return names_in((struct text_source){text, strlen(text), 0, SIZE_MAX, 0}, out, trouble);
}

static void names_are_read_from_arrays_and_from_objects(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        bool is_object;
    } ROWS[] = {
        {"[]", 0, false},
        {" [ ] \n", 0, false},
        {"[\"a.jpg\"]", 1, false},
        {"[\"a.jpg\", \"b.jpg\",\n\t\"c.jpg\"]\n", 3, false},
        {"\xef\xbb\xbf[\"a.jpg\"]", 1, false},
        {"{\"sent\": [\"a.jpg\", \"b.jpg\"]}", 2, true},
        {"{\"version\": 1, \"x\": {\"y\": [\"no\"]}, \"z\": [\"a.jpg\"], \"w\": [\"no\"]}", 1,
         true},
        {"[\"\", \"a/b.jpg\", \"\\u0000\", \"a\\u0000b\", \"a.jpg\"]", 1, false},
        {"[\"\\uc0ac\\uc9c4.jpg\"]", 1, false},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct taken t = {0};
        struct json_trouble trouble;
        assert_int_equal(names_of(ROWS[i].text, &t, &trouble), ERR_OK);
        assert_int_equal(t.count, ROWS[i].count);
        assert_int_equal(trouble.is_object, ROWS[i].is_object);
        assert_string_equal(trouble.text, "");
    }
}

static void trouble_is_found_where_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        uint64_t offset, line;
    } ROWS[] = {
        {"", 0, 0, 1},
        {"nonsense", 0, 0, 1},
        {"5", 0, 0, 1},
        {"{}", 0, 1, 1},
        {"{\"a\": 1}", 0, 7, 1},
        {"[\"a.jpg\"", 1, 8, 1},
        {"[\"a.jpg\", ", 1, 10, 1},
        {"[\"a.jpg\",]", 1, 9, 1},
        {"[\"a.jpg\",\n5]", 1, 10, 2},
        {"[\"a.jpg\",\n\n {\"n\": 1}]", 1, 12, 3},
        {"[\"a.jpg\" \"b.jpg\"]", 1, 9, 1},
        {"[\"a.jpg\", \"b", 1, 10, 1},
        {"[\"a.jpg\"] x", 1, 10, 1},
        {"{\"s\": [\"a.jpg\"]", 1, 15, 1},
        {"{\"s\": [\"a.jpg\"], \"t\" 5}", 1, 21, 1},
        {"[\"\xff.jpg\"]", 0, 1, 1},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct taken t = {0};
        struct json_trouble trouble;
        if (names_of(ROWS[i].text, &t, &trouble) != ERR_CORRUPT || t.count != ROWS[i].count ||
            trouble.offset != ROWS[i].offset || trouble.line != ROWS[i].line)
            fail_msg("%s: %zu names, offset %llu, line %llu", ROWS[i].text, t.count,
                     (unsigned long long)trouble.offset, (unsigned long long)trouble.line);
        assert_true(trouble.text[0] != '\0');
    }
}

static void pieces_and_cuts_change_nothing(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"v\": {\"a\": [1]}, \"s\": [\"a.jpg\", \"\\uc0ac.jpg\" , \"c\"], "
                               "\"t\": null}";
    for (size_t piece = 1; piece < sizeof TEXT; piece++) {
        struct taken t = {0};
        struct json_trouble trouble;
        assert_int_equal(
            names_in((struct text_source){TEXT, sizeof TEXT - 1, 0, piece, 0}, &t, &trouble),
            ERR_OK);
        assert_int_equal(t.count, 3);
    }
    size_t most = 0;
    for (size_t cut = 0; cut < sizeof TEXT - 1; cut++) {
        struct taken t = {0};
        struct json_trouble trouble;
        assert_int_equal(names_in((struct text_source){TEXT, cut, 0, 7, 0}, &t, &trouble),
                         ERR_CORRUPT);
        assert_true(trouble.offset <= cut);
        assert_true(t.count >= most);
        most = t.count;
    }
    assert_int_equal(most, 3);
}

static void a_source_that_fails_is_told_from_a_bad_text(void **state)
{
    (void)state;
    static const char TEXT[] = "[\"a.jpg\", \"b.jpg\", \"c.jpg\"]";
    for (size_t at = 1; at <= sizeof TEXT - 1; at++) {
        struct taken t = {0};
        struct json_trouble trouble;
        assert_int_equal(
            names_in((struct text_source){TEXT, sizeof TEXT - 1, 0, 1, at}, &t, &trouble), ERR_IO);
    }
}

static void names_have_a_longest_length(void **state)
{
    (void)state;
    for (size_t len = PHOTO_NAME_MAX - 2; len <= PHOTO_NAME_MAX; len++) {
        char text[PHOTO_NAME_MAX + 8];
        struct taken t = {0};
        struct json_trouble trouble;
        memset(text, 'n', sizeof text);
        text[0] = '[';
        text[1] = '"';
        memcpy(text + 2 + len, "\"]", 3);
        assert_int_equal(names_of(text, &t, &trouble), ERR_OK);
        assert_int_equal(t.count, len < PHOTO_NAME_MAX);
    }
}

static void values_have_a_longest_length(void **state)
{
    (void)state;
    for (size_t len = JSON_VALUE_MAX - 1; len <= JSON_VALUE_MAX + 1; len++) {
        char *text = malloc(len + 64);
        struct taken t = {0};
        struct json_trouble trouble;
        assert_non_null(text);
        /* A string of `len` bytes with its quotes: too long for a name, passed over if it fits. */
        memset(text, 'x', len + 8);
        text[0] = '[';
        text[1] = '"';
        strcpy(text + len, "\", \"a.jpg\"]");
        enum err e = names_of(text, &t, &trouble);
        assert_int_equal(e, len <= JSON_VALUE_MAX ? ERR_OK : ERR_CORRUPT);
        assert_int_equal(t.count, len <= JSON_VALUE_MAX);
        free(text);
    }
}

struct endless {
    uint64_t left;
    bool begun;
};

static enum err read_endless(void *ctx, void *out, size_t cap, size_t *out_len)
{
    struct endless *s = ctx;
    char *to = out;
    size_t n = 0;
    if (!s->begun)
        to[n++] = '[';
    s->begun = true;
    for (; s->left > 0 && n + 5 <= cap; n += 5, s->left--)
        memcpy(to + n, s->left > 1 ? "\"ab\"," : "\"ab\"]", 5);
    *out_len = n;
    return ERR_OK;
}

static void there_is_a_largest_number_of_names(void **state)
{
    (void)state;
    struct json j = json_jansson();
    for (uint64_t count = JSON_NAMES_MAX; count <= JSON_NAMES_MAX + 1; count++) {
        struct endless s = {.left = count};
        struct json_source source = {.ctx = &s, .read = read_endless};
        struct taken t = {0};
        struct json_trouble trouble;
        enum err e = j.names(j.ctx, &source, on_name, &t, &trouble);
        assert_int_equal(e, count <= JSON_NAMES_MAX ? ERR_OK : ERR_LIMIT);
    }
}

static void a_taker_may_stop(void **state)
{
    (void)state;
    struct taken t = {.stop_after = 2};
    struct json_trouble trouble;
    assert_int_equal(names_of("[\"a\", \"b\", \"c\"]", &t, &trouble), ERR_LIMIT);
    assert_int_equal(t.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_receipt_is_read),
        cmocka_unit_test(a_receipt_cut_anywhere_is_no_object),
        cmocka_unit_test(what_is_no_object_says_nothing),
        cmocka_unit_test(fields_of_other_types_count_as_absent_or_as_disagreeing),
        cmocka_unit_test(tricks_do_not_hide_a_failure),
        cmocka_unit_test(long_texts_and_names_are_cut),
        cmocka_unit_test(depth_does_not_break_us),
        cmocka_unit_test(lists_of_both_kinds_are_read),
        cmocka_unit_test(a_list_cut_anywhere_gives_what_came_before),
        cmocka_unit_test(what_is_no_list_is_said_so),
        cmocka_unit_test(a_search_that_found_stops_reading),
        cmocka_unit_test(names_are_read_from_arrays_and_from_objects),
        cmocka_unit_test(trouble_is_found_where_it_is),
        cmocka_unit_test(pieces_and_cuts_change_nothing),
        cmocka_unit_test(a_source_that_fails_is_told_from_a_bad_text),
        cmocka_unit_test(names_have_a_longest_length),
        cmocka_unit_test(values_have_a_longest_length),
        cmocka_unit_test(there_is_a_largest_number_of_names),
        cmocka_unit_test(a_taker_may_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
