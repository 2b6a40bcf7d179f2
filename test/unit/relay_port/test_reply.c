/* Goal: an answer outlives its giver, byte for byte, and its written form is proper HTTP. */
#include "test/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "relay/port/reply.h"

static void a_copy_does_not_need_the_original(void **state)
{
    (void)state;
    char *body = strdup("body"), *value = strdup("7");
    assert_true(body != NULL && value != NULL);
    struct front_reply r = {.status = 503,
                            .content_type = "text/plain",
                            .headers = {{"Retry-After", value}, {"Allow", ""}},
                            .header_count = 2,
                            .body = body,
                            .body_len = 4};
    struct front_reply *copy = reply_copy(&r);
    assert_non_null(copy);
    memset(body, 'x', 4);
    memset(value, 'x', 1);
    free(body);
    free(value);
    assert_int_equal(copy->status, 503);
    assert_string_equal(copy->headers[0].value, "7");
    assert_string_equal(copy->headers[1].value, "");
    assert_memory_equal(copy->body, "body", 4);
    free(copy);
}

static void a_static_body_is_not_copied(void **state)
{
    (void)state;
    static const char page[] = "page";
    struct front_reply r = {.status = 200, .body = page, .body_len = 4, .body_is_static = true};
    struct front_reply *copy = reply_copy(&r);
    assert_non_null(copy);
    assert_ptr_equal(copy->body, page);
    free(copy);
}

static void a_refusal_is_the_json_of_the_contract(void **state)
{
    (void)state;
    struct front_reply *r = reply_refusal(413, "too_large", "It is too large.");
    assert_non_null(r);
    static const char text[] =
        "{\"success\": false, \"error\": \"It is too large.\", \"code\": \"too_large\"}\n";
    assert_int_equal(r->body_len, sizeof text - 1);
    assert_memory_equal(r->body, text, sizeof text - 1);
    assert_true(r->close);
    free(r);
}

static void a_written_head_is_proper(void **state)
{
    (void)state;
    char memory[500];
    struct buf b;
    struct front_reply r = {.status = 413,
                            .content_type = "application/json",
                            .headers = {{"Retry-After", "5"}},
                            .header_count = 1,
                            .body_len = 12};
    buf_init(&b, memory, sizeof memory);
    reply_head(&r, "Content Too Large", &b);
    const char *text = buf_text(&b);
    assert_non_null(text);
    static const char first[] = "HTTP/1.1 413 Content Too Large\r\nDate: ";
    assert_memory_equal(text, first, sizeof first - 1);
    /* "Mon, 23 Nov 2026 08:27:19 GMT" */
    assert_memory_equal(text + sizeof first - 1 + 26, "GMT\r\n", 5);
    assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(text, "\r\nRetry-After: 5\r\n"));
    assert_non_null(strstr(text, "\r\nContent-Type: application/json\r\n"));
    assert_string_equal(text + b.len - 24, "\r\nContent-Length: 12\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_does_not_need_the_original),
        cmocka_unit_test(a_static_body_is_not_copied),
        cmocka_unit_test(a_refusal_is_the_json_of_the_contract),
        cmocka_unit_test(a_written_head_is_proper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
