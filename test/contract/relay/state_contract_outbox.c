/* Goal: what is owed to whom is never forgotten and never sent twice by our own books. */
#include <stdio.h>
#include <string.h>

#include "test/contract/relay/state_contract_world.h"

static void put_many(int first, int last)
{
    char name[64];
    for (int i = first; i <= last; i++) {
        (void)snprintf(name, sizeof name, "%d.jpg", i);
        (void)world_put(name, "door", "");
    }
}

static void a_stored_photo_is_owed_to_every_active_destination(void **state)
{
    (void)state;
    world_destinations("a", "b");
    put_many(1, 2);
    assert_int_equal(world_due(0, false, 0), 2);
    assert_int_equal(world.outbox[0].photo.id, 1);
    assert_string_equal(world.outbox[1].photo.name, "2.jpg");
    assert_int_equal(world_due(1, true, INT64_MAX), 2);
    assert_int_equal(world.outbox[0].photo.id, 2);
    assert_int_equal(world.outbox[0].destination, 1);
    assert_int_equal(world_due(2, false, 0), 0);
    assert_int_equal(world_delivery("1.jpg", 1), DELIVERY_STATE_PENDING);
    assert_int_equal(world_delivery("1.jpg", 2), DELIVERY_STATE_NONE);
}

static void a_sent_photo_leaves_the_outbox_and_counts(void **state)
{
    (void)state;
    world_destinations("a", "b");
    put_many(1, 3);
    world_record(2, 0, DELIVERY_SENT);
    world_record(2, 0, DELIVERY_SENT); /* told twice, counted once */
    world_record(2, 7, DELIVERY_SENT);
    world_record(99, 0, DELIVERY_SENT);
    world_reopen_killed();
    assert_int_equal(world_due(0, false, 0), 2);
    assert_int_equal(world.outbox[1].photo.id, 3);
    assert_int_equal(world_due(1, false, 0), 3);
    struct state_counts c = world_counts();
    assert_int_equal(c.pending[0], 2);
    assert_int_equal(c.sent[0], 1);
    assert_int_equal(c.sent[1], 0);
    assert_int_equal(world_delivery("2.jpg", 0), DELIVERY_STATE_SENT);
    world_forget(2, true);
    c = world_counts();
    assert_int_equal(c.sent[0], 1); /* ever */
    assert_int_equal(c.pending[1], 2);
}

