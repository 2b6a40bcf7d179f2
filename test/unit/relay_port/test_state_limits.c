/* Goal: every bound of the state over SQLite holds at its number and one past it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/port/content_index.h"
#include "relay/port/sqlite_private.h"
#include "relay/port/state_sqlite.h"
#include "test/unit/unit.h"

enum { BATCH = 250, PATH_LEN = 128 };

static char s_folder[64];
static char s_path[PATH_LEN];
static struct state s_state;
static struct state_view s_view;
static int64_t s_last;
static struct photo s_batch[BATCH];
static struct outbox_row s_rows[BATCH];

static int begin(void **state)
{
    (void)state;
    s_last = 0;
    (void)snprintf(s_folder, sizeof s_folder, "/tmp/camrelay-limits-XXXXXX");
    assert_non_null(mkdtemp(s_folder));
    (void)snprintf(s_path, sizeof s_path, "%s/state.db", s_folder);
    assert_int_equal(state_sqlite_open(s_path, false, &s_state), ERR_OK);
    assert_int_equal(state_sqlite_view_open(s_path, &s_view), ERR_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    s_view.close(s_view.ctx);
    assert_int_equal(s_state.close(s_state.ctx, s_last, (struct wall){0}), ERR_OK);
    assert_int_equal(unlink(s_path), 0);
    assert_int_equal(rmdir(s_folder), 0);
    return 0;
}

static void put_many(int64_t count)
{
    while (count > 0) {
        size_t size = count < BATCH ? (size_t)count : BATCH;
        for (size_t i = 0; i < size; i++) {
            s_batch[i] = (struct photo){.id = ++s_last, .received = {s_last}};
            (void)snprintf(s_batch[i].name, PHOTO_NAME_MAX, "%lld", (long long)s_last);
            (void)snprintf(s_batch[i].key, PHOTO_KEY_MAX, "k%lld", (long long)s_last);
            memcpy(s_batch[i].sha256, &s_last, sizeof s_last);
        }
        struct state_batch batch = {s_last, 0, s_batch, size};
        assert_int_equal(s_state.commit(s_state.ctx, &batch), ERR_OK);
        count -= (int64_t)size;
    }
}

static void set_destination(const char *name)
{
    const char *names[] = {name};
    assert_int_equal(s_state.destinations_set(s_state.ctx, names, name != NULL ? 1 : 0), ERR_OK);
}

static void kill_deliveries(void)
{
    for (int64_t id = 1; id <= s_last; id += 1) {
        struct delivery_result r = {.photo = id, .outcome = DELIVERY_DEAD};
        assert_int_equal(s_state.deliveries_record(s_state.ctx, &r, 1), ERR_OK);
    }
}

static void dead_letters_are_revived_in_bounded_steps(void **state)
{
    (void)state;
    set_destination("a");
    put_many(STATE_STEP_MAX + 1);
    kill_deliveries();
    uint64_t count = 0;
    assert_int_equal(s_state.deliveries_retry(s_state.ctx, NULL, &count), ERR_OK);
    assert_int_equal(count, STATE_STEP_MAX);
    assert_int_equal(s_state.deliveries_retry(s_state.ctx, NULL, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(s_state.deliveries_retry(s_state.ctx, NULL, &count), ERR_OK);
    assert_int_equal(count, 0);
}

static bool has_key(int64_t id)
{
    char key[32];
    bool found = false;
    struct photo p;
    (void)snprintf(key, sizeof key, "k%lld", (long long)id);
    assert_int_equal(s_state.key_find(s_state.ctx, "", key, &found, &p), ERR_OK);
    return found;
}

static void keys_expire_in_bounded_steps(void **state)
{
    (void)state;
    put_many(STATE_STEP_MAX + 2);
    for (int64_t id = 1; id <= s_last; id++)
        assert_int_equal(s_state.photos_forget(s_state.ctx, &id, 1, true), ERR_OK);
    struct wall late = {INT64_MAX};
    assert_int_equal(s_state.keys_expire(s_state.ctx, late, 1), ERR_OK);
    assert_false(has_key(STATE_STEP_MAX));
    assert_true(has_key(STATE_STEP_MAX + 1));
    assert_int_equal(s_state.keys_expire(s_state.ctx, late, 1), ERR_OK);
    assert_false(has_key(STATE_STEP_MAX + 1));
    assert_true(has_key(STATE_STEP_MAX + 2));
}

static void the_search_for_sent_photos_looks_at_a_bounded_number(void **state)
{
    (void)state;
    set_destination("a");
    put_many(STATE_LOOK_MAX + 1);
    struct delivery_result last = {.photo = s_last, .outcome = DELIVERY_SENT};
    assert_int_equal(s_state.deliveries_record(s_state.ctx, &last, 1), ERR_OK);
    int64_t after = 0;
    size_t count = 9;
    struct photo *found = s_batch;
    assert_int_equal(s_view.oldest_sent(s_view.ctx, s_last, &after, NULL, found, BATCH, &count),
                     ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(after, STATE_LOOK_MAX);
    assert_int_equal(s_view.oldest_sent(s_view.ctx, s_last, &after, NULL, found, BATCH, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(found[0].id, STATE_LOOK_MAX + 1);
    assert_true(after == INT64_MAX);
}

static bool has_content(int64_t id)
{
    uint8_t sha256[32] = {0};
    bool found = false;
    struct photo p;
    memcpy(sha256, &id, sizeof id);
    assert_int_equal(s_state.content_find(s_state.ctx, "", sha256, (struct wall){0}, &found, &p),
                     ERR_OK);
    return found;
}

static void content_is_known_of_so_many_photos_back(void **state)
{
    (void)state;
    put_many(STATE_CONTENT_MAX);
    assert_true(has_content(1));
    put_many(1);
    assert_false(has_content(1));
    assert_true(has_content(2));
    assert_true(has_content(s_last));
    s_view.close(s_view.ctx);
    assert_int_equal(s_state.close(s_state.ctx, s_last, (struct wall){0}), ERR_OK);
    assert_int_equal(state_sqlite_open(s_path, false, &s_state), ERR_OK);
    assert_int_equal(state_sqlite_view_open(s_path, &s_view), ERR_OK);
    assert_false(has_content(1)); /* the same after a restart */
    assert_true(has_content(2));
    assert_true(has_content(s_last));
}

