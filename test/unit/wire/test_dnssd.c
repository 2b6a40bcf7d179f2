/* Goal: services are found in answers as Avahi and the chips give them, and no packet, however
 * hostile, is more than not understood. Method: packets put together here, every truncation, every
 * byte changed, from memory that ends exactly where the packet ends. */
#include <stdlib.h>
#include <string.h>

#include "lib/wire/dnssd.h"
#include "test/unit/unit.h"

static const char SERVICE[] = "_camrelay-audio._tcp.local";

struct seen {
    unsigned count;
    struct dnssd_service last;
};

static void note(void *ctx, const struct dnssd_service *found)
{
    struct seen *s = ctx;
    assert_true(memchr(found->instance, 0, sizeof found->instance) != NULL);
    assert_true(memchr(found->path, 0, sizeof found->path) != NULL);
    assert_true(found->port != 0 && found->instance[0] != '\0');
    s->count++;
    s->last = *found;
}

static struct seen read_packet(const uint8_t *bytes, size_t len)
{
    struct seen s = {0};
    uint8_t *exact = malloc(len + 1);
    memcpy(exact + 1, bytes, len);
    dnssd_read(exact + 1, len, SERVICE, note, &s);
    free(exact);
    return s;
}

struct writer {
    uint8_t bytes[1024];
    size_t len;
};

static void put(struct writer *w, const void *data, size_t len)
{
    assert_true(w->len + len <= sizeof w->bytes);
    memcpy(w->bytes + w->len, data, len);
    w->len += len;
}

static void put16(struct writer *w, unsigned v)
{
    uint8_t b[] = {(uint8_t)(v >> 8), (uint8_t)v};
    put(w, b, 2);
}

static void begin(struct writer *w)
{
    w->len = 0;
    put16(w, 0);
    put16(w, 0x8400);
    put16(w, 1);
    put16(w, 1);
    put16(w, 0);
    put16(w, 2);
    put(w, "\x0f_camrelay-audio\x04_tcp\x05local\0", 28); /* at 12 */
    put16(w, 12);
    put16(w, 1);
}

/* A name as a pointer, the rest of a record, and where its data begins. */
static size_t put_head(struct writer *w, unsigned pointer, unsigned type, unsigned cls)
{
    put16(w, 0xC000 | pointer);
    put16(w, type);
    put16(w, cls);
    put16(w, 0);
    put16(w, 120);
    put16(w, 0); /* length: put_end */
    return w->len;
}

static void put_end(struct writer *w, size_t begun)
{
    w->bytes[begun - 2] = (uint8_t)((w->len - begun) >> 8);
    w->bytes[begun - 1] = (uint8_t)(w->len - begun);
}

static struct writer usual(void)
{
    struct writer w;
    begin(&w);
    size_t at = put_head(&w, 12, 12, 1);
    unsigned instance = (unsigned)w.len;
    put(&w,
        "\x0b"
        "Front. door\xc0\x0c",
        14);
    put_end(&w, at);
    at = put_head(&w, instance, 33, 0x8001);
    put16(&w, 0);
    put16(&w, 0);
    put16(&w, 8080);
    put(&w, "\x03mic\xc0\x21", 6);
    put_end(&w, at);
    at = put_head(&w, instance, 16, 0x8001);
    put(&w, "\x03v=1\x10path=/stream.wav", 21);
    put_end(&w, at);
    return w;
}

static void a_question_is_what_responders_expect(void **state)
{
    (void)state;
    uint8_t out[DNSSD_QUERY_MAX];
    static const uint8_t expected[] =
        "\0\0\0\0\0\1\0\0\0\0\0\0\x0f_camrelay-audio\x04_tcp\x05local\0"
        "\0\x0c\x80\1";
    assert_int_equal(dnssd_write_query(SERVICE, out), sizeof expected - 1);
    assert_memory_equal(out, expected, sizeof expected - 1);
    char longest[DNSSD_NAME_MAX + 1];
    memset(longest, 'a', sizeof longest);
    for (size_t i = 63; i < sizeof longest; i += 64)
        longest[i] = '.';
    longest[DNSSD_NAME_MAX - 1] = '\0';
    longest[DNSSD_NAME_MAX - 2] = 'a';
    assert_true(dnssd_write_query(longest, out) > 0);
    longest[DNSSD_NAME_MAX - 1] = 'a';
    longest[DNSSD_NAME_MAX] = '\0';
    assert_int_equal(dnssd_write_query(longest, out), 0);
    static const char *const wrong[] = {"", ".", "a..b", ".local"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(dnssd_write_query(wrong[i], out), 0);
}

static void an_answer_tells_name_port_and_path(void **state)
{
    (void)state;
    struct writer w = usual();
    struct seen s = read_packet(w.bytes, w.len);
    assert_int_equal(s.count, 1);
    assert_string_equal(s.last.instance, "Front. door");
    assert_int_equal(s.last.port, 8080);
    assert_string_equal(s.last.path, "/stream.wav");
}

static void what_is_no_answer_or_of_another_service_is_passed_over(void **state)
{
    (void)state;
    struct writer w = usual();
    w.bytes[2] = 0; /* a question */
    assert_int_equal(read_packet(w.bytes, w.len).count, 0);
    w = usual();
    w.bytes[14] = 'x';
    assert_int_equal(read_packet(w.bytes, w.len).count, 0);
    w = usual();
    w.bytes[14] = 'C'; /* names know no case */
    assert_int_equal(read_packet(w.bytes, w.len).count, 1);
}

static void every_truncation_is_bounded(void **state)
{
    (void)state;
    struct writer w = usual();
    for (size_t len = 0; len < w.len; len++)
        assert_true(read_packet(w.bytes, len).count <= 1);
    assert_int_equal(read_packet(w.bytes, w.len - 22).count, 1); /* only the TXT is missing */
}

static void every_wrong_byte_is_bounded(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        for (size_t at = 0; at < usual().len; at++) {
            struct writer w = usual();
            w.bytes[at] = (uint8_t)value;
            (void)read_packet(w.bytes, w.len);
        }
    }
}

static void pointers_do_not_run_in_circles(void **state)
{
    (void)state;
    struct writer w;
    begin(&w);
    size_t at = put_head(&w, 12, 12, 1);
    put16(&w, 0xC000 | (unsigned)w.len); /* to itself */
    put_end(&w, at);
    assert_int_equal(read_packet(w.bytes, w.len).count, 0);
    begin(&w);
    at = put_head(&w, 12, 12, 1);
    put16(&w, 0xC000 | (unsigned)(w.len + 2)); /* forwards */
    unsigned mic = (unsigned)w.len;
    put(&w, "\x03mic\xc0\x0c", 6);
    put_end(&w, at);
    at = put_head(&w, mic, 33, 1);
    put(&w, "\0\0\0\0\0\x50\1x", 8);
    put_end(&w, at);
    assert_int_equal(read_packet(w.bytes, w.len).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_what_responders_expect),
        cmocka_unit_test(an_answer_tells_name_port_and_path),
        cmocka_unit_test(what_is_no_answer_or_of_another_service_is_passed_over),
        cmocka_unit_test(every_truncation_is_bounded),
        cmocka_unit_test(every_wrong_byte_is_bounded),
        cmocka_unit_test(pointers_do_not_run_in_circles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
