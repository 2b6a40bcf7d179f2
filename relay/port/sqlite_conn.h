/* relay/port/sqlite_conn.h - a connection to the state's database: statements, errors, versions.
 *
 * Private to the files of the SQLite state, like sqlite_private.h. */
#pragma once

#include <sqlite3.h>

#include "relay/logic/ports/state_view.h"

/* Order of sqlite_read_photo. */
#define PHOTO_COLUMNS                                                                              \
    "p.id, p.batch, p.name, p.size, p.sha256, p.received, p.captured, "                            \
    "(SELECT name FROM cameras WHERE id = p.camera), p.key, p.original, p.boot, p.seq"
enum { PHOTO_COLUMN_COUNT = 12 };

#define WRITER(name, sql) name,
#define VIEW(name, sql)
enum sqlite_writer_statement {
#include "relay/port/sqlite_statements.def"
    W_COUNT
};
#undef WRITER
#undef VIEW
#define WRITER(name, sql)
#define VIEW(name, sql) name,
enum sqlite_view_statement {
#include "relay/port/sqlite_statements.def"
    V_COUNT
};
#undef WRITER
#undef VIEW

enum {
    CONN_PATH_MAX = 4096,
    CONN_STATEMENTS_MAX = (int)W_COUNT > (int)V_COUNT ? (int)W_COUNT : (int)V_COUNT,
};

struct sqlite_conn {
    sqlite3 *handle;
    sqlite3_stmt *statements[CONN_STATEMENTS_MAX];
    bool unreadable; /* the last failure was a read of the medium */
    char path[CONN_PATH_MAX];
};

enum err sqlite_conn_open(struct sqlite_conn *c, const char *path, int flags, int cache_kib);
enum err sqlite_conn_prepare(struct sqlite_conn *c, const char *const *sql, size_t count);
void sqlite_conn_close(struct sqlite_conn *c); /* zeros are fine */
enum err sqlite_conn_exec(struct sqlite_conn *c, const char *sql);
/* First column of the first row; untouched if there is none. */
enum err sqlite_conn_number(struct sqlite_conn *c, const char *sql, int64_t *out);
/* Translates and logs; notes damage beside the database, so that the next start looks. */
enum err sqlite_conn_fail(struct sqlite_conn *c, const char *what, int rc);
/* Notes beside the database that it may be damaged. */
void sqlite_conn_suspect(const struct sqlite_conn *c);
/* "PATH" + suffix. */
const char *sqlite_conn_beside(const char *path, const char *suffix, char out[CONN_PATH_MAX + 64]);

/* Runs a statement to its end and resets it. */
enum err sqlite_run(struct sqlite_conn *c, int statement);
/* The same, but a row that breaks a UNIQUE rule is an answer: nothing was written then. */
enum err sqlite_run_unique(struct sqlite_conn *c, int statement, bool *out_taken);
/* Steps once. If `*out_found` the statement stands on its row until sqlite_done; else it is reset.
 */
enum err sqlite_row(struct sqlite_conn *c, int statement, bool *out_found);
void sqlite_done(struct sqlite_conn *c, int statement);
void sqlite_int(struct sqlite_conn *c, int statement, int place, int64_t value);
void sqlite_null(struct sqlite_conn *c, int statement, int place);
void sqlite_text(struct sqlite_conn *c, int statement, int place, const char *text); /* borrowed */
void sqlite_blob(struct sqlite_conn *c, int statement, int place, const void *data, int len);
int64_t sqlite_get(struct sqlite_conn *c, int statement, int column);
void sqlite_get_text(struct sqlite_conn *c, int statement, int column, char *out, size_t cap);
void sqlite_read_photo(sqlite3_stmt *row, struct photo *out);

struct sqlite_migration {
    const char *sql;
};
/* Brings the database to version `count`, one transaction per step. ERR_INPUT: it is newer. */
enum err sqlite_schema_migrate(struct sqlite_conn *c, const struct sqlite_migration *list,
                               int count);
/* The same with the relay's own list. ERR_CORRUPT: not ours. */
enum err sqlite_schema_bring(struct sqlite_conn *c);
enum err sqlite_schema_check(struct sqlite_conn *c, bool whole);
