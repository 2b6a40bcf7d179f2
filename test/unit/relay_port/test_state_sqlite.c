/* Goal: the state over SQLite does what every state must do, and lives through any end. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/port/sqlite_conn.h"
#include "test/contract/relay/state_contract.h"
#include "test/fakes/relay_port/state_home.h"
#include "test/unit/unit.h"

/* Versions. */

static enum err migrate(const struct sqlite_migration *list, int count, int64_t *out_version)
{
    struct sqlite_conn c;
    assert_int_equal(
        sqlite_conn_open(&c, home_db.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 100),
        ERR_OK);
    enum err e = sqlite_schema_migrate(&c, list, count);
    assert_int_equal(sqlite_conn_number(&c, "PRAGMA user_version", out_version), ERR_OK);
    sqlite_conn_close(&c);
    return e;
}

static void an_older_database_is_brought_up_one_step_after_the_other(void **state)
{
    (void)state;
    static const struct sqlite_migration STEPS[] = {
        {"CREATE TABLE a(x INTEGER)"},
        {"INSERT INTO a VALUES(7); CREATE TABLE b(x INTEGER)"},
        {"INSERT INTO b SELECT x + 1 FROM a"},
    };
    static const struct sqlite_migration BROKEN[] = {
        STEPS[0], STEPS[1], STEPS[2], {"INSERT INTO a VALUES(8); INSERT INTO nowhere VALUES(1)"}};
    int64_t version = 0, value = 0;
    assert_int_equal(migrate(STEPS, 1, &version), ERR_OK);
    assert_int_equal(version, 1);
    assert_int_equal(migrate(STEPS, 3, &version), ERR_OK);
    assert_int_equal(version, 3);
    assert_int_equal(migrate(STEPS, 3, &version), ERR_OK);
    assert_int_equal(migrate(STEPS, 2, &version), ERR_INPUT);
    assert_int_equal(version, 3);
    assert_int_equal(migrate(BROKEN, 4, &version), ERR_CORRUPT);
    assert_int_equal(version, 3); /* the step that failed left nothing behind */
    struct sqlite_conn c;
    assert_int_equal(sqlite_conn_open(&c, home_db.path, SQLITE_OPEN_READONLY, 100), ERR_OK);
    assert_int_equal(sqlite_conn_number(&c, "SELECT x FROM b", &value), ERR_OK);
    assert_int_equal(value, 8);
    assert_int_equal(sqlite_conn_number(&c, "SELECT count(*) FROM a", &value), ERR_OK);
    assert_int_equal(value, 1);
    sqlite_conn_close(&c);
}

static int64_t pragma(const char *path, const char *text)
{
    struct sqlite_conn c;
    int64_t value = -1;
    assert_int_equal(sqlite_conn_open(&c, path, SQLITE_OPEN_READONLY, 100), ERR_OK);
    assert_int_equal(sqlite_conn_number(&c, text, &value), ERR_OK);
    sqlite_conn_close(&c);
    return value;
}

static void the_database_names_its_owner_and_version(void **state)
{
    (void)state;
    home_make_stored();
    assert_int_equal(pragma(home_db.path, "PRAGMA application_id"), 0x43414d52);
    assert_int_equal(pragma(home_db.path, "PRAGMA user_version"), 1);
}

/* The end of a process at every step of its life. */

static void live_until(int steps)
{
    struct state st;
    if (steps-- == 0 || state_sqlite_open(home_db.path, false, &st) != ERR_OK)
        return;
    home_db.state = st;
    const char *names[] = {"a"};
    if (steps-- == 0 || st.rebuild_done(st.ctx) != ERR_OK)
        return;
    if (steps-- == 0 || st.destinations_set(st.ctx, names, 1) != ERR_OK)
        return;
    if (steps-- == 0 || home_put(1, "k1") != ERR_OK)
        return;
    if (steps-- == 0 || home_put(2, "k2") != ERR_OK)
        return;
    if (steps-- == 0 || st.checkpoint(st.ctx) != ERR_OK)
        return;
    struct delivery_result r = {.photo = 1, .outcome = DELIVERY_SENT};
    if (steps-- == 0 || st.deliveries_record(st.ctx, &r, 1) != ERR_OK)
        return;
    int64_t id = 1;
    if (steps-- == 0 || st.photos_forget(st.ctx, &id, 1, true) != ERR_OK)
        return;
    if (steps-- == 0 || st.note_flushed(st.ctx, 2, (struct wall){9}) != ERR_OK)
        return;
    if (steps-- > 0 && st.close(st.ctx, 2, (struct wall){10}) != ERR_OK)
        abort();
}

