#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/port/log.h"
#include "relay/port/sqlite_conn.h"

enum { BUSY_TIMEOUT_MS = 5000 }; /* somebody looks with the sqlite3 program; never one of ours */

const char *sqlite_conn_beside(const char *path, const char *suffix, char out[CONN_PATH_MAX + 64])
{
    (void)snprintf(out, CONN_PATH_MAX + 64, "%s%s", path, suffix);
    return out;
}

static enum err from_sqlite(int rc)
{
    switch (rc & 0xff) { /* extended codes carry the plain one in their low byte */
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return ERR_OK;
    case SQLITE_FULL: return ERR_FULL;
    /* Our statements fit the tables we made, and our rows their rules: else it is another database.
     */
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ERR_CORRUPT;
    default: return ERR_IO; /* theirs is not our enum, so a default is right here */
    }
}

void sqlite_conn_suspect(const struct sqlite_conn *c)
{
    char marker[CONN_PATH_MAX + 64];
    int fd =
        open(sqlite_conn_beside(c->path, ".damaged", marker), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return; /* without the marker the next start checks as after any unclean end */
    (void)fsync(fd);
    (void)close(fd);
}

enum err sqlite_conn_fail(struct sqlite_conn *c, const char *what, int rc)
{
    enum err e = from_sqlite(rc);
    c->unreadable = rc == SQLITE_IOERR_READ || rc == SQLITE_IOERR_SHORT_READ;
    log_line(LOG_LEVEL_ERROR, "state: %s err=%s sqlite=%d errno=%d path=%s step='%.40s'",
             c->handle != NULL ? sqlite3_errmsg(c->handle) : sqlite3_errstr(rc), err_name(e), rc,
             c->handle != NULL ? sqlite3_system_errno(c->handle) : 0, c->path, what);
    if (e == ERR_CORRUPT)
        sqlite_conn_suspect(c);
    return e;
}

enum err sqlite_conn_open(struct sqlite_conn *c, const char *path, int flags, int cache_kib)
{
    *c = (struct sqlite_conn){0};
    if (strlen(path) >= sizeof c->path)
        return ERR_INPUT;
    (void)snprintf(c->path, sizeof c->path, "%s", path);
    /* NOMUTEX: a connection belongs to one thread. */
    int rc = sqlite3_open_v2(path, &c->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return sqlite_conn_fail(c, "open", rc);
    (void)sqlite3_extended_result_codes(c->handle, 1);
    (void)sqlite3_busy_timeout(c->handle, BUSY_TIMEOUT_MS);
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    (void)sqlite3_db_config(c->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    char pragmas[160];
    (void)snprintf(pragmas, sizeof pragmas,
                   "PRAGMA cache_size=-%d; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; "
                   "PRAGMA cell_size_check=ON",
                   cache_kib);
    return sqlite_conn_exec(c, pragmas);
}

enum err sqlite_conn_prepare(struct sqlite_conn *c, const char *const *sql, size_t count)
{
    assert(count <= CONN_STATEMENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        int rc = sqlite3_prepare_v3(c->handle, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &c->statements[i], NULL);
        if (rc != SQLITE_OK)
            return sqlite_conn_fail(c, sql[i], rc);
    }
    return ERR_OK;
}

void sqlite_conn_close(struct sqlite_conn *c)
{
    for (size_t i = 0; i < CONN_STATEMENTS_MAX; i++)
        (void)sqlite3_finalize(c->statements[i]); /* repeats the error of the last step */
    int rc = sqlite3_close(c->handle);
    if (rc != SQLITE_OK)
        (void)sqlite_conn_fail(c, "close", rc);
    *c = (struct sqlite_conn){0};
}

enum err sqlite_conn_exec(struct sqlite_conn *c, const char *sql)
{
    int rc = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : sqlite_conn_fail(c, sql, rc);
}

enum err sqlite_conn_number(struct sqlite_conn *c, const char *sql, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(c->handle, sql, -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(st, 0);
    enum err e = rc == SQLITE_ROW || rc == SQLITE_DONE ? ERR_OK : sqlite_conn_fail(c, sql, rc);
    (void)sqlite3_finalize(st);
    return e;
}

enum err sqlite_run(struct sqlite_conn *c, int statement)
{
    sqlite3_stmt *st = c->statements[statement];
    int rc = sqlite3_step(st);
    enum err e =
        rc == SQLITE_DONE || rc == SQLITE_ROW ? ERR_OK : sqlite_conn_fail(c, sqlite3_sql(st), rc);
    (void)sqlite3_reset(st); /* repeats the error of the step */
    return e;
}

enum err sqlite_run_unique(struct sqlite_conn *c, int statement, bool *out_taken)
{
    sqlite3_stmt *st = c->statements[statement];
    int rc = sqlite3_step(st);
    *out_taken = rc == SQLITE_CONSTRAINT_UNIQUE;
    enum err e =
        rc == SQLITE_DONE || *out_taken ? ERR_OK : sqlite_conn_fail(c, sqlite3_sql(st), rc);
    (void)sqlite3_reset(st);
    return e;
}

enum err sqlite_row(struct sqlite_conn *c, int statement, bool *out_found)
{
    sqlite3_stmt *st = c->statements[statement];
    int rc = sqlite3_step(st);
    *out_found = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW)
        return ERR_OK;
    enum err e = rc == SQLITE_DONE ? ERR_OK : sqlite_conn_fail(c, sqlite3_sql(st), rc);
    (void)sqlite3_reset(st);
    return e;
}

void sqlite_done(struct sqlite_conn *c, int statement)
{
    (void)sqlite3_reset(c->statements[statement]);
}

void sqlite_int(struct sqlite_conn *c, int statement, int place, int64_t value)
{
    int rc = sqlite3_bind_int64(c->statements[statement], place, value);
    assert(rc == SQLITE_OK); /* ours: a place that is not there, or a statement in use */
}

void sqlite_null(struct sqlite_conn *c, int statement, int place)
{
    int rc = sqlite3_bind_null(c->statements[statement], place);
    assert(rc == SQLITE_OK);
}

void sqlite_text(struct sqlite_conn *c, int statement, int place, const char *text)
{
    int rc = sqlite3_bind_text(c->statements[statement], place, text, -1, SQLITE_STATIC);
    assert(rc == SQLITE_OK);
}

void sqlite_blob(struct sqlite_conn *c, int statement, int place, const void *data, int len)
{
    int rc = sqlite3_bind_blob(c->statements[statement], place, data, len, SQLITE_STATIC);
    assert(rc == SQLITE_OK);
}

int64_t sqlite_get(struct sqlite_conn *c, int statement, int column)
{
    return sqlite3_column_int64(c->statements[statement], column);
}

/* Rows hold what was bounded when it was written; a damaged row may hold more, and is cut. */
static void copy_text(sqlite3_stmt *row, int column, char *out, size_t cap)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    size_t len = text != NULL ? (size_t)sqlite3_column_bytes(row, column) : 0;
    if (len >= cap)
        len = cap - 1;
    if (text != NULL && len > 0)
        memcpy(out, text, len);
    out[len] = '\0';
}

void sqlite_get_text(struct sqlite_conn *c, int statement, int column, char *out, size_t cap)
{
    copy_text(c->statements[statement], column, out, cap);
}

void sqlite_read_photo(sqlite3_stmt *row, struct photo *out)
{
    out->id = sqlite3_column_int64(row, 0);
    out->batch = sqlite3_column_int64(row, 1);
    copy_text(row, 2, out->name, sizeof out->name);
    out->size_bytes = (uint64_t)sqlite3_column_int64(row, 3);
    memset(out->sha256, 0, sizeof out->sha256);
    const void *sha256 = sqlite3_column_blob(row, 4);
    if (sha256 != NULL && sqlite3_column_bytes(row, 4) == (int)sizeof out->sha256)
        memcpy(out->sha256, sha256, sizeof out->sha256);
    out->received.ms = sqlite3_column_int64(row, 5);
    out->captured.ms = sqlite3_column_int64(row, 6);
    copy_text(row, 7, out->camera, sizeof out->camera);
    copy_text(row, 8, out->key, sizeof out->key);
    copy_text(row, 9, out->original, sizeof out->original);
    out->has_seq = sqlite3_column_type(row, 11) != SQLITE_NULL;
    out->boot = (uint64_t)sqlite3_column_int64(row, 10);
    out->seq = (uint64_t)sqlite3_column_int64(row, 11);
    out->sent_already = false;
}
