/* Goal: a ticket opens for its time and only as it was written; nothing else does. */
#include <string.h>

#include "camera/logic/ticket.h"
#include "test/fakes/camera/fake_random.h"
#include "test/unit/unit.h"

static void it_opens_for_its_time_only(void **state)
{
    (void)state;
    struct fake_random dice;
    struct ticket t = {0};
    fake_random_init(&dice, 9);
    assert_false(ticket_opens(&t, SLICE(""), (struct mono){0}));
    assert_false(ticket_opens(&t, (struct slice){t.text, 32}, (struct mono){0}));
    ticket_issue(&t, &dice.random, (struct mono){1000});
    struct slice said = slice_of(t.text);
    assert_int_equal(said.len, 32);
    assert_true(ticket_opens(&t, said, (struct mono){1000}));
    assert_true(ticket_opens(&t, said, (struct mono){1000 + TICKET_MS - 1}));
    assert_false(ticket_opens(&t, said, (struct mono){1000 + TICKET_MS}));
}

static void what_is_not_quite_it_does_not_open(void **state)
{
    (void)state;
    struct fake_random dice;
    struct ticket t = {0};
    char copy[TICKET_TEXT_MAX + 1];
    fake_random_init(&dice, 9);
    ticket_issue(&t, &dice.random, (struct mono){0});
    for (size_t i = 0; i < TICKET_TEXT_MAX - 1; i++) {
        memcpy(copy, t.text, sizeof t.text);
        copy[i] ^= 1;
        assert_false(ticket_opens(&t, slice_of(copy), (struct mono){1}));
        assert_false(ticket_opens(&t, (struct slice){t.text, i}, (struct mono){1}));
    }
    memcpy(copy, t.text, sizeof t.text);
    strcat(copy, "0");
    assert_false(ticket_opens(&t, slice_of(copy), (struct mono){1}));
}

static void a_good_one_is_kept_and_an_old_one_is_not(void **state)
{
    (void)state;
    struct fake_random dice;
    struct ticket t = {0}, first;
    fake_random_init(&dice, 9);
    ticket_issue(&t, &dice.random, (struct mono){0});
    first = t;
    ticket_issue(&t, &dice.random, (struct mono){TICKET_MS - 1});
    assert_string_equal(t.text, first.text);
    assert_true(ticket_opens(&t, slice_of(first.text), (struct mono){TICKET_MS + 5}));
    ticket_issue(&t, &dice.random, (struct mono){2 * TICKET_MS - 1});
    assert_string_not_equal(t.text, first.text);
    assert_false(ticket_opens(&t, slice_of(first.text), (struct mono){2 * TICKET_MS}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_for_its_time_only),
        cmocka_unit_test(what_is_not_quite_it_does_not_open),
        cmocka_unit_test(a_good_one_is_kept_and_an_old_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
