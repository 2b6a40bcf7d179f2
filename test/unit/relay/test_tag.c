/* Goal: a photo's record comes back exactly, and a damaged one never does. */
#include <stdlib.h>
#include <string.h>

#include "relay/logic/tag.h"
#include "test/unit/unit.h"

static struct photo sample(void)
{
    struct photo p = {
        .size_bytes = 123456,
        .received = {1768378502123},
        .captured = {1768378501000},
        .camera = "door 1 \xec\x98\xa8\xec\x8b\xa4",
        .key = "esp32-0a1b\t%41\n\"x\"",
        .original = "../a b%.jpg",
        .boot = UINT64_MAX,
        .seq = 17,
        .has_seq = true,
    };
    for (size_t i = 0; i < sizeof p.sha256; i++)
        p.sha256[i] = (uint8_t)(i * 7);
    return p;
}

static size_t write_tag(const struct photo *p, char *out, size_t cap)
{
    struct buf b;
    buf_init(&b, out, cap);
    tag_write(&b, p);
    assert_false(b.overflowed);
    return b.len;
}

static void a_record_comes_back_exactly(void **state)
{
    (void)state;
    char text[TAG_BYTES_MAX];
    struct photo p = sample();
    size_t len = write_tag(&p, text, sizeof text);
    struct photo back;
    assert_int_equal(tag_read((struct slice){text, len}, &back), ERR_OK);
    assert_memory_equal(back.sha256, p.sha256, sizeof p.sha256);
    assert_true(back.size_bytes == p.size_bytes && back.received.ms == p.received.ms);
    assert_true(back.captured.ms == p.captured.ms && back.has_seq);
    assert_true(back.boot == p.boot && back.seq == p.seq);
    assert_string_equal(back.camera, p.camera);
    assert_string_equal(back.key, p.key);
    assert_string_equal(back.original, p.original);
    assert_string_equal(back.name, "");
    assert_null(memchr(text, '\n', len));
}

static void what_was_not_told_stays_empty(void **state)
{
    (void)state;
    char text[TAG_BYTES_MAX];
    struct photo p = {.size_bytes = 1};
    size_t len = write_tag(&p, text, sizeof text);
    struct photo back;
    assert_int_equal(tag_read((struct slice){text, len}, &back), ERR_OK);
    assert_false(back.has_seq);
    assert_string_equal(back.camera, "");
    assert_string_equal(back.key, "");
    assert_int_equal(back.captured.ms, 0);
}

/* "1970-01-01T00:00:12+09:00", as a camera says whose clock was never set. */
static void times_before_1970_come_back(void **state)
{
    (void)state;
    char text[TAG_BYTES_MAX];
    struct photo p = sample(), back;
    p.captured.ms = -32388000;
    p.received.ms = -1;
    size_t len = write_tag(&p, text, sizeof text);
    assert_int_equal(tag_read((struct slice){text, len}, &back), ERR_OK);
    assert_int_equal(back.captured.ms, p.captured.ms);
    assert_int_equal(back.received.ms, p.received.ms);
}

static void the_longest_record_fits(void **state)
{
    (void)state;
    char text[TAG_BYTES_MAX];
    struct photo p = sample();
    memset(p.camera, '%', sizeof p.camera - 1);
    memset(p.key, '\x01', sizeof p.key - 1);
    memset(p.original, ' ', sizeof p.original - 1);
    p.camera[sizeof p.camera - 1] = '\0';
    p.key[sizeof p.key - 1] = '\0';
    p.original[sizeof p.original - 1] = '\0';
    p.size_bytes = p.boot = p.seq = UINT64_MAX;
    p.received.ms = p.captured.ms = INT64_MAX;
    size_t len = write_tag(&p, text, sizeof text);
    struct photo back;
    assert_int_equal(tag_read((struct slice){text, len}, &back), ERR_OK);
    assert_string_equal(back.key, p.key);
    assert_string_equal(back.original, p.original);
}

static void every_damage_of_one_byte_is_found(void **state)
{
    (void)state;
    char text[TAG_BYTES_MAX];
    struct photo p = sample();
    size_t len = write_tag(&p, text, sizeof text);
    struct photo back;
    for (size_t i = 0; i < len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ (1 << bit));
            /* The case of a checksum's letters is all that may change unseen. */
            if (tag_read((struct slice){text, len}, &back) == ERR_OK)
                assert_true(bit == 5 && i >= len - 8);
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
}

static void every_truncation_is_found(void **state)
{
    (void)state;
    char text[TAG_BYTES_MAX];
    struct photo p = sample();
    size_t len = write_tag(&p, text, sizeof text);
    for (size_t cut = 0; cut < len; cut++) {
        char *exact = malloc(cut + 1);
        struct photo back = {.id = 77};
        memcpy(exact, text, cut);
        assert_int_equal(tag_read((struct slice){exact, cut}, &back), ERR_CORRUPT);
        assert_int_equal(back.id, 77);
        free(exact);
    }
}

static void text_that_is_not_escaped_as_we_do_is_refused(void **state)
{
    (void)state;
    char out[8];
    assert_true(tag_unescape(SLICE("a%25b"), out, sizeof out));
    assert_string_equal(out, "a%b");
    assert_false(tag_unescape(SLICE("a%2"), out, sizeof out));
    assert_false(tag_unescape(SLICE("a%"), out, sizeof out));
    assert_false(tag_unescape(SLICE("a%zz"), out, sizeof out));
    assert_false(tag_unescape(SLICE("a%00"), out, sizeof out));
    assert_true(tag_unescape(SLICE("1234567"), out, sizeof out));
    assert_false(tag_unescape(SLICE("12345678"), out, sizeof out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_comes_back_exactly),
        cmocka_unit_test(what_was_not_told_stays_empty),
        cmocka_unit_test(times_before_1970_come_back),
        cmocka_unit_test(the_longest_record_fits),
        cmocka_unit_test(every_damage_of_one_byte_is_found),
        cmocka_unit_test(every_truncation_is_found),
        cmocka_unit_test(text_that_is_not_escaped_as_we_do_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
