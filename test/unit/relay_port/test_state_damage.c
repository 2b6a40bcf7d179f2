/* Goal: the state over SQLite starts whatever it finds, and throws away nothing but damage. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/fakes/relay_port/state_home.h"
#include "test/unit/unit.h"

static void assert_rebuilt_with_the_old_set_aside(void)
{
    struct state_mark m = home_reopen();
    assert_true(m.rebuilt);
    assert_int_equal(m.last_photo, 0);
    assert_int_equal(home_stored(), 0);
    assert_int_equal(home_put(1, "k"), ERR_OK);
    home_close_clean(1);
    assert_true(home_files_like(".broken-") > 0);
    assert_true(home_reopen().rebuilt); /* until it is done */
    assert_int_equal(home_stored(), 1);
}

static void a_file_that_is_no_database_is_set_aside(void **state)
{
    (void)state;
    static const char TEXT[] = "this is not a database, and longer than a header of one hundred "
                               "bytes, so that nobody takes it for an empty one, not even by far";
    home_write_file(home_db.path, TEXT, sizeof TEXT);
    assert_rebuilt_with_the_old_set_aside();
}

static void a_short_file_is_set_aside(void **state)
{
    (void)state;
    home_write_file(home_db.path, "SQLite", 6);
    assert_rebuilt_with_the_old_set_aside();
}

static void an_empty_file_is_a_new_database(void **state)
{
    (void)state;
    home_write_file(home_db.path, "", 0);
    assert_true(home_reopen().rebuilt);
    assert_int_equal(home_put(1, "k"), ERR_OK);
}

static void a_spoilt_header_is_set_aside(void **state)
{
    (void)state;
    home_make_stored();
    size_t len = home_read_file(home_db.path);
    memset(home_bytes, 0xff, 16);
    home_write_file(home_db.path, home_bytes, len);
    assert_rebuilt_with_the_old_set_aside();
}

