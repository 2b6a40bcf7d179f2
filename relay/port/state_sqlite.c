#include "relay/port/state_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/port/log.h"
#include "relay/port/sqlite_private.h"

enum {
    ASIDE_TRIES_MAX = 100,    /* names tried when several are set aside in one second */
    FRAME_HEAD_BYTES = 24,    /* of the write-ahead log: https://sqlite.org/fileformat2.html */
    LOG_KEPT_BYTES = 4 << 20, /* a log that grew is cut back to this when it starts over */
};

static const char *const SQL[] = {
#define WRITER(name, sql) sql,
#define VIEW(name, sql)
#include "relay/port/sqlite_statements.def"
#undef WRITER
#undef VIEW
};

enum err sqlite_begin(struct sqlite_writer *w)
{
    assert(memcmp(w->numbers, w->saved, sizeof w->numbers) == 0);
    return sqlite_run(&w->conn, W_BEGIN);
}

static enum err write_numbers(struct sqlite_writer *w)
{
    enum err e = ERR_OK;
    for (int i = 0; e == ERR_OK && i < NUMBER_COUNT; i++) {
        if (w->numbers[i] == w->saved[i])
            continue;
        sqlite_int(&w->conn, W_NUMBER_SET, 1, i);
        sqlite_int(&w->conn, W_NUMBER_SET, 2, w->numbers[i]);
        e = sqlite_run(&w->conn, W_NUMBER_SET);
    }
    return e;
}

enum err sqlite_finish(struct sqlite_writer *w, enum err e)
{
    if (e == ERR_OK)
        e = write_numbers(w);
    if (e == ERR_OK)
        e = sqlite_run(&w->conn, W_COMMIT);
    if (e == ERR_OK) {
        memcpy(w->saved, w->numbers, sizeof w->saved);
        return ERR_OK;
    }
    if (sqlite3_get_autocommit(w->conn.handle) == 0)
        (void)sqlite_run(&w->conn, W_ROLLBACK); /* if that fails too, so will the next begin */
    memcpy(w->numbers, w->saved, sizeof w->numbers);
    memset(w->cameras, 0, sizeof w->cameras); /* one may have been added just now */
    return e;
}

int64_t *sqlite_number(struct sqlite_writer *w, int id, int which)
{
    assert(id >= 0 && id < KNOWN_MAX);
    return &w->numbers[NUMBER_DESTINATIONS + id * NUMBER_PER_DESTINATION + which];
}

static enum err mark(void *ctx, struct state_mark *out_mark)
{
    struct sqlite_writer *w = ctx;
    *out_mark = w->mark;
    return ERR_OK;
}

static enum err rebuild_done(void *ctx)
{
    struct sqlite_writer *w = ctx;
    enum err e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    w->numbers[NUMBER_REBUILT] = 0;
    e = sqlite_finish(w, ERR_OK);
    if (e == ERR_OK)
        w->mark.rebuilt = false;
    return e;
}

static enum err note(struct sqlite_writer *w, int64_t flushed, struct wall now, bool clean)
{
    enum err e = sqlite_begin(w);
    if (e != ERR_OK)
        return e;
    if (w->numbers[NUMBER_FLUSHED] < flushed)
        w->numbers[NUMBER_FLUSHED] = flushed;
    w->numbers[NUMBER_LAST_WALL] = now.ms;
    w->numbers[NUMBER_CLEAN] =
        clean && w->numbers[NUMBER_FLUSHED] >= w->numbers[NUMBER_LAST_BATCH] ? 1 : 0;
    return sqlite_finish(w, ERR_OK);
}

static enum err note_flushed(void *ctx, int64_t flushed, struct wall now)
{
    return note(ctx, flushed, now, false);
}

static int count_frames(void *ctx, sqlite3 *handle, const char *database, int frames)
{
    (void)handle;
    (void)database;
    struct sqlite_writer *w = ctx;
    w->log_frames = frames;
    if (frames < w->moved_frames)
        w->moved_frames = 0; /* the log started over */
    return SQLITE_OK;
}

static uint64_t log_bytes(void *ctx)
{
    const struct sqlite_writer *w = ctx;
    return (uint64_t)(w->log_frames - w->moved_frames) * (uint64_t)w->frame_bytes;
}

