/* Goal: the state over SQLite does what every state must do, and starts whatever it finds. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/port/sqlite_conn.h"
#include "relay/port/state_sqlite.h"
#include "test/contract/relay/state_contract.h"
#include "test/unit/unit.h"

enum { PATH_LEN = 256, COPY_MAX = 4 << 20 };

static struct {
    char folder[64];
    char path[PATH_LEN];
    struct state state;
    struct state_view view;
    bool open, viewed;
} s_db;

static unsigned char s_bytes[COPY_MAX];

/* A folder with a database in it. */

static void make_folder(void)
{
    (void)snprintf(s_db.folder, sizeof s_db.folder, "/tmp/camrelay-state-XXXXXX");
    assert_non_null(mkdtemp(s_db.folder));
    (void)snprintf(s_db.path, sizeof s_db.path, "%s/state.db", s_db.folder);
}

static void remove_folder(const char *folder)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d))
        (void)unlinkat(dirfd(d), entry->d_name, 0);
    (void)closedir(d);
    assert_int_equal(rmdir(folder), 0);
}

static size_t files_like(const char *part)
{
    DIR *d = opendir(s_db.folder);
    assert_non_null(d);
    size_t count = 0;
    for (struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d))
        count += strstr(entry->d_name, part) != NULL ? 1 : 0;
    (void)closedir(d);
    return count;
}

static const char *beside(const char *path, const char *suffix)
{
    static char out[PATH_LEN + 32];
    (void)snprintf(out, sizeof out, "%s%s", path, suffix);
    return out;
}