static void a_database_of_somebody_else_is_set_aside(void **state)
{
    (void)state;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(home_db.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE photos(x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_rebuilt_with_the_old_set_aside();
}

/* Whatever the length it was cut to, and whatever page is garbage: it starts, and never shows rows
 * that are not whole. */
static void a_cut_database_never_stops_the_start(void **state)
{
    (void)state;
    home_make_stored();
    size_t len = home_read_file(home_db.path);
    unsigned char *whole = malloc(len);
    assert_non_null(whole);
    memcpy(whole, home_bytes, len);
    for (size_t cut = 0; cut < len; cut += cut < 4096 ? 509 : 4096) {
        home_write_file(home_db.path, whole, cut);
        home_write_file(home_beside(home_db.path, ".damaged"), "", 0);
        struct state_mark m = home_reopen();
        /* The end of the last page may have held nothing. */
        assert_true(m.rebuilt || cut > len - 4096);
        assert_int_equal(home_stored(), m.rebuilt ? 0 : 40);
        home_close_clean(m.rebuilt ? 0 : 40);
        (void)unlink(home_db.path);
    }
    free(whole);
}

static void garbage_in_any_page_is_found_after_an_unclean_end(void **state)
{
    (void)state;
    home_make_stored();
    (void)home_reopen();
    home_kill_it(); /* an end without close: the next start looks at everything */
    size_t len = home_read_file(home_db.path), wal_len;
    unsigned char *whole = malloc(len);
    unsigned char *wal = malloc(HOME_COPY_MAX);
    assert_true(whole != NULL && wal != NULL);
    memcpy(whole, home_bytes, len);
    wal_len = home_read_file(home_beside(home_db.path, "-wal"));
    memcpy(wal, home_bytes, wal_len);
    unsigned set_aside = 0;
    for (size_t page = 4096; page < len; page += 4096) {
        unsigned char keep[4096];
        memcpy(keep, whole + page, sizeof keep);
        memset(whole + page, 0xa5, sizeof keep);
        home_write_file(home_db.path, whole, len);
        home_write_file(home_beside(home_db.path, "-wal"), wal, wal_len);
        memcpy(whole + page, keep, sizeof keep);
        size_t before = home_files_like(".broken-");
        struct state_mark m = home_reopen();
        set_aside += m.rebuilt ? 1 : 0;
        /* A page that the log holds anew may be spoilt without harm. */
        assert_true(m.rebuilt == (home_files_like(".broken-") > before));
        assert_int_equal(home_stored(), m.rebuilt ? 0 : 40);
        home_close_clean(m.rebuilt ? 0 : 40);
    }
    assert_true(set_aside > 10);
    free(wal);
    free(whole);
}

static void a_log_without_its_database_is_set_aside(void **state)
{
    (void)state;
    struct state st;
    home_open_state(&st);
    assert_int_equal(home_put(1, "k"), ERR_OK);
    home_kill_it();
    home_db.open = false;
    assert_int_equal(unlink(home_db.path), 0);
    assert_rebuilt_with_the_old_set_aside();
    assert_true(home_files_like("-wal") >= 1);
}

static void a_torn_log_loses_only_its_end(void **state)
{
    (void)state;
    struct state st;
    home_open_state(&st);
    assert_int_equal(st.rebuild_done(st.ctx), ERR_OK);
    assert_int_equal(home_put(1, "a"), ERR_OK);
    assert_int_equal(st.checkpoint(st.ctx), ERR_OK);
    for (int64_t i = 2; i <= 10; i++)
        assert_int_equal(home_put(i, "b"), ERR_OK);
    home_kill_it();
    home_db.open = false;
    size_t database_len = home_read_file(home_db.path);
    unsigned char *database = malloc(database_len), *wal = malloc(HOME_COPY_MAX);
    assert_true(database != NULL && wal != NULL);
    memcpy(database, home_bytes, database_len);
    size_t wal_len = home_read_file(home_beside(home_db.path, "-wal"));
    memcpy(wal, home_bytes, wal_len);
    uint64_t most = 0;
    for (size_t cut = 0; cut <= wal_len; cut += 1000) {
        home_write_file(home_db.path, database, database_len);
        home_write_file(home_beside(home_db.path, "-wal"), wal, cut);
        struct state_mark m = home_reopen();
        assert_false(m.rebuilt);
        uint64_t have = home_stored();
        assert_int_equal(m.last_photo, have); /* whole transactions, in order */
        assert_true(have >= 1 && have <= 10 && have >= most);
        most = have;
        home_close_clean(10);
        (void)unlink(home_beside(home_db.path, "-shm"));
    }
    assert_true(most >= 9);
    free(wal);
    free(database);
}

static void damage_met_while_running_is_looked_for_at_the_next_start(void **state)
{
    (void)state;
    home_make_stored();
    home_write_file(home_beside(home_db.path, ".damaged"), "", 0);
    assert_false(home_reopen().rebuilt); /* it was sound after all */
    home_close_clean(40);
    assert_int_equal(home_files_like(".damaged"), 0);
    size_t len = home_read_file(home_db.path);
    memset(home_bytes + len - 8192, 0xa5, 8192);
    home_write_file(home_db.path, home_bytes, len);
    home_write_file(home_beside(home_db.path, ".damaged"), "", 0);
    assert_true(home_reopen().rebuilt);
    assert_int_equal(home_files_like(".damaged"), 0);
}

/* What the cache shows of the database after a failed flush may be gone from the medium. */
static void
after_a_failed_flush_the_next_start_checks_everything_even_after_a_clean_end(void **state)
{
    (void)state;
    home_make_stored();
    (void)home_reopen();
    assert_int_equal(home_db.state.empty_log(home_db.state.ctx), ERR_OK);
    home_close_clean(40);
    size_t len = home_read_file(home_db.path);
    memset(home_bytes + len - 8192, 0xa5, 8192);
    home_write_file(home_db.path, home_bytes, len);
    assert_true(home_reopen().rebuilt);
}

static void rows_that_disappear_under_us_are_reported_as_damage(void **state)
{
    (void)state;
    home_make_stored();
    (void)home_reopen();
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(home_db.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "DROP TABLE keys", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(home_put(41, "k"), ERR_CORRUPT);
    assert_int_equal(home_files_like(".damaged"), 1);
    assert_int_equal(home_stored(), 40);        /* nothing of it happened */
    assert_int_equal(home_put(41, ""), ERR_OK); /* and what needs no key goes on */
    assert_int_equal(home_stored(), 41);
    home_kill_it();
    home_db.open = false;
    assert_true(home_reopen().rebuilt);
}

/* What is no damage. */

static void a_newer_database_is_refused_and_left_alone(void **state)
{
    (void)state;
    home_make_stored();
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(home_db.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "PRAGMA user_version=1000", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    size_t len = home_read_file(home_db.path);
    unsigned char *before = malloc(len);
    assert_non_null(before);
    memcpy(before, home_bytes, len);
    struct state st;
    assert_int_equal(state_sqlite_open(home_db.path, false, &st), ERR_INPUT);
    assert_int_equal(home_files_like(".broken-"), 0);
    assert_int_equal(home_read_file(home_db.path), len);
    assert_memory_equal(home_bytes, before, len);
    free(before);
}

static void a_place_that_cannot_be_written_is_an_error_not_damage(void **state)
{
    (void)state;
    struct state st;
    struct state_view v;
    assert_int_equal(state_sqlite_open("/proc/camrelay/state.db", false, &st), ERR_IO);
    assert_int_equal(state_sqlite_view_open(home_db.path, &v), ERR_IO);
    assert_int_equal(mkdir(home_db.path, 0700), 0);
    assert_int_equal(state_sqlite_open(home_db.path, false, &st), ERR_IO);
    assert_int_equal(home_files_like(".broken-"), 0);
    assert_int_equal(rmdir(home_db.path), 0);
    static char longest[5000];
    memset(longest, 'x', sizeof longest - 1);
    assert_int_equal(state_sqlite_open(longest, false, &st), ERR_INPUT);
    assert_int_equal(state_sqlite_view_open(longest, &v), ERR_INPUT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, home_begin, home_end)
    const struct CMUnitTest tests[] = {
        T(a_file_that_is_no_database_is_set_aside),
        T(a_short_file_is_set_aside),
        T(an_empty_file_is_a_new_database),
        T(a_spoilt_header_is_set_aside),
        T(a_database_of_somebody_else_is_set_aside),
        T(a_cut_database_never_stops_the_start),
        T(garbage_in_any_page_is_found_after_an_unclean_end),
        T(a_log_without_its_database_is_set_aside),
        T(a_torn_log_loses_only_its_end),
        T(damage_met_while_running_is_looked_for_at_the_next_start),
        T(after_a_failed_flush_the_next_start_checks_everything_even_after_a_clean_end),
        T(rows_that_disappear_under_us_are_reported_as_damage),
        T(a_newer_database_is_refused_and_left_alone),
        T(a_place_that_cannot_be_written_is_an_error_not_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
