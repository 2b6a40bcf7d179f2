/* Goal: one plain question gets the portal's address; nothing else gets more than it may. */
#include <stdlib.h>
#include <string.h>

#include "lib/wire/hijack.h"
#include "test/unit/unit.h"

static const uint8_t HERE[4] = {192, 168, 4, 1};
static const uint8_t QUERY[] = {0x12, 0x34, 1,   0,   0,   1, 0,   0,   0,   0, 0, 0, 7, 'e', 'x',
                                'a',  'm',  'p', 'l', 'e', 3, 'o', 'r', 'g', 0, 0, 1, 0, 1};

static void a_question_gets_the_portals_address(void **state)
{
    (void)state;
    uint8_t out[HIJACK_MESSAGE_MAX];
    size_t n = hijack_answer(QUERY, sizeof QUERY, HERE, out);
    assert_int_equal(n, sizeof QUERY + 16);
    assert_memory_equal(out, QUERY, 2);
    assert_int_equal(out[2], 0x85);
    assert_int_equal(out[7], 1);
    assert_memory_equal(out + n - 4, HERE, 4);
    assert_int_equal(out[n - 16], 0xC0);
}

static void other_types_get_no_record(void **state)
{
    (void)state;
    uint8_t query[sizeof QUERY], out[HIJACK_MESSAGE_MAX];
    memcpy(query, QUERY, sizeof query);
    query[sizeof query - 3] = 28; /* AAAA */
    assert_int_equal(hijack_answer(query, sizeof query, HERE, out), sizeof query);
    assert_int_equal(out[7], 0);
}

static void what_is_no_plain_question_gets_nothing(void **state)
{
    (void)state;
    uint8_t out[HIJACK_MESSAGE_MAX];
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {{2, 0x81}, {2, 0x28}, {5, 2}, {5, 0}, {12, 0xC0}, {12, 200}, {20, 60}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t query[sizeof QUERY];
        memcpy(query, QUERY, sizeof query);
        query[rows[i].at] = rows[i].value;
        assert_int_equal(hijack_answer(query, sizeof query, HERE, out), 0);
    }
    for (size_t cut = 0; cut < sizeof QUERY; cut++) {
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, QUERY, cut);
        assert_int_equal(hijack_answer(copy, cut, HERE, out), 0);
        free(copy);
    }
    static uint8_t huge[600];
    memcpy(huge, QUERY, 12);
    for (size_t at = 12; at + 64 < sizeof huge; at += 64)
        huge[at] = 63;
    assert_int_equal(hijack_answer(huge, sizeof huge, HERE, out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_gets_the_portals_address),
        cmocka_unit_test(other_types_get_no_record),
        cmocka_unit_test(what_is_no_plain_question_gets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