static void a_process_may_end_after_any_step(void **state)
{
    (void)state;
    enum { STEPS = 10, PHOTO_1 = 4, PHOTO_2 = 5, SENT = 7, FORGOTTEN = 8 };
    for (int steps = 0; steps <= STEPS; steps++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            live_until(steps);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        struct state_mark m = home_reopen();
        assert_int_equal(m.clean, steps == 0 || steps == STEPS);
        assert_int_equal(m.rebuilt, steps < 2);
        assert_int_equal(m.last_photo, steps < PHOTO_1 ? 0 : steps < PHOTO_2 ? 1 : 2);
        assert_int_equal(home_stored(),
                         (steps >= PHOTO_1) + (steps >= PHOTO_2) - (steps >= FORGOTTEN));
        bool found = false;
        struct photo p;
        const struct state *s = &home_db.state;
        assert_int_equal(s->key_find(s->ctx, "door", "k1", &found, &p), ERR_OK);
        assert_int_equal(found, steps >= PHOTO_1);
        home_close_clean(2);
        home_remove_folder(home_db.folder);
        home_make_folder();
    }
}

/* Readers beside the writer. */

enum { RACE_PHOTOS = 400, RACE_READERS = 2 };

static atomic_int_fast64_t s_seen;
static atomic_bool s_over;

static const char *race_reader(void)
{
    struct state_view v;
    static _Thread_local struct listed_photo rows[8];
    if (state_sqlite_view_open(home_db.path, &v) != ERR_OK)
        return "view does not open";
    const char *wrong = NULL;
    int64_t last = 0;
    while (wrong == NULL && (!atomic_load(&s_over) || last < RACE_PHOTOS)) {
        int64_t seen = atomic_load(&s_seen);
        size_t count = 0;
        struct state_counts c;
        if (v.list(v.ctx, seen, INT64_MAX, NULL, rows, 8, &count) != ERR_OK ||
            v.counts(v.ctx, seen, &c) != ERR_OK)
            wrong = "a reader failed";
        else if (count > 0 && rows[0].photo.id != seen)
            wrong = "the newest flushed photo is not the first row";
        else if (count == 0 && seen > 0)
            wrong = "a flushed photo is not listed";
        else if (c.stored != (uint64_t)seen)
            wrong = "the count is not that of what was flushed";
        last = seen;
    }
    v.close(v.ctx);
    return wrong;
}

static void *race_thread(void *arg)
{
    const char **out = arg;
    *out = race_reader();
    return NULL;
}

static void readers_beside_the_writer_see_whole_batches(void **state)
{
    (void)state;
    struct state st;
    home_open_state(&st);
    atomic_store(&s_seen, 0);
    atomic_store(&s_over, false);
    pthread_t threads[RACE_READERS];
    const char *wrong[RACE_READERS] = {NULL};
    for (size_t i = 0; i < RACE_READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race_thread, &wrong[i]), 0);
    enum err e = ERR_OK;
    for (int64_t id = 1; e == ERR_OK && id <= RACE_PHOTOS; id++) {
        e = home_put(id, "");
        if (e == ERR_OK && id % 16 == 0)
            e = st.checkpoint(st.ctx);
        if (id % 4 == 0)
            atomic_store(&s_seen, id);
    }
    atomic_store(&s_over, true);
    atomic_store(&s_seen, RACE_PHOTOS);
    for (size_t i = 0; i < RACE_READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(e, ERR_OK);
    for (size_t i = 0; i < RACE_READERS; i++)
        assert_null(wrong[i]);
}

