/* Goal: what is written is read back, by our own reader, as the very same names and bytes. */
#include <string.h>

#include "lib/wire/multipart_writer.h"
#include "test/unit/unit.h"
#include "test/unit/wire/multipart_record.h"

static struct multipart_record record;

static void a_body_is_exactly_these_bytes(void **state)
{
    (void)state;
    char memory[512];
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    multipart_writer_field(&b, SLICE("sep"), SLICE("camera"), SLICE("door1"));
    multipart_writer_file(&b, SLICE("sep"),
                          &(struct multipart_writer_file){.name = SLICE("file"),
                                                          .filename = SLICE("a.jpg"),
                                                          .content_type = SLICE("image/jpeg")});
    buf_add_text(&b, "DATA");
    multipart_writer_end(&b, SLICE("sep"));
    assert_false(b.overflowed);
    assert_string_equal(
        buf_text(&b), "--sep\r\nContent-Disposition: form-data; name=\"camera\"\r\n\r\ndoor1\r\n"
                      "--sep\r\nContent-Disposition: form-data; name=\"file\"; "
                      "filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nDATA\r\n--sep--\r\n");
}

static void any_name_is_read_back(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a.jpg",
        "a\"b\r\n.jpg",
        "\xEC\x82\xAC\xEC\xA7\x84 1.jpg",
        "",
        "a;b=c.jpg",
        "'q'.jpg",
        "C:\\dir\\a.jpg",
        "100%.jpg",
    };
    char memory[512];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct buf b;
        struct slice name = slice_of(names[i]);
        struct multipart_writer_file file = {.name = name, .filename = name};
        buf_init(&b, memory, sizeof memory);
        multipart_writer_file(&b, SLICE("sep"), &file);
        buf_add_text(&b, "\r\nDATA\r\n");
        multipart_writer_end(&b, SLICE("sep"));
        assert_true(multipart_record_begin(&record, SLICE("sep")));
        multipart_record_feed(&record, buf_slice(&b));
        assert_int_equal(record.last, MULTIPART_END);
        assert_true(slice_eq(record.reader.part.name, name));
        assert_true(slice_eq(record.reader.part.filename, name));
        assert_true(record.reader.part.has_filename);
        assert_int_equal(record.reader.part.content_type.len, 0);
    }
}

static void a_nul_never_gets_into_a_head(void **state)
{
    (void)state;
    char memory[256];
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    multipart_writer_field(&b, SLICE("sep"), SLICE("a\0b"), SLICE("1"));
    assert_int_equal(slice_find(buf_slice(&b), '\0'), b.len);
}

static void a_boundary_fits_its_reader_and_its_header(void **state)
{
    (void)state;
    uint8_t dice[MULTIPART_WRITER_DICE_BYTES];
    char boundary[MULTIPART_WRITER_BOUNDARY_LEN + 1];
    char memory[128];
    struct buf b;
    struct slice found;
    memset(dice, 0xA5, sizeof dice);
    multipart_writer_boundary(dice, boundary);
    assert_string_equal(boundary, "camrelay-a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5");
    buf_init(&b, memory, sizeof memory);
    multipart_writer_content_type(&b, slice_of(boundary));
    assert_int_equal(multipart_boundary(buf_slice(&b), &found), MULTIPART_KIND_BOUNDED);
    assert_true(slice_eq(found, slice_of(boundary)));
}

static void what_does_not_fit_is_noticed(void **state)
{
    (void)state;
    char memory[63]; /* exactly one field */
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    multipart_writer_field(&b, SLICE("sep"), SLICE("camera"), SLICE("door1"));
    assert_false(b.overflowed);
    assert_int_equal(b.len, sizeof memory);
    buf_init(&b, memory, sizeof memory - 1);
    multipart_writer_field(&b, SLICE("sep"), SLICE("camera"), SLICE("door1"));
    assert_true(b.overflowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_exactly_these_bytes),
        cmocka_unit_test(any_name_is_read_back),
        cmocka_unit_test(a_nul_never_gets_into_a_head),
        cmocka_unit_test(a_boundary_fits_its_reader_and_its_header),
        cmocka_unit_test(what_does_not_fit_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