static void write_file(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

static size_t read_file(const char *path)
{
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    ssize_t len = read(fd, s_bytes, sizeof s_bytes);
    assert_true(len >= 0 && (size_t)len < sizeof s_bytes);
    (void)close(fd);
    return (size_t)len;
}

static void close_views(void)
{
    if (s_db.viewed)
        s_db.view.close(s_db.view.ctx);
    s_db.viewed = false;
}

/* Harness of the contract. */

static void fresh(void)
{
    memset(&s_db, 0, sizeof s_db);
    make_folder();
}

static void clean(void)
{
    close_views();
    if (s_db.open)
        assert_int_equal(s_db.state.close(s_db.state.ctx, 0, (struct wall){0}), ERR_OK);
    s_db.open = false;
    remove_folder(s_db.folder);
}

static void open_state(struct state *out)
{
    assert_int_equal(state_sqlite_open(s_db.path, false, &s_db.state), ERR_OK);
    s_db.open = true;
    *out = s_db.state;
}

static void open_view(struct state_view *out)
{
    assert_int_equal(state_sqlite_view_open(s_db.path, &s_db.view), ERR_OK);
    s_db.viewed = true;
    *out = s_db.view;
}

/* What a killed process leaves is what lies in its files now: go on with a copy of them. */
static void kill_it(void)
{
    char old_folder[sizeof s_db.folder], old_path[PATH_LEN];
    memcpy(old_folder, s_db.folder, sizeof old_folder);
    memcpy(old_path, s_db.path, sizeof old_path);
    make_folder();
    size_t len = read_file(old_path);
    write_file(s_db.path, s_bytes, len);
    len = read_file(beside(old_path, "-wal"));
    if (len > 0)
        write_file(beside(s_db.path, "-wal"), s_bytes, len);
    close_views();
    assert_int_equal(s_db.state.close(s_db.state.ctx, 0, (struct wall){0}), ERR_OK);
    remove_folder(old_folder);
}

static int begin(void **state)
{
    (void)state;
    fresh();
    return 0;
}

static int end(void **state)
{
    (void)state;
    clean();
    return 0;
}

static enum err put(int64_t id, const char *key)
{
    struct photo p = {.id = id, .size_bytes = 10, .received = {id}};
    (void)snprintf(p.name, sizeof p.name, "%lld.jpg", (long long)id);
    (void)snprintf(p.camera, sizeof p.camera, "door");
    (void)snprintf(p.key, sizeof p.key, "%s", key);
    memcpy(p.sha256, &id, sizeof id);
    struct state_batch batch = {id, id - 1, &p, 1};
    return s_db.state.commit(s_db.state.ctx, &batch);
}

static void close_clean(int64_t flushed)
{
    close_views();
    assert_int_equal(s_db.state.close(s_db.state.ctx, flushed, (struct wall){1}), ERR_OK);
    s_db.open = false;
}

static struct state_mark reopen(void)
{
    struct state_mark m = {0};
    struct state st;
    open_state(&st);
    assert_int_equal(st.mark(st.ctx, &m), ERR_OK);
    return m;
}

/* A database with 40 photos, closed cleanly. */
static void make_stored(void)
{
    struct state st;
    open_state(&st);
    assert_int_equal(st.rebuild_done(st.ctx), ERR_OK);
    for (int64_t i = 1; i <= 40; i++)
        assert_int_equal(put(i, "k"), ERR_OK);
    close_clean(40);
}

static uint64_t stored(void)
{
    struct state_view v;
    struct state_counts c;
    open_view(&v);
    assert_int_equal(v.counts(v.ctx, INT64_MAX, &c), ERR_OK);
    close_views();
    return c.stored;
}

/* Damage. */

static void assert_rebuilt_with_the_old_set_aside(void)
{
    struct state_mark m = reopen();
    assert_true(m.rebuilt);
    assert_int_equal(m.last_photo, 0);
    assert_int_equal(stored(), 0);
    assert_int_equal(put(1, "k"), ERR_OK);
    close_clean(1);
    assert_true(files_like(".broken-") > 0);
    assert_true(reopen().rebuilt); /* until it is done */
    assert_int_equal(stored(), 1);
}

static void a_file_that_is_no_database_is_set_aside(void **state)
{
    (void)state;
    static const char TEXT[] = "this is not a database, and longer than a header of one hundred "
                               "bytes, so that nobody takes it for an empty one, not even by far";
    write_file(s_db.path, TEXT, sizeof TEXT);
    assert_rebuilt_with_the_old_set_aside();
}

static void a_short_file_is_set_aside(void **state)
{
    (void)state;
    write_file(s_db.path, "SQLite", 6);
    assert_rebuilt_with_the_old_set_aside();
}

static void an_empty_file_is_a_new_database(void **state)
{
    (void)state;
    write_file(s_db.path, "", 0);
    assert_true(reopen().rebuilt);
    assert_int_equal(put(1, "k"), ERR_OK);
}

static void a_spoilt_header_is_set_aside(void **state)
{
    (void)state;
    make_stored();
    size_t len = read_file(s_db.path);
    memset(s_bytes, 0xff, 16);
    write_file(s_db.path, s_bytes, len);
    assert_rebuilt_with_the_old_set_aside();
}

static void a_database_of_somebody_else_is_set_aside(void **state)
{
    (void)state;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(s_db.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE photos(x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_rebuilt_with_the_old_set_aside();
}

/* Whatever the length it was cut to, and whatever page is garbage: it starts, and never shows rows
 * that are not whole. */
static void a_cut_database_never_stops_the_start(void **state)
{
    (void)state;
    make_stored();
    size_t len = read_file(s_db.path);
    unsigned char *whole = malloc(len);
    assert_non_null(whole);
    memcpy(whole, s_bytes, len);
    for (size_t cut = 0; cut < len; cut += cut < 4096 ? 509 : 4096) {
        write_file(s_db.path, whole, cut);
        write_file(beside(s_db.path, ".damaged"), "", 0);
        struct state_mark m = reopen();
        /* The end of the last page may have held nothing. */
        assert_true(m.rebuilt || cut > len - 4096);
        assert_int_equal(stored(), m.rebuilt ? 0 : 40);
        close_clean(m.rebuilt ? 0 : 40);
        (void)unlink(s_db.path);
    }
    free(whole);
}

static void garbage_in_any_page_is_found_after_an_unclean_end(void **state)
{
    (void)state;
    make_stored();
    (void)reopen();
    kill_it(); /* an end without close: the next start looks at everything */
    size_t len = read_file(s_db.path), wal_len;
    unsigned char *whole = malloc(len);
    unsigned char *wal = malloc(COPY_MAX);
    assert_true(whole != NULL && wal != NULL);
    memcpy(whole, s_bytes, len);
    wal_len = read_file(beside(s_db.path, "-wal"));
    memcpy(wal, s_bytes, wal_len);
    unsigned set_aside = 0;
    for (size_t page = 4096; page < len; page += 4096) {
        unsigned char keep[4096];
        memcpy(keep, whole + page, sizeof keep);
        memset(whole + page, 0xa5, sizeof keep);
        write_file(s_db.path, whole, len);
        write_file(beside(s_db.path, "-wal"), wal, wal_len);
        memcpy(whole + page, keep, sizeof keep);
        size_t before = files_like(".broken-");
        struct state_mark m = reopen();
        set_aside += m.rebuilt ? 1 : 0;
        /* A page that the log holds anew may be spoilt without harm. */
        assert_true(m.rebuilt == (files_like(".broken-") > before));
        assert_int_equal(stored(), m.rebuilt ? 0 : 40);
        close_clean(m.rebuilt ? 0 : 40);
    }
    assert_true(set_aside > 10);
    free(wal);
    free(whole);
}

static void a_log_without_its_database_is_set_aside(void **state)
{
    (void)state;
    struct state st;
    open_state(&st);
    assert_int_equal(put(1, "k"), ERR_OK);
    kill_it();
    s_db.open = false;
    assert_int_equal(unlink(s_db.path), 0);
    assert_rebuilt_with_the_old_set_aside();
    assert_true(files_like("-wal") >= 1);
}

static void a_torn_log_loses_only_its_end(void **state)
{
    (void)state;
    struct state st;
    open_state(&st);
    assert_int_equal(st.rebuild_done(st.ctx), ERR_OK);
    assert_int_equal(put(1, "a"), ERR_OK);
    assert_int_equal(st.checkpoint(st.ctx), ERR_OK);
    for (int64_t i = 2; i <= 10; i++)
        assert_int_equal(put(i, "b"), ERR_OK);
    kill_it();
    s_db.open = false;
    size_t database_len = read_file(s_db.path);
    unsigned char *database = malloc(database_len), *wal = malloc(COPY_MAX);
    assert_true(database != NULL && wal != NULL);
    memcpy(database, s_bytes, database_len);
    size_t wal_len = read_file(beside(s_db.path, "-wal"));
    memcpy(wal, s_bytes, wal_len);
    uint64_t most = 0;
    for (size_t cut = 0; cut <= wal_len; cut += 1000) {
        write_file(s_db.path, database, database_len);
        write_file(beside(s_db.path, "-wal"), wal, cut);
        struct state_mark m = reopen();
        assert_false(m.rebuilt);
        uint64_t have = stored();
        assert_int_equal(m.last_photo, have); /* whole transactions, in order */
        assert_true(have >= 1 && have <= 10 && have >= most);
        most = have;
        close_clean(10);
        (void)unlink(beside(s_db.path, "-shm"));
    }
    assert_true(most >= 9);
    free(wal);
    free(database);
}

static void damage_met_while_running_is_looked_for_at_the_next_start(void **state)
{
    (void)state;
    make_stored();
    write_file(beside(s_db.path, ".damaged"), "", 0);
    assert_false(reopen().rebuilt); /* it was sound after all */
    close_clean(40);
    assert_int_equal(files_like(".damaged"), 0);
    size_t len = read_file(s_db.path);
    memset(s_bytes + len - 8192, 0xa5, 8192);
    write_file(s_db.path, s_bytes, len);
    write_file(beside(s_db.path, ".damaged"), "", 0);
    assert_true(reopen().rebuilt);
    assert_int_equal(files_like(".damaged"), 0);
}

static void rows_that_disappear_under_us_are_reported_as_damage(void **state)
{
    (void)state;
    make_stored();
    (void)reopen();
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(s_db.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "DROP TABLE keys", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(put(41, "k"), ERR_CORRUPT);
    assert_int_equal(files_like(".damaged"), 1);
    kill_it();
    s_db.open = false;
    assert_true(reopen().rebuilt);
}

/* What is no damage. */

static void a_newer_database_is_refused_and_left_alone(void **state)
{
    (void)state;
    make_stored();
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(s_db.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "PRAGMA user_version=1000", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    size_t len = read_file(s_db.path);
    unsigned char *before = malloc(len);
    assert_non_null(before);
    memcpy(before, s_bytes, len);
    struct state st;
    assert_int_equal(state_sqlite_open(s_db.path, false, &st), ERR_INPUT);
    assert_int_equal(files_like(".broken-"), 0);
    assert_int_equal(read_file(s_db.path), len);
    assert_memory_equal(s_bytes, before, len);
    free(before);
}

static void a_place_that_cannot_be_written_is_an_error_not_damage(void **state)
{
    (void)state;
    struct state st;
    struct state_view v;
    assert_int_equal(state_sqlite_open("/proc/camrelay/state.db", false, &st), ERR_IO);
    assert_int_equal(state_sqlite_view_open(s_db.path, &v), ERR_IO);
    assert_int_equal(mkdir(s_db.path, 0700), 0);
    assert_int_equal(state_sqlite_open(s_db.path, false, &st), ERR_IO);
    assert_int_equal(files_like(".broken-"), 0);
    assert_int_equal(rmdir(s_db.path), 0);
    static char longest[5000];
    memset(longest, 'x', sizeof longest - 1);
    assert_int_equal(state_sqlite_open(longest, false, &st), ERR_INPUT);
    assert_int_equal(state_sqlite_view_open(longest, &v), ERR_INPUT);
}

/* Versions. */

static enum err migrate(const struct sqlite_migration *list, int count, int64_t *out_version)
{
    struct sqlite_conn c;
    assert_int_equal(
        sqlite_conn_open(&c, s_db.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 100), ERR_OK);
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
    assert_int_equal(sqlite_conn_open(&c, s_db.path, SQLITE_OPEN_READONLY, 100), ERR_OK);
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
    make_stored();
    assert_int_equal(pragma(s_db.path, "PRAGMA application_id"), 0x43414d52);
    assert_int_equal(pragma(s_db.path, "PRAGMA user_version"), 1);
}

/* The end of a process at every step of its life. */

static void live_until(int steps)
{
    struct state st;
    if (steps-- == 0 || state_sqlite_open(s_db.path, false, &st) != ERR_OK)
        return;
    s_db.state = st;
    const char *names[] = {"a"};
    if (steps-- == 0 || st.rebuild_done(st.ctx) != ERR_OK)
        return;
    if (steps-- == 0 || st.destinations_set(st.ctx, names, 1) != ERR_OK)
        return;
    if (steps-- == 0 || put(1, "k1") != ERR_OK)
        return;
    if (steps-- == 0 || put(2, "k2") != ERR_OK)
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
        struct state_mark m = reopen();
        assert_int_equal(m.clean, steps == 0 || steps == STEPS);
        assert_int_equal(m.rebuilt, steps < 2);
        assert_int_equal(m.last_photo, steps < PHOTO_1 ? 0 : steps < PHOTO_2 ? 1 : 2);
        assert_int_equal(stored(), (steps >= PHOTO_1) + (steps >= PHOTO_2) - (steps >= FORGOTTEN));
        bool found = false;
        struct photo p;
        const struct state *s = &s_db.state;
        assert_int_equal(s->key_find(s->ctx, "door", "k1", &found, &p), ERR_OK);
        assert_int_equal(found, steps >= PHOTO_1);
        close_clean(2);
        remove_folder(s_db.folder);
        make_folder();
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
    if (state_sqlite_view_open(s_db.path, &v) != ERR_OK)
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
    open_state(&st);
    atomic_store(&s_seen, 0);
    atomic_store(&s_over, false);
    pthread_t threads[RACE_READERS];
    const char *wrong[RACE_READERS] = {NULL};
    for (size_t i = 0; i < RACE_READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race_thread, &wrong[i]), 0);
    enum err e = ERR_OK;
    for (int64_t id = 1; e == ERR_OK && id <= RACE_PHOTOS; id++) {
        e = put(id, "");
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
    const struct state *s = &s_db.state;
    assert_int_equal(put(41 + (int64_t)*moved, ""), ERR_OK);
    assert_int_equal(s->checkpoint(s->ctx), ERR_OK);
    assert_int_equal(s->log_bytes(s->ctx), 0); /* no reader holds the log back */
    return ++*moved < 3;
}

static void telling_names_holds_no_transaction(void **state)
{
    (void)state;
    struct state st;
    make_stored();
    open_state(&st);
    const char *names[] = {"a.jpg", "b.jpg", "c.jpg", "d.jpg"};
    assert_int_equal(st.sent_import(st.ctx, names, 4), ERR_OK);
    struct state_view v;
    open_view(&v);
    uint64_t moved = 0;
    assert_int_equal(v.sent_names(v.ctx, INT64_MAX, write_in_between, &moved), ERR_OK);
    assert_int_equal(moved, 3);
}

static void the_log_is_measured_and_moved(void **state)
{
    (void)state;
    struct state st;
    open_state(&st);
    assert_int_equal(st.checkpoint(st.ctx), ERR_OK);
    assert_int_equal(st.log_bytes(st.ctx), 0);
    assert_int_equal(put(1, "k"), ERR_OK);
    uint64_t one = st.log_bytes(st.ctx);
    assert_true(one >= 4096);
    assert_int_equal(put(2, "k"), ERR_OK);
    assert_true(st.log_bytes(st.ctx) > one);
    size_t file = read_file(beside(s_db.path, "-wal"));
    assert_true(file >= st.log_bytes(st.ctx));
    assert_int_equal(st.checkpoint(st.ctx), ERR_OK);
    assert_int_equal(st.log_bytes(st.ctx), 0);
    assert_int_equal(put(3, "k"), ERR_OK);
    assert_true(st.log_bytes(st.ctx) <= one); /* it began at its start again */
    assert_int_equal(read_file(beside(s_db.path, "-wal")), file);
    close_clean(3);
    assert_int_equal(files_like("-wal"), 0);
}

static void each_transaction_can_be_flushed_by_itself(void **state)
{
    (void)state;
    assert_int_equal(state_sqlite_open(s_db.path, true, &s_db.state), ERR_OK);
    s_db.open = true;
    assert_int_equal(put(1, "k"), ERR_OK);
    close_clean(1);
    assert_int_equal(reopen().last_photo, 1);
}

int main(void)
{
    const struct state_contract contract = {"state_sqlite", fresh,     clean,
                                            open_state,     open_view, kill_it};
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
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
        T(rows_that_disappear_under_us_are_reported_as_damage),
        T(a_newer_database_is_refused_and_left_alone),
        T(a_place_that_cannot_be_written_is_an_error_not_damage),
        T(an_older_database_is_brought_up_one_step_after_the_other),
        T(the_database_names_its_owner_and_version),
        T(a_process_may_end_after_any_step),
        T(readers_beside_the_writer_see_whole_batches),
        T(telling_names_holds_no_transaction),
        T(the_log_is_measured_and_moved),
        T(each_transaction_can_be_flushed_by_itself),
    };
    int failed = state_contract_run(&contract);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
