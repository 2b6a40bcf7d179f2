/* Goal: the lines can be copied into a browser and into the sketch as they are. */
#include "relay/logic/lanhints.h"
#include "test/unit/unit.h"

static void the_lines_of_url_and_sketch_fit_the_address(void **state)
{
    (void)state;
    char memory[512];
    struct buf out;
    buf_init(&out, memory, sizeof memory);
    lanhints_add(&out, "192.168.1.100", 5000, false);
    assert_string_equal(buf_text(&out), "a camera needs: http://192.168.1.100:5000/upload\n"
                                        "    const char* rpiServerIP = \"192.168.1.100\";\n"
                                        "    const int rpiServerPort = 5000;\n"
                                        "    const char* rpiServerPath = \"/upload\";\n");
}

static void ipv6_stands_in_brackets_and_tls_says_https(void **state)
{
    (void)state;
    char memory[512];
    struct buf out;
    buf_init(&out, memory, sizeof memory);
    lanhints_add(&out, "2001:db8::1", 443, true);
    assert_memory_equal(memory, "a camera needs: https://[2001:db8::1]:443/upload\n", 49);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lines_of_url_and_sketch_fit_the_address),
        cmocka_unit_test(ipv6_stands_in_brackets_and_tls_says_https),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
