/* relay/port/sqlite_private.h - what the files of the SQLite state share; nobody else includes it.
 *
 * sqlite_conn.c      a connection, its statements, errors; rows turned into photos
 * sqlite_schema.c    tables and migrations, the check at start
 * state_sqlite.c     opening, setting aside, transactions, closing
 * sqlite_photos.c    the writer: photos
 * sqlite_keys.c      the writer: cameras, keys, counters behind names
 * sqlite_outbox.c    the writer: destinations, deliveries, imports
 * sqlite_view.c      readers: lists and counters
 * sqlite_view_outbox.c  readers: what is owed, what is delivered */
#pragma once

#include "relay/port/content_index.h"
#include "relay/port/sqlite_conn.h"

enum {
    WRITER_CACHE_KIB = 2048,
    VIEW_CACHE_KIB = 512,
    KNOWN_MAX = 32, /* destinations remembered, active or not: one bit each in imported */
    BOOTS_MAX = 32, /* per camera; late photos of older boots count anew */
    BASES_MAX = 256,
    CAMERAS_CACHED = 64,
};

/* Rows of `numbers`: totals that every transaction keeps right. */
enum {
    NUMBER_LAST_PHOTO,
    NUMBER_LAST_BATCH,
    NUMBER_FLUSHED,
    NUMBER_CLEAN,
    NUMBER_REBUILT,
    NUMBER_LAST_WALL,
    NUMBER_STORED,
    NUMBER_BYTES,
    NUMBER_GONE,     /* rows of gone */
    NUMBER_IMPORTED, /* rows of imported */
    NUMBER_DESTINATIONS = 16,
    /* behind it, for each destination id */
    NUMBER_PENDING = 0,
    NUMBER_DEAD = 1,
    NUMBER_SENT = 2,
    NUMBER_PER_DESTINATION = 4,
    NUMBER_COUNT = NUMBER_DESTINATIONS + NUMBER_PER_DESTINATION * KNOWN_MAX,
};

struct sqlite_destination {
    char name[DESTINATION_NAME_MAX]; /* "": this id is free */
    int place;                       /* index in destinations_set; -1 = inactive */
    int64_t left_at;                 /* last photo when it became inactive */
};

struct sqlite_base {
    uint64_t hash;
    uint32_t last;
    bool unsaved;
    char base[PHOTO_NAME_MAX];
};

struct sqlite_camera {
    int64_t id; /* 0 = free */
    char name[PHOTO_CAMERA_MAX];
};

struct sqlite_writer {
    struct sqlite_conn conn;
    struct state_mark mark;
    int64_t numbers[NUMBER_COUNT]; /* as this transaction leaves them */
    int64_t saved[NUMBER_COUNT];   /* as they are stored */
    struct sqlite_destination destinations[KNOWN_MAX];
    int ids[DESTINATIONS_MAX]; /* place -> id */
    size_t active;
    struct sqlite_base bases[BASES_MAX];
    unsigned bases_next;
    struct sqlite_camera cameras[CAMERAS_CACHED];
    struct content_index content;
    int log_frames;   /* in the write-ahead log */
    int moved_frames; /* of these, moved by the last checkpoint */
    int frame_bytes;
    struct photo page[32];
};

enum err sqlite_begin(struct sqlite_writer *w);
/* Commits if `e` is ERR_OK, else rolls back; answers what the call should. */
enum err sqlite_finish(struct sqlite_writer *w, enum err e);
int64_t *sqlite_number(struct sqlite_writer *w, int id, int which); /* of a destination */

enum err sqlite_photos_load(struct sqlite_writer *w);
enum err sqlite_outbox_load(struct sqlite_writer *w);
/* Inside a transaction: the new photo is owed to whom it has to be. */
enum err sqlite_outbox_owe(struct sqlite_writer *w, const struct photo *p);
enum err sqlite_outbox_forget(struct sqlite_writer *w, int64_t photo);

enum err sqlite_photo_by_id(struct sqlite_writer *w, int64_t id, bool *out_found,
                            struct photo *out_photo);
/* `*out_id` is 0 if this camera was never seen. */
enum err sqlite_camera_find(struct sqlite_writer *w, const char *name, int64_t *out_id);
enum err sqlite_camera_add(struct sqlite_writer *w, const char *name, int64_t *out_id);
enum err sqlite_key_take(struct sqlite_writer *w, int64_t camera, const char *key, int64_t ref);
/* The photo is about to be removed. */
enum err sqlite_key_let_go(struct sqlite_writer *w, const struct photo *p, int64_t camera,
                           bool keep_key);
enum err sqlite_bases_save(struct sqlite_writer *w);
void sqlite_bases_saved(struct sqlite_writer *w); /* that transaction went through */

void sqlite_photos_calls(struct state *s);
void sqlite_keys_calls(struct state *s);
void sqlite_outbox_calls(struct state *s);
