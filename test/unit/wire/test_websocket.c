/* Goal: a client's frames are understood however they are cut, and nothing wrong is let pass. */
#include "lib/wire/websocket.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "test/unit/unit.h"

#define ROWS(table) (sizeof(table) / sizeof(table)[0])
#define HELLO "\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58" /* mask and text of RFC 6455 5.7 */

static void the_key_is_answered_as_in_the_rfc(void **state)
{
    (void)state;
    char out[WEBSOCKET_ACCEPT_LEN + 1];
    assert_true(websocket_accept(SLICE("dGhlIHNhbXBsZSBub25jZQ=="), out));
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_false(websocket_accept(SLICE("dGhlIHNhbXBsZSBub25jZQ="), out));
    assert_false(websocket_accept(SLICE("dGhlIHNhbXBsZSBub25j!Q=="), out));
    assert_false(websocket_accept(SLICE("dGhlIHNhbXBsZSBub25jZQAA"), out)); /* 18 bytes */
    assert_false(websocket_accept(SLICE(""), out));
}

static void heads_are_as_short_as_they_can_be(void **state)
{
    (void)state;
    uint8_t head[WEBSOCKET_HEAD_BYTES_MAX];
    assert_int_equal(websocket_write_head(WEBSOCKET_BINARY, 125, head), 2);
    assert_memory_equal(head, "\x82\x7d", 2);
    assert_int_equal(websocket_write_head(WEBSOCKET_BINARY, 126, head), 4);
    assert_memory_equal(head, "\x82\x7e\x00\x7e", 4);
    assert_int_equal(websocket_write_head(WEBSOCKET_TEXT, 65535, head), 4);
    assert_memory_equal(head, "\x81\x7e\xff\xff", 4);
}

static const struct {
    const char *name;
    const char *bytes;
    size_t len;
    const char *heard; /* opcode and text of each message, then the close code if it is BAD */
} rows[] = {
#define ROW(name, bytes, heard)                                                                    \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1, heard                                                      \
    }
    ROW("a text", "\x81\x85" HELLO, "1 Hello;"),
    ROW("two messages",
        "\x81\x85" HELLO "\x82\x80"
        "abcd",
        "1 Hello;2 ;"),
    ROW("in pieces with a ping between",
        "\x01\x82"
        "\0\0\0\0ab"
        "\x89\x81"
        "\0\0\0\0x"
        "\x80\x81"
        "\0\0\0\0c",
        "9 x;1 abc;"),
    ROW("empty pieces",
        "\x01\x80"
        "abcd"
        "\x00\x80"
        "abcd"
        "\x80\x80"
        "abcd",
        "1 ;"),
    ROW("a close",
        "\x88\x82"
        "\0\0\0\0\x03\xe8",
        "8 \x03\xe8;"),
    ROW("a close without reason",
        "\x88\x80"
        "abcd",
        "8 ;"),
    ROW("a close of one byte",
        "\x88\x81"
        "abcdx",
        "1002"),
    ROW("no mask",
        "\x81\x05"
        "Hello",
        "1002"),
    ROW("reserved bit", "\xc1\x85" HELLO, "1002"),
    ROW("opcode 3", "\x83\x85" HELLO, "1002"),
    ROW("opcode 11", "\x8b\x85" HELLO, "1002"),
    ROW("a ping in pieces",
        "\x09\x80"
        "abcd",
        "1002"),
    ROW("a ping too long",
        "\x89\xfe\x00\x7e"
        "abcd",
        "1002"),
    ROW("nothing to continue", "\x80\x85" HELLO, "1002"),
    ROW("a new message inside another",
        "\x01\x80"
        "abcd"
        "\x81\x80"
        "abcd",
        "1002"),
    ROW("16 bits for a short length",
        "\x81\xfe\x00\x7d"
        "abcd",
        "1002"),
    ROW("64 bits for a short length",
        "\x81\xff\0\0\0\0\0\0\xff\xff"
        "abcd",
        "1002"),
    ROW("64 bits with the sign",
        "\x81\xff\x80\0\0\0\0\0\0\0"
        "abcd",
        "1002"),
    ROW("far too long",
        "\x81\xff\0\0\0\1\0\0\0\0"
        "abcd",
        "1009"),
    ROW("one byte too long",
        "\x81\xfe\x01\x01"
        "abcd",
        "1009"),
    ROW("too long after a good one",
        "\x81\x85" HELLO "\x81\xfe\x01\x01"
        "abcd",
        "1 Hello;1009"),
};

/* Feeds `len` bytes from memory of that size and writes down what is heard. */
static void hear(struct websocket *w, const char *bytes, size_t len, struct buf *out)
{
    char *heap = malloc(len > 0 ? len : 1);
    memcpy(heap, bytes, len);
    size_t at = 0, used = 0;
    for (;;) {
        enum websocket_event e = websocket_feed(w, heap + at, len - at, &used);
        at += used;
        if (e == WEBSOCKET_MORE) {
            assert_int_equal(at, len);
            break;
        }
        if (e == WEBSOCKET_BAD) {
            if (out->len < 4 || memcmp(out->ptr + out->len - 4, "100", 3) != 0)
                buf_add_format(out, "%u", w->close_code);
            break;
        }
        buf_add_format(out, "%d ", (int)w->op);
        buf_add(out, w->bytes, w->len);
        buf_add_text(out, ";");
    }
    free(heap);
}

static void frames_are_heard_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t cut = 0; cut <= rows[i].len; cut++) {
            char memory[256];
            struct buf out;
            struct websocket w = {0};
            buf_init(&out, memory, sizeof memory);
            hear(&w, rows[i].bytes, cut, &out);
            hear(&w, rows[i].bytes + cut, rows[i].len - cut, &out);
            if (strcmp(buf_text(&out), rows[i].heard) != 0)
                fail_msg("%s, cut at %zu: %s", rows[i].name, cut, buf_text(&out));
        }
    }
}

static void the_longest_message_is_taken_in_one_and_in_two(void **state)
{
    (void)state;
    char frame[8 + WEBSOCKET_MESSAGE_MAX] = "\x82\xfe\x00\x80\1\2\3\4";
    struct websocket w = {0};
    size_t used;
    for (size_t i = 0; i < WEBSOCKET_MESSAGE_MAX; i++)
        frame[8 + i] = (char)(7 ^ (i % 4 + 1));
    assert_int_equal(websocket_feed(&w, frame, sizeof frame, &used), WEBSOCKET_MESSAGE);
    assert_int_equal(w.len, WEBSOCKET_MESSAGE_MAX);
    for (size_t i = 0; i < w.len; i++)
        assert_int_equal(w.bytes[i], 7);
    frame[0] = 2; /* not the last piece: one more byte is one too many */
    w = (struct websocket){0};
    assert_int_equal(websocket_feed(&w, frame, sizeof frame, &used), WEBSOCKET_MORE);
    assert_int_equal(websocket_feed(&w,
                                    "\x80\x81"
                                    "abcdx",
                                    7, &used),
                     WEBSOCKET_BAD);
    assert_int_equal(w.close_code, 1009);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_answered_as_in_the_rfc),
        cmocka_unit_test(heads_are_as_short_as_they_can_be),
        cmocka_unit_test(frames_are_heard_at_every_split),
        cmocka_unit_test(the_longest_message_is_taken_in_one_and_in_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
