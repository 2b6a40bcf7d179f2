/* Goal: addresses are taken exactly as the standards write them; near misses of words are found. */
#include <stdlib.h>
#include <string.h>

#include "relay/logic/address.h"
#include "relay/logic/nearest.h"
#include "test/unit/unit.h"

/* From memory that ends where the text ends. */
static bool is_ip(const char *text)
{
    size_t len = strlen(text);
    char *exact = malloc(len + (len == 0));
    assert_non_null(exact);
    memcpy(exact, text, len);
    bool answer = address_is_ip((struct slice){exact, len});
    free(exact);
    return answer;
}

static void addresses_are_taken(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "0.0.0.0",
        "255.255.255.255",
        "127.0.0.1",
        "::",
        "::1",
        "1::",
        "fe80::1",
        "1:2:3:4:5:6:7:8",
        "::1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4",
        "1::8",
        "2001:DB8::a",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        if (!is_ip(GOOD[i]))
            fail_msg("%s was refused", GOOD[i]);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "256.0.0.1",
        "1.2.3.04",
        "1..2.3",
        "1.2.3.4.",
        ".1.2.3.4",
        "a.b.c.d",
        ":",
        ":::",
        "1:2",
        "1:::2",
        "::1::",
        "12345::",
        "g::",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8:",
        "::1.2.3",
        "1.2.3.4::",
        "1:2:3:4:5:6:7:1.2.3.4",
        "fe80::1%eth0",
        "[::1]",
        "localhost",
        "1 ",
        "1:2:3:4::5:6:7:8",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        if (is_ip(BAD[i]))
            fail_msg("%s was taken", BAD[i]);
    }
}

static void the_nearest_word_is_found_and_a_far_one_is_not(void **state)
{
    (void)state;
    static const char *const WORDS[] = {"port", "interval", "immediate", "max_upload"};
    static const char *const ROWS[][2] = {
        {"prt", "port"},
        {"porrt", "port"},
        {"prot", "port"},
        {"part", "port"},
        {"Interval", "interval"},
        {"interal", "interval"},
        {"max-upload", "max_upload"},
        {"imediat", "immediate"},
        {"", NULL},
        {"p", NULL},
        {"abcd", NULL},
        {"prtt", NULL},
        {"retention", NULL},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        const char *found = nearest_find(slice_of(ROWS[i][0]), WORDS, 4);
        if (ROWS[i][1] == NULL)
            assert_null(found);
        else
            assert_string_equal(found, ROWS[i][1]);
    }
    char longest[NEAREST_WORD_MAX + 1];
    memset(longest, 'x', sizeof longest);
    assert_null(nearest_find((struct slice){longest, NEAREST_WORD_MAX}, WORDS, 4));
    assert_null(nearest_find((struct slice){longest, NEAREST_WORD_MAX + 1}, WORDS, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_taken),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(the_nearest_word_is_found_and_a_far_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