static void numbers_passed_over_hold_no_content(void **state)
{
    (void)state;
    static struct content_index x;
    content_index_note(&x, 1, 77);
    content_index_note(&x, 2, 77 + STATE_CONTENT_MAX); /* the same chain */
    assert_int_equal(content_index_next(&x, 77, INT64_MAX), 1);
    assert_int_equal(content_index_next(&x, 77, 1), 0);
    content_index_note(&x, STATE_CONTENT_MAX, 99);
    assert_int_equal(content_index_next(&x, 77, INT64_MAX), 1);
    content_index_note(&x, STATE_CONTENT_MAX + 1, 98);
    assert_int_equal(content_index_next(&x, 77, INT64_MAX), 0);
    content_index_note(&x, (1LL << 40) + 5, 77); /* a jump far beyond all of them */
    assert_int_equal(content_index_next(&x, 77, INT64_MAX), (1LL << 40) + 5);
    assert_int_equal(content_index_next(&x, 77, (1LL << 40) + 5), 0);
    assert_int_equal(content_index_next(&x, 99, INT64_MAX), 0);
}

static uint64_t pending(void)
{
    struct state_counts c;
    assert_int_equal(s_view.counts(s_view.ctx, INT64_MAX, &c), ERR_OK);
    return c.pending[0];
}

static void fill_up(void)
{
    bool more = true;
    while (more)
        assert_int_equal(s_state.backfill(s_state.ctx, STATE_STEP_MAX, &more), ERR_OK);
}

