#include <stdio.h>
#include <string.h>

#include "lib/port/log.h"
#include "relay/port/sqlite_conn.h"

#define APPLICATION_ID "1128353106" /* "CAMR", kept in the header of the file */

/* A step that shipped is never changed: what comes later is a new step. */
static const char VERSION_1[] =
    "PRAGMA application_id=" APPLICATION_ID ";"
    /* Totals, by NUMBER_. */
    "CREATE TABLE numbers(id INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "INSERT INTO numbers(id, value) VALUES(3, 1), (4, 1);" /* clean, rebuilt */
    "CREATE TABLE cameras(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " photos INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
    " gaps INTEGER NOT NULL DEFAULT 0, last_photo INTEGER NOT NULL DEFAULT 0,"
    " last_received INTEGER NOT NULL DEFAULT 0) STRICT;"
    /* Numbers seen per camera and boot, unsigned 64 bit in signed columns; used: last photo. */
    "CREATE TABLE boots(camera INTEGER NOT NULL, boot INTEGER NOT NULL, seq_first INTEGER NOT NULL,"
    " seq_last INTEGER NOT NULL, seq_count INTEGER NOT NULL, used INTEGER NOT NULL,"
    " PRIMARY KEY(camera, boot)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE photos(id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, name TEXT NOT NULL,"
    " size INTEGER NOT NULL, sha256 BLOB NOT NULL, received INTEGER NOT NULL,"
    " captured INTEGER NOT NULL, camera INTEGER NOT NULL, key TEXT NOT NULL,"
    " original TEXT NOT NULL, boot INTEGER, seq INTEGER) STRICT;"
    "CREATE UNIQUE INDEX photos_name ON photos(name);"
    "CREATE INDEX photos_camera ON photos(camera);"
    /* ref: above 0 a photo, below 0 a row of gone. */
    "CREATE TABLE keys(camera INTEGER NOT NULL, key TEXT NOT NULL, ref INTEGER NOT NULL,"
    " PRIMARY KEY(camera, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE gone(id INTEGER PRIMARY KEY, camera INTEGER NOT NULL, key TEXT NOT NULL,"
    " name TEXT NOT NULL, size INTEGER NOT NULL, sha256 BLOB NOT NULL,"
    " received INTEGER NOT NULL) STRICT;"
    "CREATE TABLE bases(id INTEGER PRIMARY KEY, base TEXT NOT NULL UNIQUE,"
    " last INTEGER NOT NULL) STRICT;"
    "CREATE TABLE destinations(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, place INTEGER,"
    " left_at INTEGER NOT NULL) STRICT;"
    /* Photos first..last are owed but not in the outbox yet. */
    "CREATE TABLE owed(destination INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
    " PRIMARY KEY(destination, first)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE outbox(destination INTEGER NOT NULL, photo INTEGER NOT NULL,"
    " tries INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0,"
    " ambiguous INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',"
    " PRIMARY KEY(destination, photo)) STRICT, WITHOUT ROWID;"
    /* Apart from the outbox, so that many dead letters slow no living one. */
    "CREATE TABLE dead(destination INTEGER NOT NULL, photo INTEGER NOT NULL,"
    " tries INTEGER NOT NULL, error TEXT NOT NULL,"
    " PRIMARY KEY(destination, photo)) STRICT, WITHOUT ROWID;"
    /* destinations: bit per destination id. */
    "CREATE TABLE imported(name TEXT PRIMARY KEY NOT NULL,"
    " destinations INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

static const struct sqlite_migration MIGRATIONS[] = {{VERSION_1}};
enum { VERSION = sizeof MIGRATIONS / sizeof MIGRATIONS[0] };

static enum err migrate_one(struct sqlite_conn *c, const char *sql, int version)
{
    char set_version[64];
    (void)snprintf(set_version, sizeof set_version, "PRAGMA user_version=%d; COMMIT", version);
    enum err e = sqlite_conn_exec(c, "BEGIN IMMEDIATE");
    if (e == ERR_OK)
        e = sqlite_conn_exec(c, sql);
    if (e == ERR_OK)
        e = sqlite_conn_exec(c, set_version);
    if (e != ERR_OK && sqlite3_get_autocommit(c->handle) == 0)
        (void)sqlite_conn_exec(c, "ROLLBACK"); /* closing does it too */
    return e;
}

enum err sqlite_schema_migrate(struct sqlite_conn *c, const struct sqlite_migration *list,
                               int count)
{
    int64_t version = 0;
    enum err e = sqlite_conn_number(c, "PRAGMA user_version", &version);
    if (e != ERR_OK)
        return e;
    if (version > count) {
        log_line(LOG_LEVEL_ERROR,
                 "state: %s was made by a newer camrelay: its version is %lld, this one knows %d; "
                 "install the newer program again, or move the file away to start afresh",
                 c->path, (long long)version, count);
        return ERR_INPUT;
    }
    for (int at = version < 0 ? 0 : (int)version; e == ERR_OK && at < count; at++)
        e = migrate_one(c, list[at].sql, at + 1);
    return e;
}

enum err sqlite_schema_bring(struct sqlite_conn *c)
{
    int64_t tables = 0, application = 0;
    enum err e = sqlite_conn_number(c, "SELECT count(*) FROM sqlite_schema", &tables);
    if (e == ERR_OK)
        e = sqlite_conn_number(c, "PRAGMA application_id", &application);
    if (e != ERR_OK)
        return e;
    char ours[16];
    (void)snprintf(ours, sizeof ours, "%lld", (long long)application);
    if (tables > 0 && strcmp(ours, APPLICATION_ID) != 0) {
        log_line(LOG_LEVEL_ERROR, "state: %s is not a database of camrelay", c->path);
        return ERR_CORRUPT;
    }
    return sqlite_schema_migrate(c, MIGRATIONS, VERSION);
}

/* Looks at the newest rows of the large tables only, by their own order and by their indexes. */
static const char RECENT[] =
    "SELECT count(*) FROM (SELECT * FROM photos ORDER BY id DESC LIMIT 1000) p"
    " WHERE p.id <> (SELECT id FROM photos WHERE name = p.name)"
    " OR NOT EXISTS(SELECT 1 FROM photos q WHERE q.camera = p.camera AND q.id = p.id)"
    " OR NOT EXISTS(SELECT 1 FROM cameras c WHERE c.id = p.camera)"
    " OR p.id > (SELECT value FROM numbers WHERE id = 0)";

enum err sqlite_schema_check(struct sqlite_conn *c, bool whole)
{
    int64_t wrong = 0;
    if (!whole) {
        enum err e = sqlite_conn_number(c, RECENT, &wrong);
        return e == ERR_OK && wrong != 0 ? ERR_CORRUPT : e;
    }
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(c->handle, "PRAGMA quick_check(1)", -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    enum err e = ERR_OK;
    if (rc != SQLITE_ROW) {
        e = sqlite_conn_fail(c, "quick_check", rc);
    } else if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0) {
        char what[160];
        (void)snprintf(what, sizeof what, "%s", (const char *)sqlite3_column_text(st, 0));
        for (char *at = what; *at != '\0'; at++)
            *at = *at == '\n' ? ' ' : *at; /* a log line has no breaks */
        log_line(LOG_LEVEL_ERROR, "state: %s is damaged: %s", c->path, what);
        e = ERR_CORRUPT;
    }
    (void)sqlite3_finalize(st);
    return e;
}