static enum err move_log(struct sqlite_writer *w, int mode)
{
    int frames = 0, moved = 0;
    int rc = sqlite3_wal_checkpoint_v2(w->conn.handle, NULL, mode, &frames, &moved);
    if (rc != SQLITE_OK)
        return sqlite_conn_fail(&w->conn, "checkpoint", rc);
    w->log_frames = frames > 0 ? frames : 0; /* -1: this database keeps no such log */
    w->moved_frames = moved > 0 ? moved : 0;
    return ERR_OK;
}

static enum err checkpoint(void *ctx)
{
    return move_log(ctx, SQLITE_CHECKPOINT_PASSIVE); /* waits for no reader */
}

static enum err empty_log(void *ctx)
{
    const struct sqlite_writer *w = ctx;
    sqlite_conn_suspect(&w->conn); /* a page the cache had dropped was read as it was before */
    return move_log(ctx, SQLITE_CHECKPOINT_TRUNCATE);
}

static void writer_free(struct sqlite_writer *w)
{
    if (w == NULL)
        return;
    sqlite_conn_close(&w->conn);
    free(w);
}

static enum err close_writer(void *ctx, int64_t flushed, struct wall now)
{
    struct sqlite_writer *w = ctx;
    enum err e = note(w, flushed, now, true);
    enum err e_move = move_log(w, SQLITE_CHECKPOINT_TRUNCATE);
    writer_free(w);
    return e != ERR_OK ? e : e_move;
}

/* Opening. */

static enum err set_journal(struct sqlite_writer *w, bool sync_each)
{
    char mode[16] = "";
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(w->conn.handle, "PRAGMA journal_mode=WAL", -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        (void)snprintf(mode, sizeof mode, "%s", (const char *)sqlite3_column_text(st, 0));
    enum err e = rc == SQLITE_ROW ? ERR_OK : sqlite_conn_fail(&w->conn, "journal_mode", rc);
    (void)sqlite3_finalize(st);
    if (e == ERR_OK && strcmp(mode, "wal") != 0)
        log_line(LOG_LEVEL_WARN,
                 "state: this file system keeps no write-ahead log; readers will delay the writer "
                 "journal=%s",
                 mode);
    char pragmas[160];
    (void)snprintf(pragmas, sizeof pragmas,
                   "PRAGMA synchronous=%s; PRAGMA wal_autocheckpoint=0; "
                   "PRAGMA journal_size_limit=%d",
                   sync_each ? "FULL" : "NORMAL", LOG_KEPT_BYTES);
    return e == ERR_OK ? sqlite_conn_exec(&w->conn, pragmas) : e;
}

static enum err load_numbers(struct sqlite_writer *w)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(w->conn.handle, "SELECT id, value FROM numbers", -1, &st, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(st);
        int64_t id = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : -1;
        if (id >= 0 && id < NUMBER_COUNT)
            w->numbers[id] = sqlite3_column_int64(st, 1);
    }
    enum err e = rc == SQLITE_DONE ? ERR_OK : sqlite_conn_fail(&w->conn, "numbers", rc);
    (void)sqlite3_finalize(st);
    memcpy(w->saved, w->numbers, sizeof w->saved);
    w->mark = (struct state_mark){
        .last_photo = w->numbers[NUMBER_LAST_PHOTO],
        .last_batch = w->numbers[NUMBER_LAST_BATCH],
        .flushed = w->numbers[NUMBER_FLUSHED],
        .clean = w->numbers[NUMBER_CLEAN] != 0,
        .rebuilt = w->numbers[NUMBER_REBUILT] != 0,
        .last_wall = {w->numbers[NUMBER_LAST_WALL]},
    };
    return e;
}

/* After an unclean end, or when damage was met: may this database be trusted? */
static enum err check(struct sqlite_writer *w)
{
    char marker[CONN_PATH_MAX + 64];
    (void)sqlite_conn_beside(w->conn.path, ".damaged", marker);
    bool suspect = access(marker, F_OK) == 0;
    if (w->mark.clean && !suspect)
        return ERR_OK;
    struct stat st = {0};
    bool small = stat(w->conn.path, &st) == 0 && st.st_size <= STATE_SQLITE_CHECK_BYTES;
    enum err e = sqlite_schema_check(&w->conn, suspect || small);
    if (e == ERR_OK && suspect)
        (void)unlink(marker); /* if it stays, the next start checks once more */
    return e;
}