static void so_many_destinations_are_remembered_while_inactive(void **state)
{
    (void)state;
    char name[DESTINATION_NAME_MAX];
    put_many(1);
    for (int i = 0; i < KNOWN_MAX; i++) { /* each gets the photo, and leaves */
        (void)snprintf(name, sizeof name, "d%d", i);
        set_destination(name);
        fill_up();
        struct delivery_result r = {.photo = 1, .outcome = DELIVERY_SENT};
        assert_int_equal(s_state.deliveries_record(s_state.ctx, &r, 1), ERR_OK);
        put_many(1); /* so that it is known who left first */
    }
    set_destination("d0");
    fill_up();
    assert_int_equal(pending(), KNOWN_MAX); /* all but the first: it had that */
    put_many(1);
    set_destination("one more");
    fill_up();
    assert_int_equal(pending(), KNOWN_MAX + 2);
    set_destination("d2");
    fill_up();
    assert_int_equal(pending(), KNOWN_MAX + 1); /* still known */
    set_destination("d1"); /* inactive the longest: forgotten, so it is owed everything */
    fill_up();
    assert_int_equal(pending(), KNOWN_MAX + 2);
}

static void put_number(uint64_t boot, uint64_t seq)
{
    struct photo p = {.id = ++s_last, .received = {1}, .boot = boot, .seq = seq, .has_seq = true};
    (void)snprintf(p.name, sizeof p.name, "%lld", (long long)s_last);
    struct state_batch batch = {s_last, 0, &p, 1};
    assert_int_equal(s_state.commit(s_state.ctx, &batch), ERR_OK);
}

static uint64_t gaps(void)
{
    struct camera_row row;
    size_t count = 0;
    assert_int_equal(s_view.cameras(s_view.ctx, &row, 1, &count), ERR_OK);
    return row.gaps;
}

static void late_photos_close_gaps_of_so_many_boots_back(void **state)
{
    (void)state;
    for (uint64_t boot = 1; boot <= BOOTS_MAX; boot++) {
        put_number(boot, 1);
        put_number(boot, 3);
    }
    assert_int_equal(gaps(), BOOTS_MAX);
    put_number(1, 2);
    assert_int_equal(gaps(), BOOTS_MAX - 1);
    put_number(BOOTS_MAX + 1, 1); /* boot 2 was quiet for longest: forgotten, its gap stays */
    put_number(2, 2);
    assert_int_equal(gaps(), BOOTS_MAX - 1);
    put_number(4, 2);
    assert_int_equal(gaps(), BOOTS_MAX - 2);
}

static void so_many_bases_of_names_are_kept(void **state)
{
    (void)state;
    char base[32];
    uint32_t last = 0;
    for (int i = 0; i <= STATE_STEP_MAX; i++) {
        (void)snprintf(base, sizeof base, "b%d", i);
        assert_int_equal(s_state.name_counter(s_state.ctx, base, 5, &last), ERR_OK);
    }
    put_many(1);
    assert_int_equal(s_state.name_counter(s_state.ctx, "b0", 0, &last), ERR_OK);
    assert_int_equal(last, 0);
    assert_int_equal(s_state.name_counter(s_state.ctx, "b1", 0, &last), ERR_OK);
    assert_int_equal(last, 5);
    static char longest[PHOTO_NAME_MAX + 1];
    memset(longest, 'x', PHOTO_NAME_MAX);
    assert_int_equal(s_state.name_counter(s_state.ctx, longest, 2, &last), ERR_INPUT);
    longest[PHOTO_NAME_MAX - 1] = '\0';
    assert_int_equal(s_state.name_counter(s_state.ctx, longest, 2, &last), ERR_OK);
}

static void many_dead_letters_do_not_hide_a_living_one(void **state)
{
    (void)state;
    set_destination("a");
    put_many(1000);
    kill_deliveries();
    put_many(1);
    size_t count = 0;
    assert_int_equal(s_view.outbox_due(s_view.ctx, s_last, 0, (struct wall){INT64_MAX}, false, 0,
                                       s_rows, BATCH, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(s_rows[0].photo.id, 1001);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(dead_letters_are_revived_in_bounded_steps),
        T(keys_expire_in_bounded_steps),
        T(the_search_for_sent_photos_looks_at_a_bounded_number),
        T(content_is_known_of_so_many_photos_back),
        cmocka_unit_test(numbers_passed_over_hold_no_content),
        T(so_many_destinations_are_remembered_while_inactive),
        T(late_photos_close_gaps_of_so_many_boots_back),
        T(so_many_bases_of_names_are_kept),
        T(many_dead_letters_do_not_hide_a_living_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