static bool write_in_between(void *arg, const char *name)
{
    (void)name;
    uint64_t *moved = arg;
    const struct state *s = &home_db.state;
    assert_int_equal(home_put(41 + (int64_t)*moved, ""), ERR_OK);
    assert_int_equal(s->checkpoint(s->ctx), ERR_OK);
    assert_int_equal(s->log_bytes(s->ctx), 0); /* no reader holds the log back */
    return ++*moved < 3;
}

static void telling_names_holds_no_transaction(void **state)
{
    (void)state;
    struct state st;
    home_make_stored();
    home_open_state(&st);
    const char *names[] = {"a.jpg", "b.jpg", "c.jpg", "d.jpg"};
    assert_int_equal(st.sent_import(st.ctx, names, 4), ERR_OK);
    struct state_view v;
    home_open_view(&v);
    uint64_t moved = 0;
    assert_int_equal(v.sent_names(v.ctx, INT64_MAX, write_in_between, &moved), ERR_OK);
    assert_int_equal(moved, 3);
}

static void the_log_is_measured_and_moved(void **state)
{
    (void)state;
    struct state st;
    home_open_state(&st);
    assert_int_equal(st.checkpoint(st.ctx), ERR_OK);
    assert_int_equal(st.log_bytes(st.ctx), 0);
    assert_int_equal(home_put(1, "k"), ERR_OK);
    uint64_t one = st.log_bytes(st.ctx);
    assert_true(one >= 4096);
    assert_int_equal(home_put(2, "k"), ERR_OK);
    assert_true(st.log_bytes(st.ctx) > one);
    size_t file = home_read_file(home_beside(home_db.path, "-wal"));
    assert_true(file >= st.log_bytes(st.ctx));
    assert_int_equal(st.checkpoint(st.ctx), ERR_OK);
    assert_int_equal(st.log_bytes(st.ctx), 0);
    assert_int_equal(home_put(3, "k"), ERR_OK);
    assert_true(st.log_bytes(st.ctx) <= one); /* it began at its start again */
    assert_int_equal(home_read_file(home_beside(home_db.path, "-wal")), file);
    home_close_clean(3);
    assert_int_equal(home_files_like("-wal"), 0);
}

static void a_log_that_is_to_be_left_behind_is_empty(void **state)
{
    (void)state;
    struct state st;
    home_open_state(&st);
    assert_int_equal(home_put(1, "k"), ERR_OK);
    assert_true(home_read_file(home_beside(home_db.path, "-wal")) > 0);
    assert_int_equal(st.empty_log(st.ctx), ERR_OK);
    assert_int_equal(home_read_file(home_beside(home_db.path, "-wal")), 0);
    assert_int_equal(st.log_bytes(st.ctx), 0);
    assert_int_equal(home_put(2, "k"), ERR_OK);
    home_close_clean(2);
}

static void each_transaction_can_be_flushed_by_itself(void **state)
{
    (void)state;
    assert_int_equal(state_sqlite_open(home_db.path, true, &home_db.state), ERR_OK);
    home_db.open = true;
    assert_int_equal(home_put(1, "k"), ERR_OK);
    home_close_clean(1);
    assert_int_equal(home_reopen().last_photo, 1);
}

int main(void)
{
    const struct state_contract contract = {"state_sqlite",  home_fresh,     home_clean,
                                            home_open_state, home_open_view, home_kill_it};
#define T(f) cmocka_unit_test_setup_teardown(f, home_begin, home_end)
    const struct CMUnitTest tests[] = {
        T(an_older_database_is_brought_up_one_step_after_the_other),
        T(the_database_names_its_owner_and_version),
        T(a_process_may_end_after_any_step),
        T(readers_beside_the_writer_see_whole_batches),
        T(telling_names_holds_no_transaction),
        T(the_log_is_measured_and_moved),
        T(a_log_that_is_to_be_left_behind_is_empty),
        T(each_transaction_can_be_flushed_by_itself),
    };
    int failed = state_contract_run(&contract);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