static void bounds_and_room_cut_the_due_rows(void **state)
{
    (void)state;
    world_destinations("a", NULL);
    put_many(1, 9);
    assert_int_equal(world_due(0, false, 6), 3);
    assert_int_equal(world.outbox[0].photo.id, 7);
    assert_int_equal(world_due(0, true, 4), 3);
    assert_int_equal(world.outbox[0].photo.id, 3);
    size_t count = 0;
    const struct state_view *v = &world.view;
    assert_int_equal(
        v->outbox_due(v->ctx, 5, 0, (struct wall){1}, true, INT64_MAX, world.outbox, 2, &count),
        ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(world.outbox[0].photo.id, 5); /* nothing above what was flushed */
    assert_int_equal(world.outbox[1].photo.id, 4);
}

static void a_waiting_delivery_comes_back_when_it_is_due(void **state)
{
    (void)state;
    world_destinations("a", NULL);
    put_many(1, 2);
    struct delivery_result r = {.photo = 1,
                                .outcome = DELIVERY_WAITING,
                                .tries = 2,
                                .due = {500},
                                .ambiguous = true,
                                .error = "no answer"};
    assert_int_equal(world.state.deliveries_record(world.state.ctx, &r, 1), ERR_OK);
    world_reopen_killed();
    const struct state_view *v = &world.view;
    size_t count = 9;
    assert_int_equal(v->outbox_due(v->ctx, INT64_MAX, 0, (struct wall){499}, false, 0, world.outbox,
                                   WORLD_ROWS, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(world.outbox[0].photo.id, 2);
    assert_int_equal(v->outbox_due(v->ctx, INT64_MAX, 0, (struct wall){500}, false, 0, world.outbox,
                                   WORLD_ROWS, &count),
                     ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(world.outbox[0].tries, 2);
    assert_int_equal(world.outbox[0].due.ms, 500);
    assert_true(world.outbox[0].ambiguous);
    assert_string_equal(world.outbox[0].error, "no answer");
    assert_false(world.outbox[0].dead);
    assert_int_equal(world.outbox[1].tries, 0);
    assert_false(world.outbox[1].ambiguous);
    assert_string_equal(world.outbox[1].error, "");
}

static void a_dead_letter_is_kept_shown_and_never_due(void **state)
{
    (void)state;
    world_destinations("a", "b");
    put_many(1, 3);
    world_record(2, 0, DELIVERY_DEAD);
    world_record(2, 0, DELIVERY_WAITING); /* too late */
    assert_int_equal(world_due(0, false, 0), 2);
    assert_int_equal(world_delivery("2.jpg", 0), DELIVERY_STATE_DEAD);
    assert_int_equal(world_undelivered(true), 1);
    assert_true(world.outbox[0].dead);
    assert_int_equal(world.outbox[0].photo.id, 2);
    assert_int_equal(world.outbox[0].tries, 3);
    assert_string_equal(world.outbox[0].error, "refused");
    assert_int_equal(world_counts().dead[0], 1);
    assert_int_equal(world_counts().pending[0], 2);
    world_record(2, 0, DELIVERY_SENT); /* it got there after all */
    assert_int_equal(world_undelivered(true), 0);
    assert_int_equal(world_counts().dead[0], 0);
    assert_int_equal(world_counts().sent[0], 1);
}

static void dead_letters_live_again_when_a_person_says_so(void **state)
{
    (void)state;
    world_destinations("a", "b");
    put_many(1, 3);
    world_record(1, 0, DELIVERY_DEAD);
    world_record(1, 1, DELIVERY_DEAD);
    world_record(3, 1, DELIVERY_DEAD);
    uint64_t count = 9;
    const struct state *s = &world.state;
    assert_int_equal(s->deliveries_retry(s->ctx, "2.jpg", &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(s->deliveries_retry(s->ctx, "nobody.jpg", &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(s->deliveries_retry(s->ctx, "1.jpg", &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(world_due(0, false, 0), 3);
    assert_int_equal(world.outbox[0].tries, 0);
    assert_string_equal(world.outbox[0].error, "");
    assert_int_equal(s->deliveries_retry(s->ctx, NULL, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(s->deliveries_retry(s->ctx, NULL, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(world_counts().dead[1], 0);
    assert_int_equal(world_counts().pending[1], 3);
}

static void the_undelivered_are_listed_whole_by_photo(void **state)
{
    (void)state;
    world_destinations("a", "b");
    put_many(1, 6);
    world_record(1, 0, DELIVERY_SENT);
    world_record(1, 1, DELIVERY_SENT);
    world_record(2, 0, DELIVERY_SENT);
    world_record(3, 1, DELIVERY_DEAD);
    assert_int_equal(world_undelivered(false), 9);
    assert_int_equal(world.outbox[0].photo.id, 2);
    assert_int_equal(world.outbox[0].destination, 1);
    assert_int_equal(world.outbox[1].photo.id, 3);
    assert_int_equal(world.outbox[1].destination, 0);
    assert_true(world.outbox[2].dead);
    const struct state_view *v = &world.view;
    size_t count = 0, total = 0;
    int64_t after = 0;
    do { /* page by page, the same rows */
        assert_int_equal(
            v->outbox_list(v->ctx, 5, false, after, world.outbox, DESTINATIONS_MAX, &count),
            ERR_OK);
        total += count;
        if (count > 0)
            after = world.outbox[count - 1].photo.id;
    } while (count > 0);
    assert_int_equal(total, 7);
}

static void a_new_destination_is_owed_every_stored_photo(void **state)
{
    (void)state;
    put_many(1, 5);
    world_destinations("a", NULL);
    assert_int_equal(world_delivery("3.jpg", 0), DELIVERY_STATE_PENDING); /* at once */
    assert_int_equal(world_due(0, false, 0), 0);
    assert_int_equal(world_oldest_sent(NULL), 0);
    assert_false(world_sent_name("1.jpg"));
    put_many(6, 7);
    assert_int_equal(world_due(0, false, 0), 2);
    bool more = false;
    assert_int_equal(world.state.backfill(world.state.ctx, 3, &more), ERR_OK);
    assert_true(more);
    world_record(1, 0, DELIVERY_SENT);
    world_reopen_killed(); /* in the middle of it */
    assert_int_equal(world_due(0, false, 0), 4);
    assert_int_equal(world_delivery("5.jpg", 0), DELIVERY_STATE_PENDING);
    assert_int_equal(world_oldest_sent(NULL), 1);
    world_backfill();
    assert_int_equal(world_due(0, false, 0), 6);
    assert_int_equal(world.outbox[0].photo.id, 2);
    assert_int_equal(world.outbox[5].photo.id, 7);
    assert_int_equal(world_counts().pending[0], 6);
    assert_int_equal(world.state.backfill(world.state.ctx, 3, &more), ERR_OK);
    assert_false(more);
}

static void a_destination_that_comes_back_is_owed_what_it_missed_and_no_more(void **state)
{
    (void)state;
    world_destinations("a", "b");
    put_many(1, 3);
    world_record(1, 0, DELIVERY_SENT);
    world_destinations("b", NULL); /* b is at place 0 now */
    put_many(4, 5);
    assert_int_equal(world_due(0, false, 0), 5);
    assert_int_equal(world_counts().pending[0], 5);
    world_destinations(NULL, NULL);
    put_many(6, 6);
    world_reopen_killed();
    world_destinations("b", "a");
    world_backfill();
    assert_int_equal(world_due(0, false, 0), 6);
    assert_int_equal(world_due(1, false, 0), 5); /* all but the one it had */
    assert_int_equal(world.outbox[0].photo.id, 2);
    assert_int_equal(world_counts().sent[1], 1);
}

static void leaving_while_filling_up_loses_and_doubles_nothing(void **state)
{
    (void)state;
    put_many(1, 6);
    world_destinations("a", NULL);
    bool more = false;
    assert_int_equal(world.state.backfill(world.state.ctx, 2, &more), ERR_OK);
    world_record(1, 0, DELIVERY_SENT);
    put_many(7, 8);
    world_record(7, 0, DELIVERY_SENT);
    world_destinations(NULL, NULL);
    put_many(9, 9);
    world_destinations("a", NULL);
    world_backfill();
    assert_int_equal(world_due(0, false, 0), 7);
    int64_t owed[] = {2, 3, 4, 5, 6, 8, 9};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(world.outbox[i].photo.id, owed[i]);
    assert_int_equal(world_counts().pending[0], 7);
    assert_int_equal(world_counts().sent[0], 2);
}

static void the_same_destinations_again_owe_nothing_new(void **state)
{
    (void)state;
    world_destinations("a", "b");
    put_many(1, 2);
    world_record(1, 0, DELIVERY_SENT);
    world_reopen_clean();
    world_destinations("a", "b");
    world_destinations("b", "a"); /* places change, debts do not */
    world_backfill();
    assert_int_equal(world_due(0, false, 0), 2);
    assert_int_equal(world_due(1, false, 0), 1);
    assert_int_equal(world_counts().sent[1], 1);
}

static void wrong_destinations_are_refused_and_change_nothing(void **state)
{
    (void)state;
    world_destinations("a", NULL);
    char longest[DESTINATION_NAME_MAX], too_long[DESTINATION_NAME_MAX + 1];
    memset(longest, 'x', sizeof longest);
    memset(too_long, 'x', sizeof too_long);
    longest[sizeof longest - 1] = '\0';
    too_long[sizeof too_long - 1] = '\0';
    const struct state *s = &world.state;
    const char *many[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
    const char *twice[] = {"x", "y", "x"};
    const char *empty[] = {""};
    const char *over[] = {too_long};
    assert_int_equal(s->destinations_set(s->ctx, many, DESTINATIONS_MAX + 1), ERR_LIMIT);
    assert_int_equal(s->destinations_set(s->ctx, twice, 3), ERR_INPUT);
    assert_int_equal(s->destinations_set(s->ctx, empty, 1), ERR_INPUT);
    assert_int_equal(s->destinations_set(s->ctx, over, 1), ERR_INPUT);
    put_many(1, 1);
    assert_int_equal(world_due(0, false, 0), 1);
    assert_int_equal(world_due(1, false, 0), 0);
    const char *fits[] = {longest};
    assert_int_equal(s->destinations_set(s->ctx, fits, 1), ERR_OK);
    assert_int_equal(s->destinations_set(s->ctx, many, DESTINATIONS_MAX), ERR_OK);
    put_many(2, 2);
    assert_int_equal(world_due(7, false, 0), 1);
}

static void imported_names_are_not_sent_again(void **state)
{
    (void)state;
    world_destinations("a", "b");
    put_many(1, 2);
    world_record(1, 0, DELIVERY_DEAD);
    world_record(1, 1, DELIVERY_SENT);
    const char *names[] = {"1.jpg", "later.jpg"};
    assert_int_equal(world.state.sent_import(world.state.ctx, names, 2), ERR_OK);
    assert_int_equal(world.state.sent_import(world.state.ctx, names, 2), ERR_OK);
    world_reopen_killed();
    bool known = false;
    assert_int_equal(world.state.sent_known(world.state.ctx, "later.jpg", &known), ERR_OK);
    assert_true(known);
    assert_int_equal(world.state.sent_known(world.state.ctx, "2.jpg", &known), ERR_OK);
    assert_false(known);
    (void)world_put("later.jpg", "", "");
    assert_int_equal(world_due(0, false, 0), 1);
    assert_int_equal(world.outbox[0].photo.id, 2);
    assert_int_equal(world_due(1, false, 0), 1);
    assert_int_equal(world_delivery("1.jpg", 0), DELIVERY_STATE_SENT);
    struct state_counts c = world_counts();
    assert_int_equal(c.dead[0], 0);
    assert_int_equal(c.sent[0], 2);
    assert_int_equal(c.sent[1], 2);
}

static void an_import_speaks_for_the_destinations_of_its_day_only(void **state)
{
    (void)state;
    world_destinations("a", NULL);
    put_many(1, 2);
    const char *names[] = {"1.jpg", "9.jpg"};
    assert_int_equal(world.state.sent_import(world.state.ctx, names, 2), ERR_OK);
    assert_true(world_sent_name("9.jpg"));
    world_destinations("b", "a");
    world_backfill();
    bool known = false;
    assert_int_equal(world.state.sent_known(world.state.ctx, "9.jpg", &known), ERR_OK);
    assert_true(known);
    put_many(9, 9);
    assert_int_equal(world_due(0, false, 0), 3); /* b had none of them */
    assert_int_equal(world_due(1, false, 0), 1);
    assert_int_equal(world.outbox[0].photo.id, 2);
    assert_false(world_sent_name("1.jpg"));
}

static void an_import_is_honoured_while_filling_up(void **state)
{
    (void)state;
    put_many(1, 3);
    world_destinations("a", NULL);
    const char *names[] = {"2.jpg"};
    assert_int_equal(world.state.sent_import(world.state.ctx, names, 1), ERR_OK);
    world_backfill();
    assert_int_equal(world_due(0, false, 0), 2);
    assert_int_equal(world_counts().sent[0], 1);
    assert_int_equal(world_counts().pending[0], 2);
}

static void without_destinations_an_import_speaks_for_nobody(void **state)
{
    (void)state;
    const char *names[] = {"1.jpg"};
    assert_int_equal(world.state.sent_import(world.state.ctx, names, 1), ERR_OK);
    bool known = true;
    assert_int_equal(world.state.sent_known(world.state.ctx, "1.jpg", &known), ERR_OK);
    assert_false(known);
    put_many(1, 2);
    assert_true(world_sent_name("1.jpg"));
    assert_false(world_sent_name("2.jpg")); /* owed to nobody is not delivered */
    world_destinations("a", NULL);
    world_backfill();
    assert_int_equal(world_due(0, false, 0), 2);
    assert_false(world_sent_name("1.jpg"));
}

static void names_are_told_once_when_all_destinations_have_them(void **state)
{
    (void)state;
    world_destinations("a", "b");
    put_many(1, 3);
    const char *names[] = {"0.jpg", "2.jpg"};
    assert_int_equal(world.state.sent_import(world.state.ctx, names, 2), ERR_OK);
    world_record(1, 0, DELIVERY_SENT);
    assert_false(world_sent_name("1.jpg"));
    world_record(1, 1, DELIVERY_SENT);
    assert_true(world_sent_name("1.jpg"));
    assert_true(world_sent_name("0.jpg"));
    assert_true(world_sent_name("2.jpg"));
    assert_false(world_sent_name("3.jpg"));
    world_record(3, 0, DELIVERY_SENT);
    world_record(3, 1, DELIVERY_DEAD);
    assert_false(world_sent_name("3.jpg"));
}

struct few {
    unsigned told;
    unsigned wanted;
};

static bool tell_few(void *arg, const char *name)
{
    (void)name;
    struct few *f = arg;
    return ++f->told < f->wanted;
}

static void telling_names_stops_when_told_to_and_skips_none(void **state)
{
    (void)state;
    world_destinations("a", NULL);
    char text[300][32];
    const char *names[300];
    for (int i = 0; i < 300; i++) {
        (void)snprintf(text[i], sizeof text[i], "i%d.jpg", i);
        names[i] = text[i];
    }
    assert_int_equal(world.state.sent_import(world.state.ctx, names, 300), ERR_OK);
    struct photo batch[300];
    for (int i = 0; i < 300; i++) {
        (void)snprintf(text[i], sizeof text[i], "p%d.jpg", i);
        batch[i] = world_photo(text[i], "", "");
        batch[i].sent_already = true;
    }
    world_commit(batch, 300);
    const struct state_view *v = &world.view;
    unsigned stops[] = {1, 299, 300, 301, 599, 10000};
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        struct few f = {.wanted = stops[i]};
        assert_int_equal(v->sent_names(v->ctx, INT64_MAX, tell_few, &f), ERR_OK);
        assert_int_equal(f.told, stops[i] < 600 ? stops[i] : 600);
    }
    struct few f = {.wanted = 10000};
    assert_int_equal(v->sent_names(v->ctx, 100, tell_few, &f), ERR_OK);
    assert_int_equal(f.told, 400);
}

static void the_oldest_sent_are_those_nobody_waits_for(void **state)
{
    (void)state;
    world_destinations("a", NULL);
    put_many(1, 6);
    (void)world_put("yard.jpg", "yard", "");
    int64_t sent[] = {2, 3, 5, 7};
    for (size_t i = 0; i < 4; i++)
        world_record(sent[i], 0, DELIVERY_SENT);
    world_record(4, 0, DELIVERY_DEAD); /* a dead one waits for a person */
    assert_int_equal(world_oldest_sent(NULL), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(world.photos[i].id, sent[i]);
    assert_int_equal(world_oldest_sent("yard"), 1);
    assert_int_equal(world.photos[0].id, 7);
    assert_int_equal(world_oldest_sent("nobody"), 0);
    const struct state_view *v = &world.view;
    int64_t after = 2;
    size_t count = 0;
    assert_int_equal(v->oldest_sent(v->ctx, 5, &after, "door", world.photos, 1, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(world.photos[0].id, 3);
    assert_int_equal(after, 3);
    assert_int_equal(v->oldest_sent(v->ctx, 4, &after, NULL, world.photos, 9, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_true(after == INT64_MAX);
    world_destinations("a", "b");
    assert_int_equal(world_oldest_sent(NULL), 0); /* b has none of them */
    world_backfill();
    assert_int_equal(world_oldest_sent(NULL), 0);
    world_destinations(NULL, NULL);
    assert_int_equal(world_oldest_sent(NULL), 7);
}

static void every_photo_is_pending_dead_or_sent_for_each_destination(void **state)
{
    (void)state;
    put_many(1, 4);
    world_destinations("a", "b");
    const char *names[] = {"2.jpg", "6.jpg"};
    assert_int_equal(world.state.sent_import(world.state.ctx, names, 2), ERR_OK);
    put_many(5, 9);
    world_backfill();
    for (int64_t id = 1; id <= 9; id++)
        world_record(id, (unsigned)(id % 2), (enum delivery_outcome)(id % 3));
    uint64_t count;
    assert_int_equal(world.state.deliveries_retry(world.state.ctx, "5.jpg", &count), ERR_OK);
    world_reopen_killed();
    struct state_counts c = world_counts();
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(c.pending[i] + c.dead[i] + c.sent[i], 9);
        assert_int_equal(world_due(i, false, 0), c.pending[i]);
    }
    size_t dead = world_undelivered(true);
    assert_int_equal(dead, c.dead[0] + c.dead[1]);
}

const struct CMUnitTest state_outbox_tests[] = {
    cmocka_unit_test(a_stored_photo_is_owed_to_every_active_destination),
    cmocka_unit_test(a_sent_photo_leaves_the_outbox_and_counts),
    cmocka_unit_test(bounds_and_room_cut_the_due_rows),
    cmocka_unit_test(a_waiting_delivery_comes_back_when_it_is_due),
    cmocka_unit_test(a_dead_letter_is_kept_shown_and_never_due),
    cmocka_unit_test(dead_letters_live_again_when_a_person_says_so),
    cmocka_unit_test(the_undelivered_are_listed_whole_by_photo),
    cmocka_unit_test(a_new_destination_is_owed_every_stored_photo),
    cmocka_unit_test(a_destination_that_comes_back_is_owed_what_it_missed_and_no_more),
    cmocka_unit_test(leaving_while_filling_up_loses_and_doubles_nothing),
    cmocka_unit_test(the_same_destinations_again_owe_nothing_new),
    cmocka_unit_test(wrong_destinations_are_refused_and_change_nothing),
    cmocka_unit_test(imported_names_are_not_sent_again),
    cmocka_unit_test(an_import_speaks_for_the_destinations_of_its_day_only),
    cmocka_unit_test(an_import_is_honoured_while_filling_up),
    cmocka_unit_test(without_destinations_an_import_speaks_for_nobody),
    cmocka_unit_test(names_are_told_once_when_all_destinations_have_them),
    cmocka_unit_test(telling_names_stops_when_told_to_and_skips_none),
    cmocka_unit_test(the_oldest_sent_are_those_nobody_waits_for),
    cmocka_unit_test(every_photo_is_pending_dead_or_sent_for_each_destination),
};
const size_t state_outbox_test_count = sizeof state_outbox_tests / sizeof state_outbox_tests[0];
