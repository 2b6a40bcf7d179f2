/* relay/logic/catalog.h - lists as JSON, written while they are read: GET /list, /api/photos,
 * /api/pending, /api/dead.
 *
 * Memory is one page of rows, however much is listed. The answer is
 *   {"files": [...], "count": N, "next": "CURSOR" or null}
 * where `count` is the number of entries in this very answer, so it stands behind them. With a
 * limit, `next` is what the next call gives as `cursor`; without one everything is listed. What is
 * stored or deleted meanwhile never makes an entry appear twice. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire/json_out.h"
#include "relay/logic/ports/state_view.h"

enum {
    CATALOG_LIMIT_MAX = 1000,   /* entries of one page a client may ask for */
    CATALOG_ROWS = 32,          /* rows held; more than DESTINATIONS_MAX, see outbox_list */
    CATALOG_ENTRY_BYTES = 8192, /* one entry at its longest, every byte escaped */
};

enum catalog_kind {
    CATALOG_PHOTOS,  /* newest first, as GET /list shows them */
    CATALOG_GALLERY, /* the same with the addresses of picture and thumbnail */
    CATALOG_PENDING, /* deliveries that wait, oldest first, dead ones among them */
    CATALOG_DEAD,    /* dead letters only */
};

/* Where rows come from; each call may wait for a disk. `view` lends a reader until `done`. */
struct catalog_rows {
    void *ctx;
    CHECKED enum err (*view)(void *ctx, struct state_view **out_view);
    void (*done)(void *ctx, struct state_view *view);
};

struct catalog_query {
    enum catalog_kind kind;
    bool has_limit;
    unsigned limit;                /* 1..CATALOG_LIMIT_MAX; entries */
    int64_t cursor;                /* 0 = from the start */
    char camera[PHOTO_CAMERA_MAX]; /* "" = all; photos only */
    int64_t seen;                  /* highest photo that may be shown, see state.h */
};

enum catalog_refusal {
    CATALOG_FINE,
    CATALOG_BAD_LIMIT,
    CATALOG_BAD_CURSOR,
    CATALOG_BAD_CAMERA,
};

/* Reads the arguments as they stand in the query; absent ones have ptr NULL. */
enum catalog_refusal catalog_query_read(struct slice limit, struct slice cursor,
                                        struct slice camera, struct catalog_query *q);
const char *catalog_refusal_text(enum catalog_refusal r); /* for the client; "" for FINE */

struct catalog {
    struct catalog_rows rows;
    struct catalog_query query;
    const char *destinations[DESTINATIONS_MAX]; /* borrowed */
    size_t destination_count;

    union {
        struct listed_photo photos[CATALOG_ROWS];
        struct outbox_row outbox[CATALOG_ROWS];
    } page;
    size_t page_count, page_at;
    bool page_is_last;
    int64_t last_id; /* of the entry written last; the cursor */
    uint64_t written;
    bool ended;

    char text[CATALOG_ENTRY_BYTES];
    size_t text_at;
    struct buf buf;
    struct json_out json;
};

/* Reads the first page, so that a database that cannot be read is known before the answer begins.
 * `names` (of destinations, by index) is borrowed until the end. */
CHECKED enum err catalog_begin(struct catalog *c, const struct catalog_rows *rows,
                               const struct catalog_query *q, const char *const *names,
                               size_t name_count);

/* Fills up to `cap` bytes of the answer; `*out_len` 0 = the end. For a front_source. */
CHECKED enum err catalog_read(struct catalog *c, void *out, size_t cap, size_t *out_len);

/* "pending", "sent", "dead"; NULL for DELIVERY_STATE_NONE. */
const char *catalog_delivery_name(enum delivery_state s);

/* The members of one photo, into an object that is open. */
void catalog_write_photo(const struct listed_photo *row, const char *const *names,
                         size_t name_count, struct json_out *j);

/* The address of a photo's file under `folder` ("/photos/", "/thumbs/"), percent-encoded. */
void catalog_write_address(const char *folder, const char *name, struct buf *out);