static enum err bring_up(struct sqlite_writer *w, bool sync_each)
{
    enum err e = set_journal(w, sync_each);
    if (e == ERR_OK)
        e = sqlite_schema_bring(&w->conn);
    if (e == ERR_OK)
        e = load_numbers(w);
    if (e == ERR_OK)
        e = check(w);
    if (e == ERR_OK)
        e = sqlite_conn_prepare(&w->conn, SQL, W_COUNT);
    if (e == ERR_OK)
        e = sqlite_outbox_load(w);
    if (e == ERR_OK)
        e = sqlite_photos_load(w);
    int64_t page_bytes = 0;
    if (e == ERR_OK)
        e = sqlite_conn_number(&w->conn, "PRAGMA page_size", &page_bytes);
    w->frame_bytes = (int)page_bytes + FRAME_HEAD_BYTES;
    (void)sqlite3_wal_hook(w->conn.handle, count_frames, w);
    /* Every row of this run lies behind this one in the log: if a row survives a cut, so does the
     * note that the end was not clean. */
    return e == ERR_OK ? note(w, 0, w->mark.last_wall, false) : e;
}

static enum err open_once(const char *path, bool sync_each, struct sqlite_writer **out)
{
    struct sqlite_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_FULL;
    enum err e = sqlite_conn_open(&w->conn, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                  WRITER_CACHE_KIB);
    if (e == ERR_OK)
        e = bring_up(w, sync_each);
    if (e == ERR_OK) {
        *out = w;
        return ERR_OK;
    }
    if (e == ERR_IO && w->conn.unreadable)
        e = ERR_CORRUPT; /* the medium lost what was written: no use in trying again */
    writer_free(w);
    return e;
}

static enum err move_beside(const char *path, const char *suffix, const char *aside)
{
    char from[CONN_PATH_MAX + 64], to[CONN_PATH_MAX + 64];
    (void)sqlite_conn_beside(path, suffix, from);
    (void)sqlite_conn_beside(aside, suffix, to);
    if (rename(from, to) == 0 || errno == ENOENT)
        return ERR_OK;
    log_line(LOG_LEVEL_ERROR, "state: cannot set %s aside: %s", from, strerror(errno));
    return ERR_IO;
}

/* The database first: a log without its database is recognised, the opposite is not. */
static enum err set_aside(const char *path)
{
    char stamp[32], aside[CONN_PATH_MAX + 64], marker[CONN_PATH_MAX + 64];
    time_t now = time(NULL);
    struct tm utc;
    (void)gmtime_r(&now, &utc);
    (void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    for (int try = 1; try <= ASIDE_TRIES_MAX; try++) {
        char suffix[64];
        (void)snprintf(suffix, sizeof suffix, try == 1 ? ".broken-%s" : ".broken-%s-%d", stamp,
                       try);
        if (access(sqlite_conn_beside(path, suffix, aside), F_OK) != 0)
            break;
    }
    log_line(LOG_LEVEL_ERROR, "state: set aside as %s; rebuilding from the photos", aside);
    enum err e = move_beside(path, "", aside);
    if (e == ERR_OK)
        e = move_beside(path, "-wal", aside);
    if (e == ERR_OK)
        e = move_beside(path, "-shm", aside);
    (void)unlink(sqlite_conn_beside(path, ".damaged", marker)); /* it spoke of the old one */
    return e;
}

/* A log whose database is missing or empty belongs to nothing that could be opened. */
static bool orphaned_log(const char *path)
{
    struct stat database = {0}, log = {0};
    char wal[CONN_PATH_MAX + 64];
    bool have = stat(path, &database) == 0 && database.st_size > 0;
    return !have && stat(sqlite_conn_beside(path, "-wal", wal), &log) == 0 && log.st_size > 0;
}

static void wire_up(struct sqlite_writer *w, struct state *out)
{
    *out = (struct state){
        .ctx = w,
        .mark = mark,
        .rebuild_done = rebuild_done,
        .note_flushed = note_flushed,
        .log_bytes = log_bytes,
        .checkpoint = checkpoint,
        .empty_log = empty_log,
        .close = close_writer,
    };
    sqlite_photos_calls(out);
    sqlite_keys_calls(out);
    sqlite_outbox_calls(out);
}

enum err state_sqlite_open(const char *path, bool sync_each, struct state *out_state)
{
    if (strlen(path) >= CONN_PATH_MAX)
        return ERR_INPUT;
    struct sqlite_writer *w = NULL;
    enum err e = orphaned_log(path) ? ERR_CORRUPT : open_once(path, sync_each, &w);
    if (e == ERR_CORRUPT) {
        e = set_aside(path);
        if (e == ERR_OK)
            e = open_once(path, sync_each, &w);
    }
    if (e == ERR_OK)
        wire_up(w, out_state);
    return e;
}
